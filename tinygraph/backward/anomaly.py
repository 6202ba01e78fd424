"""Anomalies: stop at the first op, forward or backward, that makes a NaN or an infinity out of finite numbers."""

from __future__ import annotations

from types import FrameType
from typing import Any

import numpy as np

from ..graphs.graph import graph
from ..recording.context import Changed
from ..recording.node import Node
from ..recording.primitive import Primitive
from ..recording.source import where
from ..recording.sparse import dense
from ..recording.tensor import Tensor, make


def detect_anomaly() -> Changed:
    """Stop at the first op, forward or backward, that makes a NaN or an infinity out of finite numbers.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> with tg.detect_anomaly(), np.errstate(divide="ignore"):
    ...     np.log(tg.tensor(0.0))
    Traceback (most recent call last):
        ...
    FloatingPointError: log: the output is not finite: -inf...
    """
    return Changed(watch=AnomalyWatch())


class AnomalyWatch:
    """Looks at what ops and rules make, and raises FloatingPointError at the first that is not finite."""

    def made(
        self, op: Primitive, data: Any, inputs: tuple[Tensor | None, ...], values: tuple[Any, ...], frame: FrameType
    ) -> None:
        """Look at the output of an op: is it not finite, though all its inputs are?"""
        if np.isfinite(data).all() or not all(np.isfinite(value).all() for value in values):
            return
        with Changed(watch=None, recording=True):  # recorded after all, since the graph knows the time step
            node = graph(make(op, data, inputs, values, None, False, frame)).outputs[0]
        bad = np.asarray(data)[~np.isfinite(data)].ravel()[0]
        raise FloatingPointError(f"{op.name}: the output is not finite: {bad}{_place(node)}{where(frame)}")

    def pulled(self, tensor: Tensor, adjoint: Any, contributions: tuple[Any, ...]) -> None:
        """Look at the contributions of a step: is one not finite, though the adjoint is?"""
        if not np.isfinite(adjoint).all():
            return  # it came from further up, where it was reported or wanted
        for argument, contribution in enumerate(map(dense, contributions)):
            if contribution is not None and not np.isfinite(contribution).all():
                node = graph(tensor).outputs[0]
                raise FloatingPointError(
                    f"{node.op}: the contribution to argument {argument} is not finite{_place(node)}"
                    + (f"\n  {node.source}" if node.source else "")
                )


def _place(node: Node) -> str:
    place = f" in time step {node.timestep}" if node.timestep is not None else ""
    return place + (f" in scope {node.scope}" if node.scope else "")

"""What `tg.detect_anomaly` looks for: the first op, forward or backward, that makes a NaN or an infinity."""

from __future__ import annotations

from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..recording import context as record
from ..recording.source import where
from ..recording.sparse import Sparse

if TYPE_CHECKING:
    from ..recording.node import Node
    from ..recording.op import Op
    from ..recording.tensor import Tensor


def check_output(
    op: Op, data: Any, inputs: tuple[Tensor | None, ...], values: tuple[Any, ...], frame: FrameType
) -> None:
    """Raise FloatingPointError if `op` made a value that is not finite out of finite ones."""
    if np.isfinite(data).all() or not all(np.isfinite(value).all() for value in values):
        return
    from ..graphs.graph import graph  # stands on Tensor, which stands on this
    from ..recording.tensor import make

    with record.Changed(anomaly=False, recording=True):  # recorded after all, since the graph knows the time step
        node = graph(make(op, data, inputs, values, None, False, frame)).outputs[0]
    bad = np.asarray(data)[~np.isfinite(data)].ravel()[0]
    raise FloatingPointError(f"{op.name}: the output is not finite: {bad}{_place(node)}{where(frame)}")


def check_contributions(tensor: Tensor, adjoint: Any, contributions: tuple[Any, ...]) -> None:
    """Raise FloatingPointError if a rule made a contribution that is not finite out of a finite adjoint."""
    if not np.isfinite(adjoint).all():
        return  # it came from further up, where it was reported or wanted
    for argument, contribution in enumerate(contributions):
        dense = contribution.dense() if type(contribution) is Sparse else contribution
        if dense is not None and not np.isfinite(dense).all():
            from ..graphs.graph import graph

            node = graph(tensor).outputs[0]
            raise FloatingPointError(
                f"{node.op}: the contribution to argument {argument} is not finite{_place(node)}"
                + (f"\n  {node.source}" if node.source else "")
            )


def _place(node: Node) -> str:
    place = f" in time step {node.timestep}" if node.timestep is not None else ""
    return place + (f" in scope {node.scope}" if node.scope else "")

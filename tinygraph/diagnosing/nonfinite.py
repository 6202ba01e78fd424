"""Where NaN and infinity begin."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..recording.node import Node
from ..recording.sparse import dense
from ..tracing.trace import Trace


class Origin(NamedTuple):
    """Where the first value that is not finite was made.

    Attributes
    ----------
    phase : str
        ``"forward"`` or ``"backward"``.
    node : Node
        The op that made it out of finite values, or the leaf that held it.
    step : int or None
        The step of the backward pass at that node.
    argument : int or None
        Backward: to which argument the contribution is not finite.
    example : float
        The first such element.
    place : tuple of int
        Its indices.
    """

    phase: str
    node: Node
    step: int | None
    argument: int | None
    example: float
    place: tuple[int, ...]


def nonfinite_origin(trace: Trace) -> Origin | None:
    """Return where NaN or infinity first came from; None if all values, adjoints and contributions are finite.

    Forward values are searched in the order of recording: a value that is not finite is the origin if all its inputs
    are. A backward pass over finite values is searched step by step: a contribution of a finite adjoint.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter([1.0, 0.0])
    >>> with np.errstate(divide="ignore"):
    ...     trace = tg.trace(np.log(x).sum())
    >>> origin = nonfinite_origin(trace)
    >>> origin.phase, origin.node.op, origin.example, origin.place
    ('forward', <op log>, -inf, (1,))
    """
    for node in trace.graph.nodes:
        if not _finite(node.data):
            return Origin("forward", node, trace.step_of(node), None, *_first_bad(node.data))
    with np.errstate(all="ignore"):
        for k, node in enumerate(trace.nodes):
            if not _finite(trace.adjoints[k]):
                return Origin("backward", node, k, None, *_first_bad(trace.adjoints[k]))
            for argument, contribution in enumerate(map(dense, trace.pull(k))):
                if contribution is not None and not _finite(contribution):
                    return Origin("backward", node, k, argument, *_first_bad(contribution))
    return None


def _finite(x: Any) -> bool:
    return np.asarray(x).dtype.kind not in "fc" or bool(np.isfinite(x).all())


def _first_bad(x: Any) -> tuple[float, tuple[int, ...]]:
    x = np.asarray(x)
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
    return x[place].item(), place

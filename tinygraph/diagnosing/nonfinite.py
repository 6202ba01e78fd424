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
    """Return where NaN or infinity first came from; None if the output, all adjoints and contributions are finite.

    What makes an output NaN or infinite is searched through the values that are so: the origin is the first of them
    whose inputs are all finite. The backward pass of a finite output is searched step by step: a contribution of a
    finite adjoint. Infinity that reaches no result, as in a mask that is added before a softmax, is no origin.

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
    if not _finite(trace.output.data):
        node = _first_cause(trace.output)
        return Origin("forward", node, trace.step_of(node), None, *_first_bad(node.data))
    with np.errstate(all="ignore"):
        for k, node in enumerate(trace.nodes):
            if not _finite(trace.adjoints[k]):
                return Origin("backward", node, k, None, *_first_bad(trace.adjoints[k]))
            for argument, contribution in enumerate(map(dense, trace.pull(k))):
                if contribution is not None and not _finite(contribution):
                    return Origin("backward", node, k, argument, *_first_bad(contribution))
    return None


def operands_there(origin: Origin) -> dict[Node, float]:
    """Return what an op read where it made the first value that is not finite, of operands of that shape.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter([1.0, 0.0], name="x")
    >>> with np.errstate(divide="ignore"):
    ...     origin = nonfinite_origin(tg.trace(np.sum(np.sqrt(x))))
    >>> [(node.name, value) for node, value in operands_there(origin).items()]
    [('x', 0.0)]
    """
    node = origin.node
    operands = node.inputs if origin.argument is None else (node.inputs[origin.argument],)
    if node.op is None or not node.op.elementwise:
        return {}
    shape = node.shape if origin.argument is None else operands[0].shape
    if len(origin.place) != len(shape):
        return {}
    return {source: np.broadcast_to(source.data, shape)[origin.place].item() for source in operands}


def nonfinite_places(trace: Trace, origin: Origin) -> list[Node]:
    """Return all nodes of the op and the line of an origin at which it begins anew, in recorded order."""
    first = origin.node
    nodes = [node for node in trace.graph.nodes if (node.op, node.source) == (first.op, first.source)]
    if first.source is None:
        return [first]
    if origin.phase == "forward":
        bad = (node for node in nodes if not _finite(node.data))
        return [node for node in bad if all(_finite(source.data) for source in node.inputs)]
    with np.errstate(all="ignore"):
        return [node for node in nodes if node is first or _breaks(trace, trace.step_of(node))]


def _breaks(trace: Trace, step: int | None) -> bool:
    """Tell whether a step of the backward pass makes something that is not finite of a finite adjoint."""
    if step is None or not _finite(trace.adjoints[step]):
        return False
    return not all(part is None or _finite(part) for part in map(dense, trace.pull(step)))


def _first_cause(output: Node) -> Node:
    """Return the first recorded of the values that make `output` not finite and come from finite ones."""
    causes, seen, waiting = [], {output}, [output]
    while waiting:
        node = waiting.pop()
        inputs = {source for source in node.inputs if not _finite(source.data)}
        if not inputs:
            causes.append(node)
        waiting.extend(inputs - seen)
        seen |= inputs
    return min(causes, key=lambda node: node.index)


def _finite(x: Any) -> bool:
    return np.asarray(x).dtype.kind not in "fc" or bool(np.isfinite(x).all())


def _first_bad(x: Any) -> tuple[float, tuple[int, ...]]:
    x = np.asarray(x)
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
    return x[place].item(), place

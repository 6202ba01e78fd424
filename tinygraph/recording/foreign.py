"""What a bridge to another framework needs of the engine: its values as leaves, its calls as nodes, its frames skipped.

The framework computes, forward and backward. For each of its calls a bridge says what came out, from what, by which
`ForeignOp`, and in which frame; names, time steps, folding, drawings and the debugger are then those of every program.
A backward pass that the framework has run becomes a `Trace` by `tinygraph.tracing.told.told_trace`.

A framework whose loops are no Python loops tells them by `tinygraph.iteration`; where it knows the code and the
instruction of a call but has no frame any more, it says so by `call_of` and `place`.

>>> import sys, numpy as np, tinygraph as tg
>>> square = ForeignOp("square", lambda g, y, values, inputs, attributes: (2 * g * values[0],), ("g * 2 * x",))
>>> x = leaf(np.array([1.0, 3.0]), requires_grad=True, name="x")
>>> y = record(square, np.array([1.0, 9.0]), (x,), sys._getframe())
>>> trace = tg.trace(y, [1.0, 1.0])
>>> str(trace.formulas(0)[0]), trace.gradient("x")
('x̄ = ȳ · 2 ⊙ x', array([2., 6.]))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import numpy as np

from .calls import Call, Frames, next_index
from .context import in_frames_of
from .primitive import Primitive
from .tensor import Tensor, make, make_leaf

__all__ = [
    *("ForeignOp", "become", "call_of", "inside", "known_as", "leaf", "order_before", "part_of_result", "place"),
    *("record", "skip_frames_of", "what_is_given"),
]

PullBack = Callable[[Any, Any, tuple, tuple, Any], tuple]


class ForeignOp(Primitive):
    """An op of another framework: how an adjoint is pulled back through it there, and how that is written.

    Parameters
    ----------
    name : str
        Where the engine has such an op, its name: what looks for ``"tanh"`` then finds it.
    pull : callable
        ``pull(g, y, values, inputs, attributes)``: the contribution to each input, None where it receives none, from
        the adjoint g of the output y. `values` are those of the inputs and, last, what `record` was given as `saved`.
    formulas : sequence of str or None
        For each input the rule as an expression of g, y and `arguments`, or "" where it is not to be shown; None for
        an input that never receives anything.
    arguments : sequence of str, optional
        The names of the inputs in those expressions; by default x, or x0, x1 ….
    elementwise : bool
        Whether inputs broadcast: a formula then shows the sum back to the input's shape.
    places : sequence of int, optional
        At which place each input stands in a call as programs write it, where others stand between them.

    Attributes
    ----------
    peer : Primitive or None
        The engine's op that has been seen to agree with it; see `as_written_by`.
    """

    def __init__(
        self,
        name: str,
        pull: PullBack,
        formulas: Sequence[str | None],
        arguments: Sequence[str] | None = None,
        *,
        elementwise: bool = False,
        places: Sequence[int] | None = None,
    ):
        count = len(formulas)
        names = tuple(arguments or (["x"] if count == 1 else [f"x{i}" for i in range(count)]))
        super().__init__(name, tuple(formulas), names, elementwise=elementwise)
        self.pull = pull
        self.places = places
        self.peer: Primitive | None = None
        self._parameters: Callable[[int], tuple[str, ...]] | None = None

    def as_written_by(self, peer: Primitive, formulas: Sequence[str | None]) -> ForeignOp:
        """Return this op with the formulas of an op of the engine's, which has been seen to agree with it.

        In a trace file the peer stands in its place.
        """
        names, broadcast = peer.arguments or None, peer.elementwise
        twin = ForeignOp(self.name, self.pull, formulas, names, elementwise=broadcast, places=self.places)
        twin.peer = peer
        twin.variadic, twin.sequence, twin.defaults = peer.variadic, peer.sequence, peer.defaults
        twin.attributes = peer.attributes
        twin._parameters = peer.parameters
        return twin

    def written_at(self, argument: int) -> int:
        """Return at which place of a call an input stands."""
        return argument if self.places is None else self.places[argument]

    def formula(self, argument: int) -> str:
        """Return the rule for `argument` as it is written."""
        return self.rule(argument) or ""

    def parameters(self, argument: int) -> tuple[str, ...]:
        """Return the names that a rule gives to the adjoint, the output and the inputs."""
        return ("g", "y", *self.arguments) if self._parameters is None else self._parameters(argument)


def known_as(op: Primitive | None) -> Primitive | None:
    """Return the engine's own op that stands for one: its peer, or itself."""
    return op.peer if isinstance(op, ForeignOp) and op.peer is not None else op


def part_of_result(node: Any) -> tuple[int, ...]:
    """Return the path to the value of a node in what its call returned, as its attribute ``output`` said; () if all."""
    attributes = node.tensor._attributes if node.tensor is not None and isinstance(node.op, ForeignOp) else None
    output = attributes.get("output", ()) if attributes else ()
    return output if isinstance(output, tuple) else (output,)


def what_is_given(x: object) -> str:
    """Return the type of what was given where a Tensor of ours was expected; of a torch tensor, with the way to go on.

    Examples
    --------
    >>> what_is_given(1.0)
    'float'
    """
    if not type(x).__module__.startswith("torch"):
        return type(x).__name__
    return (
        f"a {type(x).__name__} of torch: compute it inside `with tinygraph.pytorch.record(model) as recording:`"
        " and give recording.trace(loss)"
    )


def leaf(
    value: np.ndarray, *, requires_grad: bool = False, name: str | None = None, frame: FrameType | None = None
) -> Tensor:
    """Return a Tensor that no op made; without a frame it is called as the ops call it that read it.

    The value is not copied: it must not be written to any more.
    """
    return make_leaf(value, requires_grad, name, frame)


def record(
    op: ForeignOp,
    value: np.ndarray,
    inputs: Sequence[Tensor | None],
    frame: FrameType,
    *,
    values: Sequence[Any] | None = None,
    saved: Any = None,
    attributes: Mapping[str, Any] | None = None,
    requires_grad: bool = True,
    name: str | None = None,
) -> Tensor:
    """Record that `op` gave `value` of `inputs`, as done in `frame`.

    Parameters
    ----------
    op : ForeignOp
    value : ndarray
        Not copied.
    inputs : sequence of Tensor or None
        None where an argument is a plain number or array.
    frame : frame
        Of the program, or of the framework below it.
    values : sequence, optional
        The arguments as arrays or numbers; by default those of the Tensors, and then no input may be None.
    saved : object
        Whatever the pull-back wants.
    attributes : mapping, optional
        Static arguments, to be shown: numbers, strings, slices, arrays, and tuples of them. One called ``output`` says
        which part of what the call returned the value is: a number, or several for a part of a part.
    requires_grad : bool
    name : str, optional
        By default what the program calls it.
    """
    if values is None:
        values = [source._value for source in inputs if source is not None]
    tensor = make(op, value, tuple(inputs), (*values, saved), attributes, requires_grad, frame)  # type: ignore[arg-type]
    if name is not None:
        tensor._name = name
    return tensor


@contextmanager
def inside(tensor: Tensor, frame: FrameType) -> Iterator[None]:
    """Record in the ``with`` block what the op of a Tensor does inside, as if `frame` had been called where that ran.

    What was recorded as one op can so be written out when somebody looks: see `become` and `order_before`.
    """
    assert tensor._call is not None
    frames = Frames()
    frames.begin(frame, Call(frame.f_code, tensor._call, tensor._lasti, next_index()))
    with in_frames_of(frames, tensor._context):
        yield


def become(tensor: Tensor, other: Tensor) -> None:
    """Let a Tensor have been made as another one was, which nobody else has; its value stays."""
    for name in ("op", "requires_grad", "_inputs", "_values", "_attributes", "_call", "_lasti", "_index", "_name"):
        setattr(tensor, name, getattr(other, name))


def order_before(tensors: Sequence[Tensor], index: float) -> None:
    """Put Tensors in the running order, one after another, right before what has the number `index`."""
    for k, tensor in enumerate(tensors, 1):
        tensor._index = index - 1 + k / (len(tensors) + 1)  # type: ignore[assignment] # any number orders


def call_of(code: CodeType, parent: Call | None = None, lasti: int = -1) -> Call:
    """Return one activation of a function that has no frame any more, called at instruction `lasti` of `parent`."""
    return Call(code, parent, lasti, next_index())


def place(tensor: Tensor, call: Call, lasti: int) -> None:
    """Say that a Tensor was made at the raw offset `lasti` of the code of `call`, rather than in a frame."""
    tensor._call, tensor._lasti = call, lasti

"""The backward pass as a generator, and the functions that drain it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..graphs.graph import graph
from ..recording.context import context
from ..recording.departures import note_pass
from ..recording.history import leading_to, recorded_at
from ..recording.node import Node
from ..recording.pullback import RuleError
from ..recording.sparse import Sparse, dense
from ..recording.tensor import Tensor
from .sums import add


class Step(NamedTuple):
    """One step of the backward pass: the chain rule at one node.

    Attributes
    ----------
    index : int
        0 at the output.
    node : Node
        The node whose op is pulled back through.
    adjoint : ndarray
        ∂L/∂node, complete.
    contributions : tuple of ndarray or None
        What each argument receives, in argument order; None where no gradient is wanted or none exists.
    """

    index: int  # type: ignore[assignment] # a tuple's own `index` is of no use here
    node: Node
    adjoint: Any
    contributions: tuple[Any, ...]


def backprop(output: Tensor, adjoint: ArrayLike | None = None) -> Iterator[Step]:
    """Walk the graph backward from `output`; yield one `Step` for each op.

    The gradients of the leaves are added to ``.grad`` when the walk is over. `Tensor.backward` drains this same walk.

    Parameters
    ----------
    output : Tensor
        Usually a loss.
    adjoint : array_like, optional
        The adjoint of `output`; 1 for a scalar.

    Examples
    --------
    >>> import tinygraph as tg
    >>> w = tg.parameter(3.0)
    >>> y = w * w
    >>> loss = y * 2
    >>> for step in tg.backprop(loss):
    ...     print(step.index, step.node.name, step.node.op, step.adjoint, *map(str, step.contributions))
    0 loss multiply 1.0 2.0 None
    1 y multiply 2.0 6.0 6.0
    >>> float(w.grad)
    12.0
    """
    seed = seed_of(output, adjoint)
    tell_observers(output)
    recorded = graph(output)
    for index, (node, received, contributions) in enumerate(walk(output, seed)):
        yield Step(index, recorded.node_of(node), received, tuple(map(dense, contributions)))


def backward(output: Tensor, grad: ArrayLike | None = None) -> None:
    """Add the gradient of this Tensor to ``.grad`` of every leaf that requires one.

    Parameters
    ----------
    grad : array_like, optional
        The adjoint of this Tensor, of its shape; 1 for a Tensor of one element without axes.

    Raises
    ------
    ValueError
        If `grad` is missing where the Tensor is not a scalar, or has another shape.
    RuntimeError
        If nothing that requires a gradient leads to this Tensor.

    Examples
    --------
    >>> import tinygraph as tg
    >>> w = tg.parameter([1.0, 2.0])
    >>> (w * w).backward([1.0, 10.0])
    >>> w.grad
    array([ 2., 40.])
    """
    seed = seed_of(output, grad)
    tell_observers(output)
    context().frames.clear()  # locals of the user do not outlive the backward pass
    deque(walk(output, seed), maxlen=0)


_observers: list[Callable[[Tensor], None]] = []


@contextmanager
def observed(begins: Callable[[Tensor], None]) -> Iterator[None]:
    """Call ``begins(output)`` when a backward pass begins inside the ``with`` block: debuggers stop there."""
    _observers.append(begins)
    try:
        yield
    finally:
        _observers.remove(begins)


def is_observed() -> bool:
    """Tell whether a debugger waits for backward passes; the screen is then its own."""
    return bool(_observers)


def tell_observers(output: Tensor) -> None:
    """Say that a backward pass from `output` begins."""
    for begins in tuple(_observers):
        begins(output)
    note_pass()


def walk(output: Tensor, seed: Any, sums: dict[Tensor, Any] | None = None) -> Iterator[tuple[Tensor, Any, tuple]]:
    """The backward pass. Yield (node, its adjoint, the contributions to its inputs), last recorded first.

    Running sums are kept in `sums` if that is given, and those of the leaves then stay there, not in ``.grad``.
    """
    adjoints: dict[Tensor, Any] = {} if sums is None else sums
    adjoints[output] = seed
    owned: set[Tensor] = set()  # nodes whose adjoint is a sum that no one else holds
    watch = context().watch
    for node in reversed(leading_to((output,), differentiable=True)):
        op = node.op
        if op is None:
            continue
        adjoint = adjoints.pop(node, None)
        if adjoint is None:
            continue
        if type(adjoint) is Sparse:
            adjoint = adjoint.dense()
        try:
            contributions = op.pull(adjoint, node._value, node._values, node._inputs, node._attributes)
        except RuleError as error:
            raise RuleError(f"{error}{recorded_at(node)}") from error.__cause__
        except Exception as error:
            error.add_note(f"in the rule of {op}{recorded_at(node)}")
            raise
        if watch is not None:
            watch.pulled(node, adjoint, contributions)
        inputs: Any = node._inputs  # only Tensors receive a contribution
        for source, contribution in zip(inputs, contributions):  # noqa: B905 - strict= costs 100 ns a node
            if contribution is None:
                continue
            total = adjoints.get(source)
            if total is None:
                adjoints[source] = contribution
            elif source in owned and type(contribution) is not Sparse:  # `add`, without the call: this line runs most
                total += contribution
                adjoints[source] = total
            else:
                adjoints[source] = add(total, source in owned, contribution)
                owned.add(source)
        yield node, adjoint, contributions
    if sums is None:
        gradients = [(leaf, gradient_of(leaf, total, leaf in owned)) for leaf, total in adjoints.items()]
        for leaf, gradient in gradients:  # only when all are known to be right
            add_to_grad(leaf, gradient)


def gradient_of(leaf: Tensor, total: Any, owned: bool = False) -> np.ndarray:
    """Return a sum of contributions as an array of the leaf's own: a copy, unless nobody else holds the sum."""
    if type(total) is Sparse:
        total, owned = total.dense(), True
    gradient = np.asarray(total, leaf.dtype) if owned else np.array(total, leaf.dtype)
    if gradient.shape != leaf.shape:
        raise ValueError(
            f"backward: a rule gave {leaf!r} of shape {leaf.shape} a contribution of shape {gradient.shape}"
        )
    return gradient


def add_to_grad(leaf: Tensor, gradient: np.ndarray) -> None:
    """Add a gradient to what the leaf has accumulated so far."""
    leaf.grad = gradient if leaf.grad is None else leaf.grad + gradient


def seed_of(output: Tensor, adjoint: ArrayLike | None) -> Any:
    """Return the adjoint that a backward pass of `output` begins with."""
    if not isinstance(output, Tensor):
        raise TypeError(f"backward: expected a Tensor, got {type(output).__name__}")
    if not output.requires_grad:
        raise RuntimeError(
            "backward: nothing that requires a gradient leads to this Tensor;"
            " was a parameter made by tg.parameter, and was it recorded (no tg.no_grad around it)?"
        )
    if adjoint is None:
        if output.shape != ():
            raise ValueError(
                f"backward: only a scalar has an adjoint of its own, this Tensor has shape {output.shape};"
                " sum it, or pass grad= of that shape"
            )
        return output.dtype.type(1)
    seed = np.array(adjoint._value if isinstance(adjoint, Tensor) else adjoint, dtype=output.dtype)
    if seed.shape != output.shape:
        raise ValueError(f"backward: the Tensor has shape {output.shape}, its adjoint grad= has {seed.shape}")
    return seed

"""The backward pass as a generator, and the functions that drain it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..graphs.graph import graph
from ..recording.context import context
from ..recording.departures import note_pass
from ..recording.history import leading_to, recorded_at
from ..recording.node import Node
from ..recording.pullback import RuleError, hand_on
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
    sums: dict[Tensor, Any] = {}
    for index, (node, received, contributions) in enumerate(walk(output, seed, sums)):
        yield Step(index, recorded.node_of(node), received, tuple(map(dense, contributions)))
    add_to_grads(sums)


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
    sums: dict[Tensor, Any] = {output: seed}
    owned: set[Tensor] = set()
    deque(steps(leading_to((output,), differentiable=True), sums, owned, told=False), maxlen=0)
    add_to_grads(sums, owned)
    if grad is None:
        output._differentiated = True


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


def walk(output: Tensor, seed: Any, sums: dict[Tensor, Any]) -> Iterator[tuple[Tensor, Any, tuple]]:
    """The backward pass. Yield (node, its adjoint, the contributions to its inputs), last recorded first.

    Running sums are kept in `sums`, where those of the leaves stay.
    """
    sums[output] = seed
    return steps(leading_to((output,), differentiable=True), sums, set())


def steps(
    nodes: list[Tensor], sums: dict[Tensor, Any], owned: set[Tensor], told: bool = True
) -> Iterator[tuple[Tensor, Any, tuple]]:
    """Pull the adjoints in `sums` back through `nodes`; yield each step as `walk` does, or none unless `told`.

    To `owned` are added those whose adjoint is a sum that no one else holds.
    """
    watch = context().watch
    pushes = not told and watch is None

    def accumulate(source: Tensor, contribution: Any) -> None:
        sums[source] = add(sums[source], source in owned, contribution)
        owned.add(source)

    for node in reversed(nodes):
        op = node.op
        if op is None:
            continue
        adjoint = sums.pop(node, None)
        if adjoint is None:
            continue
        if type(adjoint) is Sparse:
            adjoint = adjoint.dense()
        try:
            if pushes and op.push is not None:
                op.push(adjoint, node, sums, owned, accumulate)
                continue
            contributions = op.pull(adjoint, node._value, node._values, node._inputs, node._attributes)
        except RuleError as error:
            raise RuleError(f"{error}{recorded_at(node)}") from error.__cause__
        except Exception as error:
            error.add_note(f"in the rule of {op}{recorded_at(node)}")
            raise
        if watch is not None:
            watch.pulled(node, adjoint, contributions)
        hand_on(node._inputs, contributions, sums, owned, accumulate)
        if told:
            yield node, adjoint, contributions


def add_to_grads(sums: dict[Tensor, Any], owned: Container[Tensor] = ()) -> None:
    """Add what the leaves received to their ``.grad``, once all is known to be right."""
    gradients = [(leaf, gradient_of(leaf, total, leaf in owned)) for leaf, total in sums.items()]
    for leaf, gradient in gradients:
        leaf._grad = gradient if leaf._grad is None else leaf._grad + gradient


def gradients(nodes: list[Tensor], seeds: Iterable[tuple[Tensor, Any]], wrt: list[Tensor]) -> list[np.ndarray | None]:
    """Return the gradients of ``Σ ⟨seed, output⟩`` with respect to `wrt`, arrays of the caller's own; None for none.

    Parameters
    ----------
    nodes : list of Tensor
        What lies between, as `tinygraph.recording.history.between` gives it.
    seeds : pairs of a Tensor and an array
        Outputs and their adjoints.
    wrt : list of Tensor
    """
    sums: dict[Tensor, Any] = {}
    for output, seed in seeds:
        sums[output] = add(sums.get(output), False, seed)
    owned: set[Tensor] = set()
    deque(steps(nodes, sums, owned, told=False), maxlen=0)
    return [gradient_of(leaf, sums[leaf], leaf in owned) if leaf in sums else None for leaf in wrt]


def gradient_of(leaf: Tensor, total: Any, owned: bool = False) -> np.ndarray:
    """Return a sum of contributions as an array of the leaf's own: a copy, unless nobody else holds the sum."""
    if type(total) is Sparse:
        total, owned = total.dense(), True
    value = leaf._value
    if not owned or type(total) is not np.ndarray or total.dtype is not value.dtype:
        total = np.array(total, value.dtype)
    if total.shape != value.shape:
        raise ValueError(f"a rule gave {leaf!r} of shape {value.shape} a contribution of shape {total.shape}")
    return total


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
        return np.array(1, output.dtype)  # with which arrays compute faster than with a NumPy number
    seed = np.array(adjoint._value if isinstance(adjoint, Tensor) else adjoint, dtype=output.dtype)
    if seed.shape != output.shape:
        raise ValueError(f"backward: the Tensor has shape {output.shape}, its adjoint grad= has {seed.shape}")
    return seed

"""The backward pass as a generator, and the functions that drain it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..graphs.graph import graph
from ..recording import context as record
from ..recording.node import Node
from ..recording.sparse import Sparse, dense
from ..recording.tensor import Recorded, Tensor, by_index
from .anomaly import check_contributions


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
    seed = _seed(output, adjoint)
    tell_observers(output)
    recorded = graph(output)
    for index, (node, received, contributions) in enumerate(_walk(output, seed)):
        yield Step(index, recorded.node_of(node), received, tuple(map(dense, contributions)))


def backward(output: Tensor, adjoint: ArrayLike | None = None) -> None:
    """Add the gradient of `output` to ``.grad`` of every leaf that requires one."""
    seed = _seed(output, adjoint)
    tell_observers(output)
    record.context().frames.clear()  # locals of the user do not outlive the backward pass
    deque(_walk(output, seed), maxlen=0)


_observers: list[Callable[[Tensor], None]] = []


@contextmanager
def observed(begins: Callable[[Tensor], None]) -> Iterator[None]:
    """Call ``begins(output)`` when a backward pass begins inside the ``with`` block: debuggers stop there."""
    _observers.append(begins)
    try:
        yield
    finally:
        _observers.remove(begins)


def tell_observers(output: Tensor) -> None:
    """Say that a backward pass from `output` begins."""
    for begins in tuple(_observers):
        begins(output)


def _walk(output: Tensor, seed: Any, sums: dict[Tensor, Any] | None = None) -> Iterator[tuple[Tensor, Any, tuple]]:
    """The backward pass. Yield (node, its adjoint, the contributions to its inputs), last recorded first.

    Running sums are kept in `sums` if that is given, and those of the leaves then stay there, not in ``.grad``.
    """
    adjoints: dict[Tensor, Any] = {} if sums is None else sums
    adjoints[output] = seed
    owned: set[Tensor] = set()  # nodes whose adjoint is a sum that no one else holds
    check = record.context().anomaly
    for node in _order(output):
        adjoint = adjoints.pop(node, None)
        if adjoint is None:
            continue
        if type(adjoint) is Sparse:
            adjoint = adjoint.dense()
        contributions = node.op.pull(adjoint, node._data, node._values, node._inputs, node._attributes)
        if check:
            check_contributions(node, adjoint, contributions)
        for source, contribution in zip(node._inputs, contributions):  # noqa: B905 - strict= costs 100 ns a node
            if contribution is None:
                continue
            total = adjoints.get(source)
            if total is None:
                adjoints[source] = contribution
            elif type(contribution) is Sparse:
                if source not in owned or type(total) is not np.ndarray:  # a NumPy scalar cannot be added into
                    total = total.dense() if type(total) is Sparse else np.array(total)
                    owned.add(source)
                contribution.add_to(total)
                adjoints[source] = total
            elif source in owned:
                total += contribution
                adjoints[source] = total
            else:
                adjoints[source] = (total.dense() if type(total) is Sparse else total) + contribution
                owned.add(source)
        yield node, adjoint, contributions
    if sums is None:
        gradients = [(leaf, _gradient(leaf, total, leaf in owned)) for leaf, total in adjoints.items()]
        for leaf, gradient in gradients:  # only when all are known to be right
            _add_to_grad(leaf, gradient, True)


def _order(output: Tensor) -> list[Recorded]:
    """Return the ops that a gradient of `output` passes, last recorded first."""
    if output.op is None:
        return []
    found = [output]
    seen = {output}
    for node in found:  # the list grows under the loop
        for source in node._inputs:
            if source is not None and source.requires_grad and source not in seen and source.op is not None:
                seen.add(source)
                found.append(source)
    found.sort(key=by_index, reverse=True)
    return found


def _add_to_grad(leaf: Tensor, total: Any, owned: bool) -> None:
    gradient = _gradient(leaf, total, owned)
    leaf.grad = gradient if leaf.grad is None else leaf.grad + gradient


def _gradient(leaf: Tensor, total: Any, owned: bool) -> np.ndarray:
    """Return the sum of contributions as an array of the leaf's own."""
    if type(total) is Sparse:
        total, owned = total.dense(), True
    found = np.asarray(total, leaf.dtype) if owned else np.array(total, leaf.dtype)
    if found.shape != leaf.shape:
        raise ValueError(f"backward: a rule gave {leaf!r} of shape {leaf.shape} a contribution of shape {found.shape}")
    return found


def _seed(output: Tensor, adjoint: ArrayLike | None) -> Any:
    if type(output) is not Tensor:
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
    seed = np.array(adjoint._data if type(adjoint) is Tensor else adjoint, dtype=output.dtype)
    if seed.shape != output.shape:
        raise ValueError(f"backward: the Tensor has shape {output.shape}, its adjoint grad= has {seed.shape}")
    return seed

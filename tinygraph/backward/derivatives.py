"""Derivatives of functions: grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

from ..recording.context import no_grad, recording_again
from ..recording.tensor import Tensor, make_leaf
from .backprop import tell_observers
from .higher_order import pull_back
from .pytree import leaves_like, rebuild
from .traced_call import Argnums, Asked, TracedCall, as_seed, filled

_frame = sys._getframe


class Differentiated(NamedTuple):
    """What a function made by `grad` or `value_and_grad` is: `tinygraph.compile` asks it.

    Attributes
    ----------
    itself : callable
        The function that was made: a decorator may have copied this mark to another one.
    what : str
    function : callable
        What is differentiated.
    argnums : int or sequence of int
    """

    itself: Callable
    what: str
    function: Callable
    argnums: Argnums


def marked(derivative: Callable, what: str, function: Callable, argnums: Argnums) -> Callable:
    """Return `derivative`, with a mark that says what it is."""
    derivative.__derivative__ = Differentiated(derivative, what, function, argnums)  # type: ignore[attr-defined]
    return derivative


def value_and_grad(f: Callable, argnums: Argnums = 0) -> Callable:
    """Return a function that gives both the value of `f` and its gradient; see `grad`.

    Examples
    --------
    >>> import tinygraph as tg
    >>> value, gradient = tg.value_and_grad(lambda x: x**3)(2.0)
    >>> float(value), float(gradient)
    (8.0, 12.0)
    """

    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        traced = TracedCall(f, args, kwargs, argnums, Asked("grad", _frame(1)))
        tell_observers(traced.scalar())
        gradient = traced.gradient([np.ones((), traced.scalar().dtype)])
        return traced.result(), gradient

    return marked(differentiated, "value_and_grad", f, argnums)


def grad(f: Callable, argnums: Argnums = 0) -> Callable:
    """Return a function that gives the gradient of `f`, a function with one scalar result.

    Parameters
    ----------
    f : callable
        Of arrays, or of nested dicts, lists and tuples of arrays.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to; for a sequence the result is a tuple.

    Returns
    -------
    callable
        Gradients in the structure, shapes and dtypes of those arguments. They are plain arrays, and Tensors where an
        outer derivative may want them, so ``grad(grad(f))`` works.

    Raises
    ------
    TypeError
        If an argument is not floating-point.
    ValueError
        If `f` does not return one scalar.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.grad(lambda p: np.sum(p["a"] * p["b"]))({"a": np.array([1.0, 2.0]), "b": 3.0})
    {'a': array([3., 3.]), 'b': array(3.)}
    >>> float(tg.grad(tg.grad(lambda x: x**4))(1.0))
    12.0
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return marked(gradient, "grad", f, argnums)


def vjp(f: Callable, *args: Any) -> tuple[Any, Callable]:
    """Return ``f(*args)`` and the function that pulls an adjoint of it back to `args`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> y, pull = tg.vjp(np.sin, np.array([0.0, 1.0]))
    >>> pull(np.array([1.0, 0.0]))
    (array([1., 0.]),)
    """
    traced = TracedCall(f, args, {}, range(len(args)), Asked("vjp", _frame(1)))

    def pull(adjoint: Any) -> tuple:
        return traced.gradient(leaves_like(traced.value, adjoint, "vjp: the adjoint"))

    return traced.result(), pull


def jvp(f: Callable, args: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return ``f(*args)`` and its directional derivative along `tangents`.

    The pull-back is linear in its adjoint; pulling back through it is the push-forward.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.jvp(np.sin, (np.array([0.0, np.pi]),), (np.array([1.0, 1.0]),))[1]
    array([ 1., -1.])
    """
    args = tuple(args)
    if len(args) != len(tangents):
        raise ValueError(f"jvp: {len(args)} arguments, but {len(tangents)} tangents")
    traced = TracedCall(f, args, {}, range(len(args)), Asked("jvp", _frame(1)))
    directions = leaves_like(list(args), list(tangents), "jvp: the tangents")
    for leaf, direction in zip(traced.wrt, directions, strict=True):
        if np.shape(direction) != leaf.shape:
            raise ValueError(f"jvp: an argument has shape {leaf.shape}, its tangent {np.shape(direction)}")
    probes = [make_leaf(np.zeros(output.shape, output.dtype), True) for output in traced.outputs]
    pulled = traced.pull(list(probes), keep=True)
    pairs = [(p, d) for p, d in zip(pulled, directions, strict=True) if isinstance(p, Tensor) and p.requires_grad]
    keep = traced.keeps(directions)
    with recording_again() if keep else no_grad():
        seeds = [as_seed(p, direction, keep) for p, direction in pairs]
        pushed = pull_back([p for p, _ in pairs], seeds, probes)
    leaves = [filled(tangent, output, keep) for tangent, output in zip(pushed, traced.outputs, strict=True)]
    return traced.result(), rebuild(traced.value, leaves)


def jacobian(f: Callable, argnums: Argnums = 0) -> Callable:
    """Return a function that gives the Jacobian of `f`: the shape of the output, then that of the input.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        traced = TracedCall(f, args, kwargs, argnums, Asked("jacobian", _frame(1)))
        if len(traced.outputs) != 1:
            raise traced.asked.error(
                ValueError,
                f"the function must return one array, it returned {len(traced.outputs)}; np.stack makes one of them",
            )
        output = traced.outputs[0]
        basis = np.eye(output.size, dtype=output.dtype).reshape(output.size, *output.shape)
        rows = [traced.pull([row], traced.outer) for row in basis]
        return traced.as_arguments([_stacked([row[i] for row in rows], output, x) for i, x in enumerate(traced.wrt)])

    return differentiated


def _stacked(rows: list[Any], output: Tensor, leaf: Tensor) -> Any:
    shape = output.shape + leaf.shape
    return np.stack(rows).reshape(shape) if rows else np.zeros(shape, leaf.dtype)


def hessian(f: Callable, argnums: int = 0) -> Callable:
    """Return a function that gives the matrix of second derivatives of `f`, a function with one scalar result.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.hessian(lambda x: x[0] * x[1] ** 2)(np.array([1.0, 2.0]))
    array([[0., 4.],
           [4., 2.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable, args: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Return the product of the Hessian of `f`, in its first argument, with a tangent; no Hessian is built.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    return jvp(grad(f), args, tangents)[1]

"""Derivatives of functions: grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

from ..recording.history import between
from ..recording.tensor import Tensor, make_leaf
from .backprop import tell_observers
from .pytree import leaves_like, rebuild
from .traced_call import Argnums, Asked, TracedCall, pulled

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
    return _of_scalar("value_and_grad", f, argnums, valued=True)


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
    return _of_scalar("grad", f, argnums)


def _of_scalar(what: str, f: Callable, argnums: Argnums, valued: bool = False) -> Callable:
    """Return a function that gives the gradient of `f`, after its value if it is to be `valued`."""

    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        traced = TracedCall(f, args, kwargs, argnums, Asked(what, _frame(1)))
        output = traced.scalar()
        tell_observers(output)
        gradient = traced.gradient([np.array(1, output.dtype)])
        traced.end()
        return (traced.result(), gradient) if valued else gradient

    return marked(differentiated, what, f, argnums)


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

    traced.end()
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
    return _pushed(f, tuple(args), tangents, Asked("jvp", _frame(1)))


def _pushed(f: Callable, args: tuple[Any, ...], tangents: Sequence[Any], asked: Asked) -> tuple[Any, Any]:
    what = asked.what
    if len(args) != len(tangents):
        raise ValueError(f"{what}: {len(args)} arguments, but {len(tangents)} tangents")
    traced = TracedCall(f, args, {}, range(len(args)), asked)
    directions = leaves_like(list(args), list(tangents), f"{what}: the tangents")
    for leaf, direction in zip(traced.wrt, directions, strict=True):
        if np.shape(direction) != leaf.shape:
            raise ValueError(f"{what}: an argument has shape {leaf.shape}, its tangent {np.shape(direction)}")
    probes = [make_leaf(np.zeros(output.shape, output.dtype), True) for output in traced.outputs]
    adjoints = traced.pull(list(probes), keep=True)
    pairs = [pair for pair in zip(adjoints, directions, strict=True) if isinstance(pair[0], Tensor)]
    recorded, seeds = [adjoint for adjoint, _ in pairs], [direction for _, direction in pairs]
    nodes, _ = between(probes, recorded, probes[0]._index if probes else 0)
    tangent = rebuild(traced.value, pulled(what, nodes, recorded, seeds, probes, traced.keeps(directions)))
    traced.end()
    return traced.result(), tangent


def jacobian(f: Callable, argnums: Argnums = 0) -> Callable:
    """Return a function that gives the Jacobian of `f`: the shape of the output, then that of the input.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return _of_array("jacobian", f, argnums)


def _of_array(what: str, f: Callable, argnums: Argnums) -> Callable:
    @wraps(f)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        traced = TracedCall(f, args, kwargs, argnums, Asked(what, _frame(1)))
        if len(traced.outputs) != 1:
            raise traced.asked.error(
                ValueError,
                f"the function must return one array, it returned {len(traced.outputs)}; np.stack makes one of them",
            )
        output = traced.outputs[0]
        basis = np.eye(output.size, dtype=output.dtype).reshape(output.size, *output.shape)
        rows = [traced.pull([row], traced.outer) for row in basis]
        traced.end()
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
    return _of_array("hessian", _of_scalar("hessian", f, argnums), argnums)


def hvp(f: Callable, args: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Return the product of the Hessian of `f`, in its first argument, with a tangent; no Hessian is built.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    return _pushed(_of_scalar("hvp", f, 0), tuple(args), tangents, Asked("hvp", _frame(1)))[1]

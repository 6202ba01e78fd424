"""Derivatives of functions: grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from operator import index
from types import FrameType
from typing import Any

import numpy as np

from ..ops.elementwise import alias
from ..recording.calls import next_index
from ..recording.context import context, no_grad, recording_again
from ..recording.history import leading_to
from ..recording.source import where
from ..recording.tensor import Tensor, as_constant, make_leaf
from .backprop import tell_observers
from .higher_order import pull_back
from .pytree import flatten, leaves_like, rebuild

_frame = sys._getframe
Argnums = int | Sequence[int]


class _Traced:
    """One call of a function on fresh nodes, so that derivatives with respect to them are those of this call alone."""

    def __init__(self, f: Callable, args: tuple, kwargs: dict, argnums: Argnums, what: str, frame: FrameType):
        if not callable(f):
            raise TypeError(
                f"{what}: expected a function, got {type(f).__name__}; {what}(f)(x) differentiates f, and of a Tensor"
                f" loss.backward() leaves the gradients in .grad of the parameters{where(frame)}"
            )
        self.what = what
        self.frame = frame
        self.single = not isinstance(argnums, Sequence)
        self.positions = _positions(argnums, len(args), what, frame)
        self.given = [args[position] for position in self.positions]
        leaves = flatten(self.given)
        recording, began = context().recording, next_index()
        self.wrt = [_fresh(leaf, recording, what, frame) for leaf in leaves]
        called = list(args)
        for position, tree in zip(self.positions, rebuild(self.given, self.wrt), strict=True):
            called[position] = tree
        with recording_again():
            self.value = f(*called, **kwargs)
        self.outputs = [_as_output(x, what, frame) for x in flatten(self.value)]
        given = any(type(leaf) is Tensor and leaf.requires_grad for leaf in leaves)
        self.outer = recording and (given or _reaches_older(self.outputs, began))

    def keeps(self, seeds: list[Any]) -> bool:
        """Tell whether an outer derivative may want what comes of these adjoints or tangents."""
        outer = self.outer or any(type(seed) is Tensor and seed.requires_grad for seed in seeds)
        return outer and context().recording

    def pull(self, adjoints: list[Any], keep: bool) -> list[Any]:
        """Return one gradient for each leaf of the arguments; recorded Tensors if asked to `keep` them."""
        wanted = [output for output in self.outputs if output.requires_grad]
        given = [a for output, a in zip(self.outputs, adjoints, strict=True) if output.requires_grad]
        with recording_again() if keep else no_grad():
            seeds = [_as_seed(output, adjoint, keep) for output, adjoint in zip(wanted, given, strict=True)]
            found = pull_back(wanted, seeds, self.wrt)
        whole = [np.zeros(x.shape, x.dtype) if g is None else g for g, x in zip(found, self.wrt, strict=True)]
        return whole if keep else [_own(g) for g in whole]

    def gradient(self, adjoints: list[Any]) -> Any:
        """Return the gradients in the structure of the arguments."""
        trees = rebuild(self.given, self.pull(adjoints, self.keeps(adjoints)))
        return trees[0] if self.single else tuple(trees)

    def result(self) -> Any:
        """Return the function's value: plain arrays unless an outer derivative may want them."""
        leaves = flatten(self.value)
        return rebuild(self.value, leaves if self.outer else [_own(x) if type(x) is Tensor else x for x in leaves])

    def scalar(self) -> Tensor:
        """Return the only output, which must be a scalar."""
        if len(self.outputs) != 1 or self.outputs[0].shape != ():
            shapes = ", ".join(str(output.shape) for output in self.outputs)
            raise ValueError(
                f"{self.what}: the function must return one scalar, it returned shape {shapes};"
                f" sum it, or take its one element{where(self.frame)}"
            )
        if type(self.value) not in (Tensor, float):
            raise TypeError(
                f"{self.what}: the function returned a plain {type(self.value).__name__}, {self.value!r}, which depends"
                " on no argument as far as is recorded; compute it with NumPy's functions from the arguments"
                f"{where(self.frame)}"
            )
        return self.outputs[0]


def _positions(argnums: Argnums, count: int, what: str, frame: FrameType) -> tuple[int, ...]:
    """Return the places of the arguments to differentiate with respect to."""
    asked = argnums if isinstance(argnums, Sequence) else (argnums,)
    if isinstance(argnums, str) or not all(hasattr(position, "__index__") for position in asked):
        raise TypeError(f"{what}: argnums= takes the numbers of positional arguments, got {argnums!r}{where(frame)}")
    for position in asked:
        if not -count <= index(position) < count:
            raise TypeError(
                f"{what}: argnums={argnums}, but the function was called with {count} positional arguments"
                f"{where(frame)}"
            )
    positions = tuple(index(position) % count for position in asked)
    if len(set(positions)) < len(positions):
        raise ValueError(f"{what}: argnums={argnums} names an argument twice{where(frame)}")
    return positions


def _fresh(leaf: Any, recording: bool, what: str, frame: FrameType) -> Tensor:
    if recording and type(leaf) is Tensor and leaf.requires_grad:
        return alias(leaf)
    array = np.array(leaf._data if type(leaf) is Tensor else leaf)
    if array.dtype.kind in "biu":
        raise TypeError(
            f"{what}: only floating-point arguments have gradients, got {array.dtype}; write 2.0 for 2{where(frame)}"
        )
    if array.dtype.kind != "f":
        got = repr(leaf) if isinstance(leaf, str) else f"{array.dtype} from {type(leaf).__name__}"
        raise TypeError(
            f"{what}: an argument is a floating-point array, or a dict, list or tuple of them; it holds {got}"
            f"{where(frame)}"
        )
    return make_leaf(array, True, frame=frame)


def _reaches_older(outputs: list[Tensor], began: int) -> bool:
    """Tell whether a Tensor that requires a gradient leads to `outputs` and is older than the call."""
    wanted = [output for output in outputs if output.requires_grad]
    inside = leading_to(wanted, differentiable=True, after=began)
    reached = {source for tensor in inside for source in (tensor, *tensor._inputs) if source is not None}
    return any(tensor._index < began and tensor.requires_grad for tensor in reached)


def _as_output(x: Any, what: str, frame: FrameType) -> Tensor:
    """Return what the function gave as a Tensor, if it is a real number or array."""
    if type(x) is Tensor:
        return x
    if x is None:
        raise TypeError(f"{what}: the function returned None; is a return missing?{where(frame)}")
    output = as_constant(x)
    if output.dtype.kind not in "fbiu":
        raise TypeError(
            f"{what}: the function returned {output.dtype} from {type(x).__name__}, not real numbers{where(frame)}"
        )
    return output


def _as_seed(output: Tensor, adjoint: Any, keep: bool) -> Any:
    if type(adjoint) is not Tensor:
        adjoint = np.array(adjoint, dtype=output.dtype)
    if adjoint.shape != output.shape:
        raise ValueError(f"vjp: the output has shape {output.shape}, its adjoint {adjoint.shape}")
    if type(adjoint) is Tensor:
        return adjoint if adjoint.dtype == output.dtype else adjoint.astype(output.dtype)
    return make_leaf(adjoint) if keep else adjoint


def _own(x: Any) -> np.ndarray:
    """Return an array that the caller may write into: it is no other's, nor a recorded value."""
    return np.array(x._data if type(x) is Tensor else x)


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
        traced = _Traced(f, args, kwargs, argnums, "grad", _frame(1))
        tell_observers(traced.scalar())
        gradient = traced.gradient([np.ones((), traced.scalar().dtype)])
        return traced.result(), gradient

    return differentiated


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

    return gradient


def vjp(f: Callable, *args: Any) -> tuple[Any, Callable]:
    """Return ``f(*args)`` and the function that pulls an adjoint of it back to `args`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> y, pull = tg.vjp(np.sin, np.array([0.0, 1.0]))
    >>> pull(np.array([1.0, 0.0]))
    (array([1., 0.]),)
    """
    traced = _Traced(f, args, {}, tuple(range(len(args))), "vjp", _frame(1))

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
    traced = _Traced(f, args, {}, tuple(range(len(args))), "jvp", _frame(1))
    directions = leaves_like(list(args), list(tangents), "jvp: the tangents")
    for leaf, direction in zip(traced.wrt, directions, strict=True):
        if np.shape(direction) != leaf.shape:
            raise ValueError(f"jvp: an argument has shape {leaf.shape}, its tangent {np.shape(direction)}")
    probes = [make_leaf(np.zeros(output.shape, output.dtype), True) for output in traced.outputs]
    pulled = traced.pull(list(probes), keep=True)
    pairs = [(p, d) for p, d in zip(pulled, directions, strict=True) if type(p) is Tensor and p.requires_grad]
    keep = traced.keeps(directions)
    with recording_again() if keep else no_grad():
        seeds = [_as_seed(p, direction, keep) for p, direction in pairs]
        pushed = pull_back([p for p, _ in pairs], seeds, probes)
    zeros = [np.zeros(output.shape, output.dtype) for output in traced.outputs]
    leaves = [zero if one is None else one for one, zero in zip(pushed, zeros, strict=True)]
    return traced.result(), rebuild(traced.value, leaves if keep else [_own(leaf) for leaf in leaves])


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
        traced = _Traced(f, args, kwargs, argnums, "jacobian", _frame(1))
        if len(traced.outputs) != 1:
            raise ValueError(
                f"jacobian: the function must return one array, it returned {len(traced.outputs)};"
                f" np.stack makes one of them{where(traced.frame)}"
            )
        output = traced.outputs[0]
        basis = np.eye(output.size, dtype=output.dtype).reshape(output.size, *output.shape)
        rows = [traced.pull([row], traced.outer) for row in basis]
        stacked = [_stacked([row[i] for row in rows], output, leaf) for i, leaf in enumerate(traced.wrt)]
        trees = rebuild(traced.given, stacked)
        return trees[0] if traced.single else tuple(trees)

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

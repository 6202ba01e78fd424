"""A function at a point, prepared for a check: its arguments as named leaves, its outputs contracted to one number."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..backward.derivatives import grad
from ..backward.pytree import flatten, rebuild
from ..graphs.graph import graph
from ..recording.context import no_grad
from ..recording.creation import tensor
from ..recording.node import Node
from ..recording.op import Op
from ..recording.tensor import Tensor
from .comparison import Comparison, Flat, compare


class Problem:
    """The function of some leaves (the differentiable arguments, then adjoints of the outputs) to be checked.

    Attributes
    ----------
    leaves : list of ndarray
        Inputs, then adjoints.
    inputs : list of ndarray
    names : list of str
        Those of the inputs: as the function calls them, with the place inside of a dict, list or tuple.
    outputs, adjoints : list of ndarray
        The floating-point outputs, and a random adjoint of each.

    Examples
    --------
    >>> def f(p, x):
    ...     return p["W"] @ x
    >>> problem = Problem(f, ({"W": np.eye(2), "steps": 3}, np.ones(2)), np.random.default_rng(0))
    >>> problem.names, [leaf.shape for leaf in problem.leaves]
    (["p['W']", 'x'], [(2, 2), (2,), (2,)])
    """

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], rng: np.random.Generator):
        self.f = f
        self.args = args
        self.rng = rng
        self.constants = [plain(leaf) for leaf in flatten(args)]
        self.varied = [i for i, leaf in enumerate(self.constants) if np.asarray(leaf).dtype.kind == "f"]
        if not self.varied:
            raise TypeError("no argument is floating-point, so there is nothing to differentiate")
        paths = list(_paths(args, argument_names(f, len(args))))
        self.names = [paths[i] for i in self.varied]
        self.inputs = [np.array(self.constants[i]) for i in self.varied]
        with no_grad():
            outputs = [np.asarray(plain(y)) for y in flatten(self.call(*map(tensor, self.inputs)))]
        self.contracted = [i for i, y in enumerate(outputs) if y.dtype.kind == "f"]
        if not self.contracted:
            raise TypeError("the function returns nothing floating-point, so there is nothing to differentiate")
        self.outputs = [outputs[i] for i in self.contracted]
        self.adjoints = [signed(rng, y) for y in self.outputs]
        self.leaves = [*self.inputs, *self.adjoints]
        self.flat = Flat(self.leaves)

    def call(self, *inputs: Any) -> Any:
        """Call `f` with the differentiable arguments replaced."""
        leaves = list(self.constants)
        for i, value in zip(self.varied, inputs, strict=True):
            leaves[i] = value
        return self.f(*rebuild(self.args, leaves))

    def scalar(self, *leaves: Any) -> Any:
        """Contract the outputs with the adjoints."""
        inputs, adjoints = leaves[: len(self.inputs)], leaves[len(self.inputs) :]
        outputs = flatten(self.call(*inputs))
        return _contract(adjoints, [outputs[i] for i in self.contracted])

    def directional(self, scalar: Callable[..., Any], only: int | None = None) -> Callable[..., Any]:
        """Return the derivative of `scalar` along a random direction (of one leaf, if so told), of the same leaves."""
        chosen = tuple(range(len(self.leaves))) if only is None else (only,)
        directions = [signed(self.rng, self.leaves[i]) for i in chosen]
        gradient = grad(scalar, chosen)
        return lambda *leaves: _contract(directions, gradient(*leaves))

    def gradients(self, scalar: Callable[..., Any]) -> list[np.ndarray]:
        """Return the gradient of `scalar` with respect to each leaf, by the rules."""
        return [plain(g) for g in grad(scalar, tuple(range(len(self.leaves))))(*self.leaves)]

    def backward(self) -> list[np.ndarray]:
        """Return the gradients of the inputs that `Tensor.backward` gives; no other leaf keeps what it receives."""
        inputs = [tensor(x, requires_grad=True) for x in self.inputs]
        outputs = flatten(self.call(*inputs))
        pairs = [(outputs[i], u) for i, u in zip(self.contracted, self.adjoints, strict=True)]
        recorded = [(y, u) for y, u in pairs if isinstance(y, Tensor) and y.requires_grad]
        nodes = graph(*(y for y, _ in recorded)).nodes if recorded else []
        leaves = [(node.tensor, node.tensor.grad) for node in nodes if node.op is None and node.tensor is not None]
        try:
            for y, u in recorded:
                y.backward(u)
            return [np.zeros_like(x._value) if x.grad is None else x.grad for x in inputs]
        finally:
            for leaf, received in leaves:
                leaf.grad = received

    def comparison(
        self,
        scalar: Callable[..., Any],
        gradients: Sequence[np.ndarray],
        rtol: float,
        subgradients: bool = False,
        at_most: int = 1,
    ) -> Comparison:
        """Compare gradients of `scalar` with an oracle; elements are numbered through all leaves, as in `flat`."""
        point, gradient = self.flat.pack(self.leaves), self.flat.pack(gradients)
        return compare(self._of_vector(scalar), point, gradient, self.rng, rtol, at_most, subgradients)

    def _of_vector(self, scalar: Callable[..., Any]) -> Callable[[np.ndarray], Any]:
        """Return `scalar` of a vector: on Tensors, as in use, or for a complex step on arrays, as Tensors are real."""

        def phi(vector: np.ndarray) -> Any:
            leaves: list[Any] = self.flat.unpack(vector)
            with no_grad():
                if vector.dtype.kind == "c":
                    return np.asarray(plain(scalar(*leaves)))
                return plain(scalar(*map(tensor, leaves)))

        return phi

    def name(self, leaf: int) -> str:
        """Return how a leaf is called in messages."""
        if leaf < len(self.inputs):
            return self.names[leaf]
        return f"the adjoint of output {self.contracted[leaf - len(self.inputs)]}"

    def recorded(self, dtype: Any = None) -> list[Tensor]:
        """Return the outputs, recorded from inputs that have names, perhaps in another dtype than theirs."""
        pairs = zip(self.inputs, self.names, strict=True)
        inputs = [tensor(x, requires_grad=True, name=name, dtype=dtype or x.dtype) for x, name in pairs]
        return [y for y in flatten(self.call(*inputs)) if isinstance(y, Tensor)]

    def rounding(self) -> Node | None:
        """Return the first cast of the function that rounds float64, whose differences then are no oracle."""
        outputs = self.recorded(np.float64)
        for node in graph(*outputs).nodes if outputs else ():
            if node.op == "astype" and node.dtype.kind == "f" and node.dtype.itemsize < node.inputs[0].dtype.itemsize:
                return node
        return None


def plain(value: Any) -> Any:
    """Return the array of a Tensor, anything else as it is."""
    return value._value if isinstance(value, Tensor) else value


def signed(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    """Return random numbers from ±1/2 to ±3/2, of the shape and dtype of `like`."""
    return np.asarray(rng.uniform(0.5, 1.5, like.shape) * rng.choice([-1, 1], like.shape)).astype(like.dtype)


def argument_names(f: Callable[..., Any], count: int) -> list[str]:
    """Return how `f` calls its first `count` arguments.

    Examples
    --------
    >>> import tinygraph as tg
    >>> argument_names(lambda W, *xs: W, 3), argument_names(tg.multiply, 2)
    (['W', 'argument 1', 'argument 2'], ['a', 'b'])
    """
    names: list[str] = []
    if isinstance(f, Op):
        names = [] if f.variadic else list(f.arguments)
    else:
        try:
            parameters = inspect.signature(f).parameters.values()
            names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        except (TypeError, ValueError):  # written in C
            pass
    return [*names[:count], *(f"argument {i}" for i in range(len(names), count))]


def _paths(trees: Sequence[Any], names: Sequence[str]) -> Iterator[str]:
    """Yield the name of each leaf, in the order of `flatten`."""
    for tree, name in zip(trees, names, strict=True):
        if isinstance(tree, dict):
            yield from _paths(list(tree.values()), [f"{name}[{key!r}]" for key in tree])
        elif isinstance(tree, list | tuple):
            yield from _paths(tree, [f"{name}[{i}]" for i in range(len(tree))])
        else:
            yield name


def _contract(adjoints: Sequence[Any], outputs: Sequence[Any]) -> Any:
    terms = [np.sum(adjoint * output) for adjoint, output in zip(adjoints, outputs, strict=True)]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total

"""check_gradients: compare the gradients of a function with an oracle, at one point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..backward.derivatives import grad, jvp
from ..backward.pytree import flatten, rebuild
from ..graphs.graph import Graph, graph
from ..recording.context import no_grad
from ..recording.creation import tensor
from ..recording.tensor import Tensor
from .drawing import sketch, values_text
from .oracle import Comparison, Flat, compare
from .tolerances import relative_tolerance

MODES = ("reverse", "forward")


class GradientError(AssertionError):
    """A gradient is wrong; the message says where, and draws the graph."""


@dataclass
class Report:
    """What `check_gradients` did.

    Attributes
    ----------
    oracles : list of str
        The oracle of each order: a complex step, or Richardson-extrapolated differences.
    kinks : list of (int, tuple of int)
        Elements (number of the array, index) along which the function has no derivative here, so none was compared.
    largest : float
        The largest disagreement, relative to the terms that were added up.
    """

    oracles: list[str] = field(default_factory=list)
    kinks: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    largest: float = 0.0


def check_gradients(
    f: Callable[..., Any],
    *args: Any,
    order: int = 2,
    modes: Sequence[str] = MODES,
    rtol: float | None = None,
    subgradients: bool = False,
    seed: int = 0,
) -> Report:
    """Compare the derivatives of `f` at `args` with an oracle that uses no rule.

    The outputs are contracted with a random adjoint, and the gradient of that is compared with a complex step where
    `f` is analytic, with Richardson-extrapolated differences elsewhere. For the next order, the gradient is contracted
    with a random direction and differentiated in turn.

    Parameters
    ----------
    f : callable
        Of arrays or nested dicts, lists and tuples of arrays, returning the same; written as for `tg.grad`.
    *args
        The point. Floating-point arrays (or Tensors) are differentiated, anything else is a constant.
    order : int
        Check derivatives up to this order.
    modes : sequence of {"reverse", "forward"}
        Whether to check the push-forward `tg.jvp` beside the pull-back.
    rtol : float, optional
        Overrides what `relative_tolerance` allows for the arguments' least exact dtype.
    subgradients : bool
        Whether a gradient at a kink must lie between the slopes on both sides, as it does for a function of one number.
    seed : int
        Chooses adjoints and directions.

    Returns
    -------
    Report
        Which oracle was used, and where there are kinks.

    Raises
    ------
    GradientError
        If a derivative is wrong. The message names the element, and the op whose rule is to blame with its source.
    TypeError, ValueError
        If there is nothing to differentiate, or a mode or order is not known.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> report = check_gradients(lambda W, h: np.tanh(W @ h), np.array([[0.5, -1.0]]), np.array([1.0, 2.0]))
    >>> report.oracles, report.kinks
    (['complex step', 'Richardson-extrapolated differences'], [])
    >>> check_gradients(np.abs, np.array([0.0, 1.0])).kinks
    [(0, (0,))]
    """
    if order < 1 or not modes or set(modes) - set(MODES):
        raise ValueError(f"check_gradients: expected order ≥ 1 and modes of {MODES}, got order={order}, modes={modes}")
    problem = _Problem(f, args, np.random.default_rng(seed))
    report = Report()
    scalar: Callable = problem.scalar
    tolerance = rtol if rtol is not None else max(relative_tolerance(leaf.dtype) for leaf in problem.leaves)
    for n in range(1, order + 1):
        _check_order(problem, scalar, n, tolerance, report, subgradients)
        scalar = problem.directional(scalar)
    if "forward" in modes:
        _check_forward(problem, tolerance)
    return report


class _Problem:
    """The function of some leaves (the differentiable arguments, then adjoints of the outputs) to be checked."""

    def __init__(self, f: Callable, args: tuple, rng: np.random.Generator):
        self.f = f
        self.args = args
        self.rng = rng
        given = [leaf._data if type(leaf) is Tensor else leaf for leaf in flatten(args)]
        self.varied = [i for i, leaf in enumerate(given) if np.asarray(leaf).dtype.kind == "f"]
        self.given = given
        if not self.varied:
            raise TypeError("check_gradients: no argument is floating-point, so there is nothing to differentiate")
        inputs = [np.array(given[i]) for i in self.varied]
        with no_grad():
            outputs = [np.asarray(_plain(y)) for y in flatten(self.call(*map(tensor, inputs)))]
        self.kept = [i for i, y in enumerate(outputs) if y.dtype.kind == "f"]
        if not self.kept:
            raise TypeError("check_gradients: the function returns nothing floating-point")
        self.outputs = [outputs[i] for i in self.kept]
        self.adjoints = [_eighths(rng, y) for y in self.outputs]
        self.leaves = [*inputs, *self.adjoints]

    def call(self, *inputs: Any) -> Any:
        """Call `f` with the differentiable arguments replaced."""
        leaves = list(self.given)
        for i, value in zip(self.varied, inputs, strict=True):
            leaves[i] = value
        return self.f(*rebuild(self.args, leaves))

    def scalar(self, *leaves: Any) -> Any:
        """Contract the outputs with the adjoints."""
        inputs, adjoints = leaves[: len(self.varied)], leaves[len(self.varied) :]
        outputs = flatten(self.call(*inputs))
        return _contract(adjoints, [outputs[i] for i in self.kept])

    def directional(self, scalar: Callable) -> Callable:
        """Return the derivative of `scalar` along a random direction, as a function of the same leaves."""
        directions = [_eighths(self.rng, leaf) for leaf in self.leaves]
        gradient = grad(scalar, tuple(range(len(self.leaves))))
        return lambda *leaves: _contract(directions, gradient(*leaves))


def _eighths(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    """Random numbers from ±1/2 to ±3/2 that are exact in every dtype."""
    return (rng.integers(4, 13, like.shape) * rng.choice([-1, 1], like.shape) / 8).astype(like.dtype)


def _contract(adjoints: Sequence[Any], outputs: Sequence[Any]) -> Any:
    total: Any = 0.0
    for adjoint, output in zip(adjoints, outputs, strict=True):
        total = total + np.sum(adjoint * output)
    return total


def _plain(value: Any) -> Any:
    return value._data if type(value) is Tensor else value


def _check_order(problem: _Problem, scalar: Callable, order: int, rtol: float, report: Report, strict: bool) -> None:
    gradients = [_plain(one) for one in grad(scalar, tuple(range(len(problem.leaves))))(*problem.leaves)]
    for i, (gradient, leaf) in enumerate(zip(gradients, problem.leaves, strict=True)):
        if np.shape(gradient) != leaf.shape or gradient.dtype != leaf.dtype:
            what = f"has shape {np.shape(gradient)} and dtype {gradient.dtype}, expected {leaf.shape} and {leaf.dtype}"
            raise GradientError(_message(problem, scalar, order, f"the gradient of {_called(problem, i)} {what}"))
    flat = Flat(problem.leaves)
    phi, point = _oracle_function(scalar, flat), flat.pack(problem.leaves)
    found = compare(phi, point, flat.pack(gradients), problem.rng, rtol, subgradients=strict)
    if found.faults:
        raise GradientError(_message(problem, scalar, order, _faults(problem, flat, found)))
    report.oracles.append(" and ".join(sorted(found.methods)) or "none: no elements")
    report.kinks += [place for place in map(flat.place, found.kinks) if place not in report.kinks]
    report.largest = max(report.largest, found.largest)


def _oracle_function(scalar: Callable, flat: Flat) -> Callable[[np.ndarray], Any]:
    """Return `scalar` of a vector: on Tensors as in use, for a complex step on plain arrays, as Tensors are real."""

    def phi(vector: np.ndarray) -> Any:
        leaves: list[Any] = flat.unpack(vector)
        with no_grad():
            if vector.dtype.kind == "c":
                return np.asarray(_plain(scalar(*leaves)))
            return _plain(scalar(*map(tensor, leaves)))

    return phi


def _check_forward(problem: _Problem, rtol: float) -> None:
    inputs = problem.leaves[: len(problem.varied)]
    tangents = [_eighths(problem.rng, leaf) for leaf in inputs]
    pushed = flatten(jvp(problem.call, inputs, tangents)[1])
    along = sum(float(np.sum(u * pushed[i])) for u, i in zip(problem.adjoints, problem.kept, strict=True))
    pulled = grad(problem.scalar, tuple(range(len(inputs))))(*problem.leaves)
    terms = [np.asarray(g, np.float64) * v for g, v in zip(pulled, tangents, strict=True)]
    expected = sum(float(np.sum(term)) for term in terms)
    if not np.isfinite(expected):
        return  # an infinite slope, which the pull-back has been checked for
    scale = sum(float(np.sum(np.abs(term))) for term in terms) + sum(
        float(np.sum(np.abs(u * y))) for u, y in zip(problem.adjoints, problem.outputs, strict=True)
    )
    if not abs(along - expected) <= max(rtol, 1e-12) * max(scale, abs(along)):
        what = f"the push-forward jvp gives ⟨u, Jv⟩ = {along:.10g}, the pull-back ⟨Jᵀu, v⟩ = {expected:.10g}"
        raise GradientError(_message(problem, problem.scalar, 1, what))


# -- messages --------------------------------------------------------------------------------------------------------


def _called(problem: _Problem, leaf: int) -> str:
    inputs = len(problem.varied)
    return f"array {problem.varied[leaf]}" if leaf < inputs else f"the adjoint of output {problem.kept[leaf - inputs]}"


def _faults(problem: _Problem, flat: Flat, found: Comparison) -> str:
    lines = []
    for fault in found.faults:
        leaf, index = flat.place(fault.element)
        lines.append(
            f"the gradient of {_called(problem, leaf)} at {index or 'its only element'} is {fault.got:.8g},"
            f" by {fault.method} {fault.expected:.8g}"
        )
    return "\n".join(lines)


def _message(problem: _Problem, scalar: Callable, order: int, what: str) -> str:
    """Say what is wrong, which rule is to blame, at which values, and draw the graph."""
    parts = [f"order {order}: {what}"]
    recorded = _recorded(problem, scalar)
    if recorded is not None:
        from .verification import verify  # verify stands on the oracles of this package

        parts += [f"to blame: {finding}" for finding in verify(recorded, first=True)[:1]]
    for i, leaf in enumerate(problem.leaves[: len(problem.varied)]):
        if leaf.size <= 64:
            parts.append(f"{_called(problem, i)}: {values_text(leaf)} {leaf.dtype}")
    if recorded is not None and len(recorded) <= 60:
        parts.append(sketch(recorded))
    return "\n".join(parts)


def _recorded(problem: _Problem, scalar: Callable) -> Graph | None:
    leaves = [tensor(leaf, requires_grad=True, name=_called(problem, i)) for i, leaf in enumerate(problem.leaves)]
    value = scalar(*leaves)
    return graph(value) if type(value) is Tensor else None

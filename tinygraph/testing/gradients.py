"""check_gradients: compare the gradients of a function with an oracle, at one point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..backward.derivatives import jvp
from ..backward.pytree import flatten
from .blame import rule_to_blame
from .comparison import Fault
from .drawing import values_text
from .findings import Finding
from .problem import Problem, signed
from .tolerances import relative_tolerance
from .verdicts import GradientError, drawing_of, setting_of

MODES = ("reverse", "forward")
_UNRECORDED = "  every rule agrees by itself: is a part of the function not recorded (.data, .detach(), .item())?"


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
        If there is nothing to differentiate, a mode or order is not known, or the function rounds to a narrow dtype.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> report = check_gradients(lambda W, h: np.tanh(W @ h), np.array([[0.5, -1.0]]), np.array([1.0, 2.0]))
    >>> report.oracles, report.kinks
    (['complex step', 'Richardson-extrapolated differences'], [])
    >>> check_gradients(np.abs, np.array([0.0, 1.0])).kinks
    [(0, (0,))]
    """
    __tracebackhide__ = True
    if order < 1 or not modes or set(modes) - set(MODES):
        raise ValueError(f"check_gradients: expected order ≥ 1 and modes of {MODES}, got order={order}, modes={modes}")
    try:
        return _Check(f, args, rtol, subgradients, seed).run(order, modes)
    except GradientError as verdict:
        raise verdict.alone() from None


class _Check:
    """A check under way."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], rtol: float | None, subgradients: bool, seed: int):
        self.problem = Problem(f, args, np.random.default_rng(seed))
        self.rtol = rtol if rtol is not None else max(relative_tolerance(leaf.dtype) for leaf in self.problem.leaves)
        self.subgradients = subgradients
        self.seed = seed
        self.report = Report()

    def run(self, orders: int, modes: Sequence[str]) -> Report:
        """Check all orders, and that `backward` and `jvp` agree with the first."""
        problem = self.problem
        scalar: Callable[..., Any] = problem.scalar
        for order in range(1, orders + 1):
            gradients = self.gradients(scalar, order)
            self.check_against_oracle(scalar, gradients, order)
            if order == 1:
                self.check_backward(gradients)
                if "forward" in modes:
                    self.check_forward(gradients)
            scalar = problem.directional(scalar)
        return self.report

    def gradients(self, scalar: Callable[..., Any], order: int) -> list[np.ndarray]:
        """Return the gradient of `scalar` with respect to each leaf."""
        problem = self.problem
        gradients = self.blaming_rules(lambda: problem.gradients(scalar), order, scalar)
        for i, (gradient, leaf) in enumerate(zip(gradients, problem.leaves, strict=True)):
            if np.shape(gradient) != leaf.shape or gradient.dtype != leaf.dtype:
                have = f"is {gradient.dtype} {np.shape(gradient)}, expected {leaf.dtype} {leaf.shape}"
                finding = rule_to_blame(problem, scalar)
                raise self.verdict([f"the gradient of {problem.name(i)} {have}"], order, finding)
        return gradients

    def check_against_oracle(self, scalar: Callable[..., Any], gradients: list[np.ndarray], order: int) -> None:
        """Compare the gradient of `scalar` with an oracle."""
        problem, report = self.problem, self.report
        comparison = problem.comparison(scalar, gradients, self.rtol, self.subgradients)
        if comparison.faults:
            finding = rule_to_blame(problem, scalar)
            faults = comparison.faults
            if finding is None:  # more of what is wrong may help to see why
                self.refuse_rounding()
                comparison = problem.comparison(scalar, gradients, self.rtol, self.subgradients, at_most=4)
                faults = comparison.faults or faults  # in other directions, what is barely wrong may pass
            wrong = [f"the gradient of {self.element(fault)}" for fault in faults]
            raise self.verdict(wrong, order, finding)
        report.oracles.append(" and ".join(sorted(comparison.methods)) or "none: no elements")
        report.kinks += [place for place in map(problem.flat.place, comparison.kinks) if place not in report.kinks]
        report.largest = max(report.largest, comparison.largest)

    def check_backward(self, gradients: list[np.ndarray]) -> None:
        """Compare what `backward` gives, whose rules see plain arrays, with what `tg.grad` gives."""
        problem = self.problem
        scale = sum(float(np.sum(np.abs(u * y))) for u, y in zip(problem.adjoints, problem.outputs, strict=True))
        by_backward = self.blaming_rules(problem.backward, 1, problem.scalar)
        for name, gradient, reference in zip(problem.names, by_backward, gradients, strict=False):
            room = self.rtol * max(scale, float(np.max(np.abs(reference), initial=0.0)))
            if not np.allclose(gradient, reference, rtol=self.rtol, atol=room, equal_nan=True):
                values = f"{values_text(gradient)}, tg.grad {values_text(reference)}"
                wrong = f"backward() gives {name} the gradient {values}"
                raise self.verdict([wrong], 1, rule_to_blame(problem))

    def check_forward(self, gradients: list[np.ndarray]) -> None:
        """Compare the push-forward `jvp` with the pull-back."""
        problem = self.problem
        tangents = [signed(problem.rng, leaf) for leaf in problem.inputs]
        derivative = problem.directional(problem.scalar)  # as jvp does, which pulls back twice, it differentiates rules
        pushed = self.blaming_rules(lambda: flatten(jvp(problem.call, problem.inputs, tangents)[1]), 2, derivative)
        outputs = [pushed[i] for i in problem.contracted]
        along = sum(float(np.sum(u * v)) for u, v in zip(problem.adjoints, outputs, strict=True))
        terms = [np.asarray(g, np.float64) * v for g, v in zip(gradients, tangents, strict=False)]
        expected = sum(float(np.sum(term)) for term in terms)
        if not np.isfinite(expected):
            return  # an infinite slope, which the pull-back has been checked for
        scale = sum(float(np.sum(np.abs(term))) for term in terms) + sum(
            float(np.sum(np.abs(u * y))) for u, y in zip(problem.adjoints, problem.outputs, strict=True)
        )
        if not abs(along - expected) <= max(self.rtol, 1e-12) * max(scale, abs(along)):
            wrong = f"the push-forward jvp gives ⟨u, Jv⟩ = {along:.10g}, the pull-back ⟨Jᵀu, v⟩ = {expected:.10g}"
            raise self.verdict([wrong], 1, rule_to_blame(problem))

    def blaming_rules(self, compute: Callable[[], list[Any]], order: int, scalar: Callable[..., Any]) -> list[Any]:
        """Return what `compute` does; where it raises because of a rule, raise the verdict on that rule."""
        try:
            return compute()
        except Exception:
            finding = rule_to_blame(self.problem, scalar)
            if finding is None:
                raise
            raise self.verdict([], order, finding) from None

    def refuse_rounding(self) -> None:
        """Raise an error if the function rounds, since that is a staircase, whose slope no rule gives."""
        cast = self.problem.rounding()
        if cast is not None:
            raise ValueError(
                f"check_gradients: the function rounds to {cast.dtype}, so differences say nothing about its gradient:"
                f" check it without the cast, or each op in it by tg.verify\n  {cast.source or ''}"
            )

    def element(self, fault: Fault) -> str:
        """Say which element is wrong."""
        leaf, index = self.problem.flat.place(fault.element)
        return f"{self.problem.name(leaf)} is {fault.values(index)}"

    def verdict(self, wrong: list[str], order: int, finding: Finding | None) -> GradientError:
        """Return the error that says what is wrong, which rule is to blame, at which values, and draws the graph."""
        problem = self.problem
        if finding is None:
            headline, cause, further = f"{wrong[0]}, order {order}", _UNRECORDED, wrong[1:]
        else:  # where the test calls the op itself, the headline says it all
            headline, cause, further = finding.headline, finding.cause, wrong if finding.place or order > 1 else []
        return GradientError(
            headline,
            cause,
            evidence="\n".join(f"  order {order}: {line}" for line in further),
            setting=f"  {setting_of(self.seed, problem.names, problem.inputs)}",
            drawing=drawing_of(problem.recorded()),
        )

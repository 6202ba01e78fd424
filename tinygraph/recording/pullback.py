"""Pulling an adjoint back through one op: by arity, since this is the innermost loop of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .broadcasting import conform, like
from .primitive import Primitive, Rule, rule_place
from .sparse import Sparse


def puller(op: Primitive, once: Rule | None = None) -> Callable[..., tuple]:
    """Return ``pull(g, y, values, inputs, attributes)``: what an adjoint contributes to each input of such a node.

    `once`, of an op with any number of inputs, makes of ``(values, **attributes)`` what its rule gets in their place.
    """
    first = op.rules[0]
    if first is not None and op.variadic:
        return _pull_each(first, once)
    if first is not None and len(op.rules) == 1:
        return _pull_one(first)
    if len(op.rules) == 2 and None not in op.rules:
        return _pull_two_broadcast(*op.rules) if op.elementwise else _pull_two(*op.rules)
    if len(op.rules) == 3 and None not in op.rules and not op.elementwise:
        return _pull_three(*op.rules)
    return _pull_all(op.rules, op.elementwise)


class RuleError(ValueError):
    """A VJP rule gave something that is no contribution to its argument."""


def checked(op: Primitive, pull: Callable[..., tuple]) -> Callable[..., tuple]:
    """Return the pull-back of an op that a program defined itself, with its contributions checked.

    A contribution of another shape could be broadcast further down, and give a wrong gradient in silence.
    """

    def checked_pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        try:
            contributions = pull(g, y, values, inputs, attributes)
        except AttributeError as error:
            if error.name not in ("shape", "dtype", "astype"):
                raise
            raise RuleError(f"{op.name}: a rule gave {type(error.obj).__name__}, not an array") from error
        except Exception as error:
            raise _explained(op, error, g, y, values, inputs, attributes or {}) from error
        for argument, (source, contribution) in enumerate(zip(inputs, contributions, strict=False)):
            if source is None or not source.requires_grad or op.rule(argument) is None:
                continue
            gave = _misfit(contribution, (g, *values), values[argument])
            if gave:
                rule = f"{op.name}: the rule for {_argument(op, argument)}"
                raise RuleError(f"{rule} gave {gave}{_written(op, argument)}")
        return contributions

    return checked_pull


def _explained(
    op: Primitive, error: Exception, g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any]
) -> Exception:
    """Return the error of a pull-back, with the rule named that raised it, or whose contribution does not fit."""
    for argument, source in enumerate(() if op.variadic else inputs):
        rule = op.rule(argument)
        if source is None or not source.requires_grad or rule is None:
            continue
        blamed = f"{op.name}: the rule for {_argument(op, argument)}"
        try:
            contribution = rule(g, y, *values, **attributes)
        except Exception:
            error.add_note(f"raised by {blamed}{_written(op, argument)}")
            return error
        try:
            conform(contribution, values[argument])
        except Exception:
            gave = _misfit(contribution, (g, *values), values[argument])
            return RuleError(f"{blamed} gave {gave}{_written(op, argument)}")
    return error


def _misfit(contribution: Any, operands: tuple, value: Any) -> str:
    """Say what a rule gave that is no contribution to an argument of that value; nothing if it is one."""
    if contribution is None:
        return "None"
    if hasattr(contribution, "requires_grad") and not any(hasattr(x, "requires_grad") for x in operands):
        return "a Tensor, where it was given arrays"
    shape = contribution.like.shape if type(contribution) is Sparse else np.shape(contribution)
    if shape != np.shape(value):
        return f"a contribution of shape {shape}, the argument has shape {np.shape(value)}"
    return ""


def _argument(op: Primitive, argument: int) -> str:
    name = f" ({op.arguments[argument]})" if argument < len(op.arguments) else ""
    return f"argument {argument}{name}"


def _written(op: Primitive, argument: int) -> str:
    formula, place = op.formula(argument), rule_place(op.rule(argument))
    return (f"\n  rule: {formula}" if formula else "") + (f"\n  written in {place}" if place else "")


def _pull_one(rule: Rule) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        if attributes is None:
            return (rule(g, y, *values),)
        return (rule(g, y, *values, **attributes),)

    return pull


def _pull_two_broadcast(left: Any, right: Any) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        a, b = values
        source, other = inputs
        first = second = None
        if source is not None and source.requires_grad:
            first = left(g, y, a, b)
            if first.shape != a.shape or first.dtype is not a.dtype:
                first = conform(first, a)
        if other is not None and other.requires_grad:
            second = right(g, y, a, b)
            if second.shape != b.shape or second.dtype is not b.dtype:
                second = conform(second, b)
        return first, second

    return pull


def _pull_two(left: Any, right: Any) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        source, other = inputs[0], inputs[1]
        named = attributes or _NOTHING
        first = second = None
        if source is not None and source.requires_grad:
            first = left(g, y, *values, **named)
            if first.dtype is not values[0].dtype:
                first = like(first, values[0])
        if other is not None and other.requires_grad:
            second = right(g, y, *values, **named)
            if second.dtype is not values[1].dtype:
                second = like(second, values[1])
        return first, second

    return pull


_NOTHING: dict[str, Any] = {}


def _pull_three(first_rule: Any, second_rule: Any, third_rule: Any) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        a, b, c = inputs
        x, z, w = values
        named = attributes or _NOTHING
        first = second = third = None
        if a is not None and a.requires_grad:
            first = first_rule(g, y, x, z, w, **named)
            if first.dtype is not x.dtype:
                first = like(first, x)
        if b is not None and b.requires_grad:
            second = second_rule(g, y, x, z, w, **named)
            if second.dtype is not z.dtype:
                second = like(second, z)
        if c is not None and c.requires_grad:
            third = third_rule(g, y, x, z, w, **named)
            if third.dtype is not w.dtype:
                third = like(third, w)
        return first, second, third

    return pull


def _pull_all(rules: tuple[Rule | None, ...], elementwise: bool) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        named = attributes or {}
        contributions: list[Any] = []
        for rule, source, value in zip(rules, inputs, values, strict=False):
            if rule is None or source is None or not source.requires_grad:
                contributions.append(None)
                continue
            contribution = rule(g, y, *values, **named)
            if elementwise and contribution.shape != value.shape:
                contribution = conform(contribution, value)
            elif contribution.dtype is not value.dtype:
                contribution = contribution.astype(value.dtype)
            contributions.append(contribution)
        return tuple(contributions)

    return pull


def _pull_each(rule: Rule, once: Rule | None) -> Callable[..., tuple]:
    def pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: dict[str, Any] | None) -> tuple:
        named = attributes or {}
        operands = values if once is None else once(values, **named)
        return tuple(
            [
                None
                if source is None or not source.requires_grad
                else like(rule(i, g, y, operands, **named), values[i])
                for i, source in enumerate(inputs)
            ]
        )

    return pull

"""Pulling an adjoint back through one op: by arity, since this is the innermost loop of training."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable
from functools import cache
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
    return _written_out(op, "pull")


def pusher(op: Primitive) -> Callable[..., None]:
    """Return ``push``, which adds to running sums what ``pull`` would return; for ops with a rule for each argument."""
    return _written_out(op, "push")


def _written_out(op: Primitive, kind: str) -> Callable[..., Any]:
    wanted = tuple(rule is not None for rule in op.rules)
    return _writer(kind, wanted, op.elementwise, op.saves is not None, bool(op.defaults))(*op.rules)


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
    dtype = getattr(contribution, "dtype", None)
    if dtype is not None and dtype.kind not in "biuf":
        return f"{dtype}, expected {np.asarray(value).dtype}"  # of objects NumPy would make numbers
    return ""


def _argument(op: Primitive, argument: int) -> str:
    name = f" ({op.arguments[argument]})" if argument < len(op.arguments) else ""
    return f"argument {argument}{name}"


def _written(op: Primitive, argument: int) -> str:
    formula, place = op.formula(argument), rule_place(op.rule(argument))
    return (f"\n  rule: {formula}" if formula else "") + (f"\n  written in {place}" if place else "")


_ARGUMENTS = {"pull": "g, y, values, inputs, attributes", "push": "g, node, sums, owned, accumulate"}


@cache
def _writer(
    kind: str, wanted: tuple[bool, ...], elementwise: bool, saves: bool, attributes: bool
) -> Callable[..., Any]:
    """Return what makes a pull-back of rules: written out by arity, as loops and ``*values`` cost as much again.

    Of two arguments without attributes it reads::

        def pull(g, y, values, inputs, attributes):
            x0, x1 = values
            source0, source1 = inputs
            c0 = c1 = None
            if source0 is not None and source0.requires_grad:
                c0 = rule0(g, y, x0, x1)
                if c0.dtype is not x0.dtype:
                    c0 = like(c0, x0)
            …
            return c0, c1

    and where it pushes, it takes the node, reads these off it, and has in place of the last line, after each
    contribution::

                if source0 not in sums:
                    sums[source0] = c0
                elif source0 in owned and type(c0) is ndarray:
                    sums[source0] += c0
                else:
                    accumulate(source0, c0)
    """
    count = len(wanted)
    each = range(count)
    operands = [f"x{i}" for i in each] + ["saved"] * saves
    given = ", ".join(["g", "y", *operands])
    of = "node._" if kind == "push" else ""
    lines = [f"{', '.join(operands)}, = {of}values", f"{', '.join(f'source{i}' for i in each)}, = {of}inputs"]
    if kind == "push":
        lines += ["y = node._value", *["attributes = node._attributes"] * attributes]
    else:
        lines += [" = ".join(f"c{i}" for i in each) + " = None"]
    for i in [i for i in each if wanted[i]]:
        rule = f"rule{i}({given})"
        if attributes:
            rule = f"rule{i}({given}, **attributes) if attributes else {rule}"
        lines += [f"if source{i} is not None and source{i}.requires_grad:", f"    c{i} = {rule}"]
        if count > 1:
            differs = f"c{i}.shape != x{i}.shape or " if elementwise else ""
            lines += [
                f"    if {differs}c{i}.dtype is not x{i}.dtype:",
                f"        c{i} = {'conform' if elementwise else 'like'}(c{i}, x{i})",
            ]
        if kind == "push":
            lines += [
                f"    if source{i} not in sums:",
                f"        sums[source{i}] = c{i}",
                f"    elif source{i} in owned and type(c{i}) is ndarray:",
                f"        sums[source{i}] += c{i}",
                "    else:",
                f"        accumulate(source{i}, c{i})",
            ]
    if kind == "pull":
        lines += [f"return {', '.join(f'c{i}' for i in each)},"]
    rules = ", ".join(f"rule{i}" for i in each)
    head = [f"def write({rules}):", f"    def {kind}({_ARGUMENTS[kind]}):"]
    text = "\n".join([*head, *(f"        {line}" for line in lines), f"    return {kind}", ""])
    place = f"{__file__} ({kind}, {count}, {elementwise}, {saves}, {attributes})"
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)  # for tracebacks
    space = {"conform": conform, "like": like, "ndarray": np.ndarray}
    exec(compile(text, place, "exec"), space)
    return space["write"]  # type: ignore[return-value]


def hand_on(inputs: Iterable[Any], contributions: Iterable[Any], sums: dict, owned: set, accumulate: Callable) -> None:
    """Add contributions to the running sums of the inputs, as ``push`` does."""
    for source, contribution in zip(inputs, contributions):  # noqa: B905 - strict= costs 100 ns a node
        if contribution is None:
            continue
        if source not in sums:
            sums[source] = contribution
        elif source in owned and type(contribution) is np.ndarray:
            sums[source] += contribution
        else:
            accumulate(source, contribution)


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

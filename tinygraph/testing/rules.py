"""One VJP rule run by itself: whether it gives an array that fits its argument at all, and how it is shown."""

from __future__ import annotations

import os
import textwrap
from typing import Any

import numpy as np

from ..recording.op import Op
from ..recording.rule_text import laid_out
from ..recording.sparse import dense
from ..recording.tensor import Tensor


def has_rule(op: Op, argument: int) -> bool:
    """Tell whether an adjoint is pulled back to `argument`.

    Examples
    --------
    >>> import tinygraph as tg
    >>> has_rule(tg.where, 0), has_rule(tg.where, 1)  # where(condition, a, b)
    (False, True)
    """
    return op.rules[0 if op.variadic else argument] is not None


def is_built_in(op: Op) -> bool:
    """Tell whether a differentiable op is one that tinygraph brings.

    Examples
    --------
    >>> import tinygraph as tg
    >>> is_built_in(tg.tanh), is_built_in(tg.op(lambda x: 2 * x, vjp=lambda g, y, x: 2 * g, name="double"))
    (True, False)
    """
    return any((rule.__module__ or "").startswith("tinygraph.ops") for rule in op.rules if rule)


def rule_name(op: Op, argument: int) -> str:
    """Return how the rule for an argument is called in messages.

    Examples
    --------
    >>> import tinygraph as tg
    >>> rule_name(tg.multiply, 1), rule_name(tg.registry["stack"][0], 1)
    ('the rule for b', 'the rule for argument 1')
    """
    return f"the rule for {f'argument {argument}' if op.variadic else op.arguments[argument]}"


def show_rule(op: Op, argument: int, label: str = "rule") -> str:
    """Return the source of a rule, with its line breaks, and where it is written; empty where there is no source.

    Examples
    --------
    >>> import tinygraph as tg
    >>> print(show_rule(tg.tanh, 0))
      rule: g * (1 - y * y)
      in File "...transcendental.py", line ...
    """
    rule = op.rules[0 if op.variadic else argument]
    text = "" if rule is None else laid_out(rule)
    if not text:
        return ""
    text = f" {text}" if "\n" not in text else "\n" + textwrap.indent(text, "    ")
    code = rule.__code__  # type: ignore[union-attr] # what has a source has code
    return f'  {label}:{text}\n  in File "{_short(code.co_filename)}", line {code.co_firstlineno}'


def _short(filename: str) -> str:
    """Return a path relative to the working directory, if it lies there."""
    inside = filename.startswith(os.getcwd() + os.sep)
    return os.path.relpath(filename) if inside else filename


def misfit(op: Op, argument: int, adjoint: Any, y: Any, values: tuple[Any, ...], attributes: dict[str, Any]) -> str:
    """Run one rule, and say what is wrong with what it gives before any number is looked at; empty if it fits.

    Parameters
    ----------
    op : Op
    argument : int
    adjoint, y : array
        The adjoint of the output, and the output.
    values : tuple
        The op's arguments, and last what it saves.
    attributes : dict

    Examples
    --------
    >>> import tinygraph as tg
    >>> double = tg.op(lambda x: 2 * x, vjp=lambda g, y, x: 2 * g.sum(), name="double")
    >>> misfit(double, 0, np.ones(3), 2 * np.ones(3), (np.ones(3),), {})
    'gives shape (), expected (3,)'
    """
    try:
        if op.variadic:
            inputs = values if op.once is None else op.once(values, **attributes)
            contribution = op.rules[0](argument, adjoint, y, inputs, **attributes)  # type: ignore[misc]
        else:
            contribution = op.rules[argument](adjoint, y, *values, **attributes)  # type: ignore[misc]
    except Exception as error:
        return f"raises {type(error).__name__}: {str(error).partition(chr(10))[0]}"
    expected = np.asarray(values[argument])
    if contribution is None:
        return f"gives None, so no contribution; expected an array of shape {expected.shape}"
    if type(contribution) is Tensor:
        return "gives a Tensor for plain arrays: does it use a Tensor that is none of its arguments?"
    array = dense(contribution)
    if not isinstance(array, np.ndarray | np.generic):
        return f"gives a {type(array).__name__}, expected an array of shape {expected.shape}"
    if not _fits(array.shape, expected.shape, summed=op.elementwise and len(op.rules) > 1):
        return f"gives shape {array.shape}, expected {expected.shape}"
    if array.dtype.kind not in "fiub":
        return f"gives {array.dtype}, expected {expected.dtype}"
    return ""


def _fits(shape: tuple[int, ...], expected: tuple[int, ...], summed: bool) -> bool:
    """Tell whether a contribution has its argument's shape, or is brought to it by sums over stretched axes."""
    if shape == expected or not summed:
        return shape == expected
    aligned = (1,) * (len(shape) - len(expected)) + expected
    return len(aligned) == len(shape) and all(m in (1, n) for n, m in zip(shape, aligned, strict=True))

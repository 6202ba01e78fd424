"""One VJP rule run by itself: whether it gives an array that fits its argument at all, and how it is shown."""

from __future__ import annotations

import textwrap

import numpy as np

from ..backward.replay import pull
from ..recording.node import Node
from ..recording.primitive import Primitive, laid_out, rule_place
from ..recording.pullback import RuleError
from ..recording.sparse import dense
from ..recording.tensor import Tensor


def rule_name(op: Primitive, argument: int) -> str:
    """Return how the rule for an argument is called in messages.

    Examples
    --------
    >>> import tinygraph as tg
    >>> rule_name(tg.multiply, 1), rule_name(tg.registry["stack"][0], 1)
    ('the rule for b', 'the rule for argument 1')
    """
    return f"the rule for {f'argument {argument}' if op.variadic else op.arguments[argument]}"


def show_rule(op: Primitive, argument: int, label: str = "rule") -> str:
    """Return the source of a rule, with its line breaks, and where it is written; empty where there is no source.

    Examples
    --------
    >>> import tinygraph as tg
    >>> print(show_rule(tg.tanh, 0))
      rule: g * (1 - y * y)
      in File "...transcendental.py", line ...
    """
    rule = op.rule(argument)
    text = "" if rule is None else laid_out(rule)
    if not text:
        return ""
    text = f" {text}" if "\n" not in text else "\n" + textwrap.indent(text, "    ")
    return f"  {label}:{text}\n  in {rule_place(rule)}"


def misfit(node: Node, argument: int, adjoint: np.ndarray) -> str:
    """Run the rule for one argument, and say what is wrong before its numbers are looked at; empty if it fits.

    Examples
    --------
    >>> import tinygraph as tg
    >>> double = tg.op(lambda x: 2 * x, vjp=lambda g, y, x: 2 * g.sum(), name="double")
    >>> misfit(tg.graph(double(tg.parameter(np.ones(3)))).outputs[0], 0, np.ones(3))
    'gives shape (), expected (3,)'
    """
    op, values = node.op, node.values()
    assert op is not None
    try:
        if op.variadic:  # what its rule gets in place of the arrays, only the whole pull-back knows
            contribution = pull(node, adjoint, argument)[argument]
        else:
            contribution = op.rule(argument)(adjoint, node._value, *values, **node.attributes)
        contribution = dense(contribution)
    except RuleError as error:
        return f"gives {str(error).partition(chr(10))[0].partition(' gave ')[2]}"
    except Exception as error:
        return f"raises {type(error).__name__}: {str(error).partition(chr(10))[0]}"
    expected = np.asarray(values[argument])
    if contribution is None:
        return f"gives None, so no contribution; expected an array of shape {expected.shape}"
    if isinstance(contribution, Tensor):
        return "gives a Tensor for plain arrays: does it use a Tensor that is none of its arguments?"
    if not isinstance(contribution, np.ndarray | np.generic):
        return f"gives a {type(contribution).__name__}, expected an array of shape {expected.shape}"
    if not _fits(contribution.shape, expected.shape, summed=op.elementwise and len(op.rules) > 1):
        return f"gives shape {contribution.shape}, expected {expected.shape}"
    if contribution.dtype.kind not in "fiub":
        return f"gives {contribution.dtype}, expected {expected.dtype}"
    return ""


def _fits(shape: tuple[int, ...], expected: tuple[int, ...], summed: bool) -> bool:
    """Tell whether a contribution has its argument's shape, or is brought to it by sums over stretched axes."""
    if shape == expected or not summed:
        return shape == expected
    aligned = (1,) * (len(shape) - len(expected)) + expected
    return len(aligned) == len(shape) and all(m in (1, n) for n, m in zip(shape, aligned, strict=True))

"""Gradient tests by property, for authors of ops and cells.

**One point.** `check_gradients` compares the derivatives of a function, to any order, with an oracle that uses no rule:

>>> import numpy as np, tinygraph as tg
>>> def cell(W, U, h, x):
...     return np.tanh(W @ h + U @ x)
>>> W, U, h, x = np.eye(2), np.ones((2, 1)), np.array([0.5, -0.5]), np.array([1.0])
>>> tg.testing.check_gradients(cell, W, U, h, x).oracles
['complex step', 'Richardson-extrapolated differences']

A complex step is exact, but needs an analytic function; elsewhere, and for the second order, extrapolated differences
serve. At a kink no derivative exists: it is reported, not failed. (``subgradients=True`` still requires the gradient to
lie between the slopes on both sides.)

>>> tg.testing.check_gradients(np.abs, np.array([0.0, 1.0])).kinks
[(0, (0,))]

**All points.** With `Hypothesis <https://hypothesis.readthedocs.io>`_ (optional: ``pip install hypothesis``),
`tensors` draws arguments by named dimensions, which agree across all arguments of a test:

>>> from hypothesis import given
>>> from tinygraph.testing import tensors
>>> @given(W=tensors("H H"), U=tensors("H I"), h=tensors("H"), x=tensors("I"))
... def test_cell(W, U, h, x):
...     tg.testing.check_gradients(cell, W, U, h, x)
>>> test_cell()

**An op of your own.** Ten lines: its forward function, its rule, where it is smooth, calls to try, and the laws.

>>> softsign = tg.op(
...     lambda x: x / (1 + np.abs(x)),
...     vjp=lambda g, y, x: g / (1 + np.abs(x)) ** 2,
...     name="softsign",
...     domain="nonzero",           # away from 0, where np.abs has its kink
...     samples=(((3, 4),), ((),)),  # one array: of shape (3, 4), then a number
... )
>>> tg.testing.check_op(softsign)   # keeps every law in `LAWS`, or raises LawError

What goes wrong is named, with the rule to blame, the values, and a drawing. Had the square been forgotten:

>>> wrong = tg.op(lambda x: x / (1 + x * x), vjp=lambda g, y, x: g / (1 + x * x), name="wrong", samples=(((2,),),))
>>> tg.testing.check_op(wrong)
Traceback (most recent call last):
    ...
tinygraph.testing.laws.LawError: wrong({}), arguments of shape (2,): adjoint: order 1: the gradient of ...
to blame: wrong, argument 0: element (0,) is ...
  rule: g / (1 + x * x)
...

**Programs.** `programs` draws whole programs over the registry, so ops are tested in one another's company; a failure
shrinks to the fewest lines:

>>> @given(program=tg.testing.programs(max_lines=3))
... def test_programs(program):
...     tg.testing.check_gradients(program, *program.inputs, order=1)
>>> test_programs()

**The laws**, each a function ``law(f, args, rng)``: `LAWS` has them by name, `check_laws` applies them to any function.

- adjoint: ⟨v, Jᵀu⟩ = ⟨Jv, u⟩, with Jv from an oracle and from `tg.jvp`
- second_order: the rules themselves have the derivatives that an oracle finds
- linearity: Jᵀ(au + bw) = a Jᵀu + b Jᵀw
- shared_inputs: an input used twice receives the sum
- constants: a gradient does not depend on which other arguments are constants
- recording: Tensors give the value that arrays give; `backward` gives the gradient of the recorded pull-back
- purity: nothing given is changed, and no gradient shares memory with a value or another gradient
- dtypes_and_shapes: float16, float32 and float64 stay what they are, and a gradient has its argument's shape
- broadcasting: a stretched argument receives the sum over its copies (elementwise functions only)

**Tolerances** are in `relative_tolerance`, with their reasons. To find the wrong rule in a long recorded network, see
`tinygraph.testing.verification.verify`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .check import GradientError, Report, check_gradients
from .drawing import sketch
from .laws import LAWS, LawError, check_laws, check_op
from .tolerances import relative_tolerance

if TYPE_CHECKING:
    from .random_programs import Program, programs
    from .strategies import arrays, axes_of, calls, indices_of, shapes, tensors

__all__ = [
    "LAWS",
    "GradientError",
    "LawError",
    "Program",
    "Report",
    "arrays",
    "axes_of",
    "calls",
    "check_gradients",
    "check_laws",
    "check_op",
    "indices_of",
    "programs",
    "relative_tolerance",
    "shapes",
    "sketch",
    "tensors",
]

_WITH_HYPOTHESIS = {
    **dict.fromkeys(("arrays", "axes_of", "calls", "indices_of", "shapes", "tensors"), "strategies"),
    **dict.fromkeys(("Program", "programs"), "random_programs"),
}


def __getattr__(name: str) -> Any:
    """Import strategies when they are first asked for, so that all else works without Hypothesis."""
    if name not in _WITH_HYPOTHESIS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f".{_WITH_HYPOTHESIS[name]}", __name__)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError(f"tg.testing.{name} needs Hypothesis: pip install hypothesis") from error
    found = getattr(module, name)
    globals()[name] = found
    return found

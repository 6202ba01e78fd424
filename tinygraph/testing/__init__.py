"""Gradient tests by property, for authors of ops and cells.

**One point.** `check_gradients` compares the derivatives of a function, to any order, with an oracle that uses no rule:

>>> import numpy as np, tinygraph as tg
>>> def cell(W, U, h, x):
...     return np.tanh(W @ h + U @ x)
>>> W, U, h, x = np.eye(2), np.ones((2, 1)), np.array([0.5, -0.5]), np.array([1.0])
>>> tg.testing.check_gradients(cell, W, U, h, x).oracles
['complex step', 'Richardson-extrapolated differences']

A complex step is exact, but needs an analytic function; elsewhere, and for the second order, extrapolated differences
serve. What ``backward()`` gives is compared too, since there the rules see plain arrays. At a kink no derivative
exists: it is reported, not failed. (``subgradients=True`` still requires the gradient to lie between the slopes on both
sides.)

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

What goes wrong is named: the rule, its text, what it gave and what is right, at which values. Had it been forgotten
that x stands below the line too:

>>> wrong = tg.op(lambda x: x / (1 + x * x), vjp=lambda g, y, x: g / (1 + x * x), name="wrong", samples=(((2,),),))
>>> tg.testing.check_op(wrong)
Traceback (most recent call last):
    ...
tinygraph.testing.LawError: wrong: the rule for x gives 1.11927 at (0,), expected 1.08443 (complex step)
  rule: g / (1 + x * x)
  in File "...", line 1
  law: adjoint, at seed=0, x = [ 0.126, -0.132]
  in check_op(wrong, seed=0), for the call wrong(x (2,))

What `tg.op` may be told of an op, so that tests know what to try:

- ``domain``: where the op is smooth, as a name in `DOMAINS` ("real", "positive", "nonzero", "unit", "above one",
  "distinct", "fraction", "invertible", "spd"), or as a function ``(rng, shape) -> array``; a tuple of these gives each
  argument its own, the last one serving the rest
- ``samples``: calls to try, a tuple of tuples ``(argument, …, {attributes})``; a tuple of integers stands for an array
  of that shape drawn from the domain, anything else for itself
- ``kinks``: a sentence for the reader: where the op has no derivative, what the rule gives there, and whose convention
  that is. It has `check_op` try the op there too: the gradient has to lie between the slopes on both sides

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
- hidden_state: a gradient is that of its own call, whatever the function was called with since
- recording: Tensors give the value that arrays give; `backward` gives the gradient of the recorded pull-back
- purity: nothing given is changed, and no gradient shares memory with a value or another gradient
- dtypes_and_shapes: float16, float32 and float64 stay what they are, and a gradient has its argument's shape
- broadcasting: a stretched argument receives the sum over its copies (elementwise functions only)

**Reports.** Strategies bring a profile of Hypothesis along, "tinygraph", with no deadline and no explain phase. It is
loaded with them, unless a profile was chosen: ``settings.load_profile("default")`` takes that back, and ``pytest
--hypothesis-profile=tinygraph`` gives it to all tests. The pytest plugin that comes with tinygraph leaves the engine's
frames out of a failing report: what remains is the line of the test, and the verdict.

**Tolerances** are in `relative_tolerance`, with their reasons. To find the wrong rule in a long recorded network, see
`tg.verify`.

The map:

- `oracle`, `comparison`, `tolerances`: derivatives found without any rule, and a gradient compared with them
- `problem`, `gradients`: a function at a point prepared for a check, and `check_gradients`
- `laws`, `law_checks`: the laws, and `check_laws`, `check_op`, `check_at_kinks` which apply them
- `rules`, `verification`, `blame`: one rule run by itself, all those of a graph, and the one to blame
- `verdicts`, `drawing`: what is raised, and the graph in plain text
- `domains`, `attributes`, `strategies`, `program`, `random_programs`: what to try
- `profile`: how Hypothesis searches and prints
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .domains import DOMAINS
from .drawing import sketch
from .gradients import Report, check_gradients
from .law_checks import check_laws, check_op
from .laws import LAWS
from .tolerances import relative_tolerance
from .verdicts import GradientError, LawError

if TYPE_CHECKING:
    from .program import Program
    from .random_programs import programs
    from .strategies import arrays, axes_of, calls, indices_of, shapes, tensors

__all__ = [
    "DOMAINS",
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
    "Program": "program",
    "programs": "random_programs",
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
    strategy = globals()[name] = getattr(module, name)
    return strategy

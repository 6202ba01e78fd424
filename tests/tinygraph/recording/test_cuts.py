"""Where a Tensor would leave the graph: what the user's own line asks for is given, everything else is refused."""

from __future__ import annotations

import array
import cmath
import functools
import math
import re
import statistics
import struct

import numpy as np
import pytest
from scipy import integrate, optimize

import tinygraph as tg


def weights():
    return tg.parameter([0.5, 1.2])


def assign_a_cell(t):
    table = np.zeros(3)
    table[0] = t


def add_to_a_cell(t):
    table = np.zeros(3)
    table[0] += t


def assign_a_flat_cell(t):
    table = np.zeros(3)
    table.flat[0] = t


def assign_a_cell_of_two_axes(t):
    table = np.zeros((3, 2))
    table[1, -1] = t


def assign_to_a_field(t):
    table = np.zeros(2, dtype=[("a", float)])
    table["a"][0] = t


REFUSED = {
    "assign a cell": assign_a_cell,
    "add to a cell": add_to_a_cell,
    "assign a cell of two axes": assign_a_cell_of_two_axes,
    "assign to a field": assign_to_a_field,
    "fill": lambda t: np.zeros(2).fill(t),
    "np.float64": lambda t: np.float64(t),
    "np.float32": lambda t: np.float32(t),
    "np.fromiter": lambda t: np.fromiter([t, t], float),
    "np.array": lambda t: np.array([t, t]),
    "np.sum of a list": lambda t: np.sum([t, t]),
    "np.random": lambda t: np.random.default_rng(0).normal(t),
    "math.exp": lambda t: math.exp(t),
    "math.sqrt": lambda t: math.sqrt(t),
    "math.fsum": lambda t: math.fsum([t, t]),
    "math.hypot": lambda t: math.hypot(t, 1.0),
    "cmath.exp": lambda t: cmath.exp(t),
    "complex": lambda t: complex(t),
    "array.array": lambda t: array.array("d", [t]),
    "statistics.mean": lambda t: statistics.mean([t, t]),
    "statistics.fmean": lambda t: statistics.fmean([t, t]),
    "quad": lambda t: integrate.quad(lambda s: t * s, 0, 1),
    "quad to a Tensor": lambda t: integrate.quad(lambda s: s, 0, t),
    "partial": lambda t: functools.partial(math.exp, t)(),
    "tg.tensor": lambda t: tg.tensor(t),
}


def chain(error):
    """The messages of an error and of those it was raised from: NumPy and SciPy put their own in front."""
    while error is not None:
        yield str(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("name", REFUSED)
def test_a_conversion_that_nobody_asked_for_is_refused(name):
    with pytest.raises((TypeError, ValueError, struct.error, SystemError)) as caught:
        REFUSED[name](weights()[0])
    said = "\n".join(chain(caught.value))
    assert "in silence" in said
    assert __file__ in said


@pytest.mark.parametrize(
    "cut",
    [
        assign_a_flat_cell,
        lambda t: struct.pack("d", t),
        lambda t: optimize.brentq(lambda s: s - t, -5, 5),
    ],
    ids=["flat", "struct", "brentq"],
)
def test_where_others_put_their_own_error_in_the_place_of_ours_it_is_refused_all_the_same(cut):
    with pytest.raises((TypeError, ValueError, SystemError, struct.error)):
        cut(weights()[0])


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("assign a cell", r"np\.stack\(values\)(.|\n)*table\.at\[i\]\.set\(t\)"),
        ("math.exp", r"np\.exp is recorded"),
        ("np.array", r"np\.stack\(\[t1, t2\]\)"),
        ("tg.tensor", r"t\.detach\(\)"),
    ],
)
def test_the_refusal_says_what_to_write_instead(name, instead):
    with pytest.raises((TypeError, ValueError)) as caught:
        REFUSED[name](weights()[0])
    assert any(re.search(instead, said) for said in chain(caught.value))


def cell_by_float(t):
    table = np.zeros(2)
    table[0] = float(t)
    return table.tolist()


ALLOWED = {  # what people write, and what it gives where t is 0.5
    "float": (lambda t: float(t), 0.5),
    "item": (lambda t: t.item(), 0.5),
    "int": (lambda t: int(t * 10), 5),
    "np.int64": (lambda t: np.int64(t * 10), 5),
    "an array of integers": (lambda t: np.asarray(t * 10, dtype=int), 5),
    "np.bool_": (lambda t: np.bool_(t), True),
    "map": (lambda t: list(map(float, [t, t])), [0.5, 0.5]),
    "map in a list": (lambda t: [*map(float, [t, t])], [0.5, 0.5]),
    "sorted": (lambda t: sorted([t * 2, t], key=float), [0.5, 1.0]),
    "max": (lambda t: max([t, t * 2], key=float), 1.0),
    "a generator": (lambda t: sum(float(x) for x in [t, t]), 1.0),
    "formatting": (lambda t: "%f %d" % (t, 1), "0.500000 1"),  # noqa: UP031
    "formatting one": (lambda t: "%.3f" % t, "0.500"),  # noqa: UP031
    "f-string": (lambda t: f"{t:.3f} {t}", "0.500 Tensor(0.5, op=getitem)"),
    "format": (lambda t: "{:.3f}".format(t), "0.500"),  # noqa: UP032
    "isnan": (lambda t: math.isnan(t), False),
    "isfinite": (lambda t: math.isfinite(t), True),
    "isclose": (lambda t: math.isclose(t, 1.0), False),
    "comparison": (lambda t: t < 1.0, True),
    "without gradient": (lambda t: math.exp(t.detach()), math.exp(0.5)),
    "into a cell by float": (cell_by_float, [0.5, 0.0]),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_what_the_line_itself_asks_for_is_given(name):
    run, expected = ALLOWED[name]
    assert run(weights()[0]) == expected


def test_nothing_is_refused_where_nothing_is_recorded():
    w = weights()
    with tg.no_grad():
        assert math.exp(w[0]) == math.exp(0.5)
        assign_a_cell(w[0])


def test_code_without_source_is_read_all_the_same():
    scope = {"t": weights()[0], "math": math}
    exec("y = float(t)", scope)
    assert scope["y"] == 0.5
    with pytest.raises(TypeError, match="in silence"):
        exec("y = math.exp(t)", scope)


def test_the_gradient_of_a_computed_value_says_why_there_is_none():
    y = weights() * 2
    with pytest.warns(UserWarning, match=r"value of multiply.*\n.*made here"):
        assert y.grad is None


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: None, "returned None; is a return missing"),
        (lambda x: "text", "not real numbers"),
        (lambda x: True, "plain bool"),
        (lambda x: 3, "plain int"),
        (lambda x: np.array(3.0), "plain ndarray"),
        (lambda x: np.float64(3.0), "plain float64"),
        (lambda x: float(np.sum(x)), "plain float"),
        (lambda x: (x * x).item(), "plain float"),
        (lambda x: x * np.ones(2), r"shape \(2,\); sum it"),
    ],
)
def test_a_function_that_returns_no_recorded_scalar_has_no_gradient(function, said):
    with pytest.raises((TypeError, ValueError), match=said) as caught:
        tg.grad(function)(2.0)
    assert __file__ in str(caught.value)


def test_a_constant_function_has_gradient_zero():
    assert tg.grad(lambda x: 3.0)(2.0) == 0.0


def test_only_functions_are_differentiated():
    w = weights()
    with pytest.raises(TypeError, match=r"expected a function, got Tensor(.|\n)*loss\.backward\(\)"):
        tg.grad(np.sum(w * w))(w)


@pytest.mark.parametrize("derivative", [tg.grad, tg.jacobian, lambda f: lambda x: tg.vjp(f, x)])
def test_complex_results_are_refused(derivative):
    with pytest.raises(TypeError, match="complex128"):
        derivative(lambda x: 1j * np.ones(2))(np.ones(2))


def test_a_tensor_is_not_made_by_its_class():
    with pytest.raises(TypeError, match=r"made by tg\.tensor\(data\) or tg\.parameter\(data\), not by calling Tensor"):
        type(weights())(2.0)

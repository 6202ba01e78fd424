"""Every NumPy function that takes a Tensor: its value is NumPy's, its gradient that of NumPy's own function."""

import itertools
import operator

import numpy as np
import pytest

import tinygraph as tg
import tinygraph.ops.fourier as fourier_module
import tinygraph.recording.numpy_protocol as protocol_module
from tests.tools.differences import slope
from tests.tools.numpy_calls import DIFFERENTIABLE, PLAIN, X
from tinygraph.ops.fourier import Complex

# to float64, whatever it is given; here float32 stays
NUMPY_UPCASTS = {"quantile", "nanquantile", "cov", "corrcoef", "vander", "geomspace"}


def numpy_function(name):
    return operator.attrgetter(name)(np)


def value(y):
    return y.numpy() if isinstance(y, tg.Tensor | Complex) else y


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:numpy.fix is deprecated")  # from 2.5 on
def test_value_and_gradient_are_those_of_numpys_own_function(name):
    x, f = DIFFERENTIABLE[name]
    expected = f(x)
    y = f(tg.parameter(x))
    np.testing.assert_allclose(value(y), expected, rtol=1e-12, atol=1e-13)
    rng = np.random.default_rng(1)
    weights, direction = rng.normal(size=np.shape(expected)), rng.normal(size=x.shape)
    gradient = tg.grad(lambda x: np.sum(f(x) * weights))(x)
    known = np.isfinite(x)
    by_rule = np.sum((gradient * direction)[known])
    with np.errstate(all="ignore"):
        by_differences = slope(lambda t: np.sum(f(x + t * direction) * weights), h=2e-3)
    assert by_rule == pytest.approx(by_differences, rel=2e-7, abs=1e-8)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")
def test_dtype_is_numpys_and_that_of_gradients_the_inputs(name):
    x, f = DIFFERENTIABLE[name]
    p = tg.parameter(x.astype(np.float32))
    with np.errstate(all="ignore"):
        y, expected = f(p), f(p.numpy())
        assert value(y).dtype == (np.float32 if name in NUMPY_UPCASTS else expected.dtype)
        np.sum(y).backward()
    assert p.grad.dtype == np.float32


@pytest.mark.parametrize("name", PLAIN)
def test_functions_without_gradient_give_numpys_plain_answer(name):
    answer, expected = PLAIN[name](tg.parameter(X)), PLAIN[name](X)
    assert type(answer) is type(expected)
    np.testing.assert_equal(answer, expected)


def test_every_supported_numpy_function_is_in_these_tables():
    named = {numpy_function(name) for name in {**DIFFERENTIABLE, **PLAIN}}
    missing = set(protocol_module.numpy_functions) - named
    assert not missing, sorted(function.__name__ for function in missing)


@pytest.mark.parametrize("name", [*DIFFERENTIABLE, *PLAIN])
def test_each_entry_reaches_the_function_it_is_named_after(name, monkeypatch):
    reached = set()

    class Spy(dict):
        def get(self, function, default=None):
            reached.add(function)
            return super().get(function, default)

    monkeypatch.setattr(protocol_module, "numpy_functions", Spy(protocol_module.numpy_functions))
    monkeypatch.setattr(fourier_module, "numpy_functions", protocol_module.numpy_functions)
    x, f = DIFFERENTIABLE.get(name) or (X, PLAIN[name])
    with np.errstate(all="ignore"):
        f(tg.parameter(x))
    assert numpy_function(name) in reached


def test_more_functions_are_covered_than_autograd_has_rules():
    differentiable = {numpy_function(name) for name in DIFFERENTIABLE}
    assert len(differentiable) >= 180
    assert len(protocol_module.numpy_functions) >= 240


_OPERANDS = [
    *(np.array(3.5), np.array([1.5, -0.7, 4.0]), np.array([[2.5], [-3.0]], np.float32), np.array(0.3, np.float16)),
    *(np.float32(0.3), np.float64(-2.5), np.float32(1e30), 3, -2, 0.1, True, np.int64(7), np.array([1, 2, 3], np.int8)),
]


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "remainder", "floor_divide", "power"])
def test_an_operator_gives_what_its_op_gives_to_the_bit(name):
    short = {"subtract": "sub", "multiply": "mul", "divide": "truediv", "remainder": "mod", "power": "pow"}
    python, function = getattr(operator, short.get(name, name.replace("_divide", "div"))), getattr(np, name)
    with np.errstate(all="ignore"):
        for a, b in itertools.product(_OPERANDS, repeat=2):
            ours, theirs = tg.tensor(a)[()], tg.tensor(b)[()]  # NumPy scalars: arrays have no operators of their own
            for left, right in ((ours, b), (a, theirs), (ours, theirs)):
                try:
                    expected = function(left, right)
                except (TypeError, ValueError):  # whole numbers to negative powers
                    continue
                result = python(left, right)
                assert (result.dtype, result.shape) == (expected.dtype, expected.shape), (a, b)
                assert result.data.tobytes() == expected.data.tobytes(), (a, b)
                assert result.op is expected.op

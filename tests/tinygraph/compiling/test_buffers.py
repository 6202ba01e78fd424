"""What a loop holds of each time step: what another one reads, or what is outside."""

import numpy as np
import pytest

import tinygraph as tg
from tests.benchmarks.programs import CELLS, make
from tests.tinygraph.compiling.backends import BACKENDS, needs_numba
from tinygraph.backward.pytree import flatten
from tinygraph.compiling.native.places import Argument, are_apart

PARAMETERS = (2, 3, 4, 5, 6)


def held(compiled):
    """Return how many bytes the arrays of the only plan have."""
    ((plan,),) = compiled._plans.values()
    arrays = [x for x in plan._run.__globals__.values() if isinstance(x, np.ndarray)]
    owners = {id(x if x.base is None else x.base): x if x.base is None else x.base for x in arrays}
    return sum(owner.nbytes for owner in owners.values())


MOST = {
    "numpy": {"Elman": 8, "LSTM": 34, "GRU": 30},
    "numba": {"Elman": 5.5, "LSTM": 22, "GRU": 19},
}  # of the size of h


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cell", CELLS)
def test_what_no_other_time_step_reads_is_held_once(cell, backend):
    sizes = []
    for T in (6, 12):
        compiled = tg.compile(tg.value_and_grad(CELLS[cell], PARAMETERS), backend=backend)
        compiled(*make(cell, T, 2, 3, 100, 3))
        sizes.append(held(compiled))
    assert (sizes[1] - sizes[0]) / (6 * 2 * 100 * 4) < MOST[backend][cell]


def read_in_many_ways(xs, w):
    """Return a sum of what a loop computes and is read later, whole, as a part, in another shape."""
    h, total = np.zeros((2, 3)), 0.0
    for t in range(len(xs)):
        a = tg.linear(h, w) + xs[t]
        b = np.exp(-(np.reshape(a, (6,)) ** 2))
        total = total + np.sum(b * b) + np.sum(a[:, 1]) + np.max(np.reshape(b, (3, 2)))
        h = np.tanh(np.reshape(b, (2, 3)) * a)
    return total + np.sum(h)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("count", [4, 80])  # of which the last makes a contiguous transpose worth its time
def test_what_is_read_later_is_there(backend, count):
    rng = np.random.default_rng(0)
    eager = tg.value_and_grad(read_in_many_ways, (0, 1))
    compiled = tg.compile(eager, backend=backend)
    for _ in range(3):
        xs, w = rng.normal(size=(count, 2, 3)), rng.normal(size=(3, 3)) / 2
        (value, gradients), (expected, theirs) = compiled(xs, w), eager(xs, w)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        for a, b in zip(gradients, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    report = compiled.report()
    assert "loop ×" in report and "op by op" not in report and "in NumPy, since" not in report, report


def returned_of_some_steps(xs, w):
    """Return what no other iteration reads, and nothing else but the caller."""
    h, gates = np.zeros((2, 3)), []
    for x in xs:
        gate = tg.sigmoid(tg.linear(h, w) + x)
        h = np.tanh(gate * h + x)
        gates.append(gate)
    return gates[0], gates[2], gates[-1], h


def single_numbers(xs, w):
    """Return a sum of what depends on single numbers of the iteration."""
    h = np.zeros((2, 3))
    for x in xs:
        h = np.tanh(tg.linear(h, w) * np.sum(h * x) + np.max(h))
    return np.sum(h)


def read_later_or_elsewhere(xs, w, b):
    """Return a sum of parts of an array, of which the next iteration, b's gradient and a product read one alone."""
    h, late = np.zeros((2, 3)), np.zeros((2, 3))
    for x in xs:
        z = tg.linear(h, w) + np.concatenate([x, x, x], axis=-1)
        first, second, third = z[:, :3] + late, z[:, 3:6] + b, tg.linear(z[:, 6:], w[:3])
        h, late = np.tanh(first) * tg.sigmoid(second) + np.tanh(third), first
    return np.sum(h * h)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("wrt", [0, 1, 2, (0, 1, 2)])
def test_parts_of_an_array_that_are_read_otherwise_too(wrt, backend):
    rng = np.random.default_rng(0)
    eager = tg.value_and_grad(read_later_or_elsewhere, wrt)
    compiled = tg.compile(eager, backend=backend)
    for _ in range(3):
        arguments = rng.normal(size=(5, 2, 3)), rng.normal(size=(9, 3)), rng.normal(size=3)
        for a, b in zip(flatten(compiled(*arguments)), flatten(eager(*arguments)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10)
    report = compiled.report()
    assert "backward loop ×" in report and "op by op" not in report and "in NumPy" not in report, report


def the_same_in_all(xs, w):
    """Return a sum of rows that are computed in each iteration, and are the same in all."""
    h, rows = np.zeros((2, 3)), []
    for x in xs:
        row = np.tanh(tg.linear(w[:2], w))
        h = np.tanh(tg.linear(h, w) * row + x)
        rows.append(row)
    return np.sum(np.stack(rows) * xs) + np.sum(h)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("function", [returned_of_some_steps, single_numbers, the_same_in_all])
def test_what_is_read_in_one_iteration_only(function, backend):
    rng = np.random.default_rng(0)
    compiled = tg.compile(function, backend=backend)
    for _ in range(3):
        xs, w = rng.normal(size=(5, 2, 3)), rng.normal(size=(3, 3))
        for a, b in zip(flatten(compiled(xs, w)), flatten(function(xs, w)), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    report = compiled.report()
    assert "loop ×" in report and "op by op" not in report and "in NumPy" not in report, report


def of_scaled_parts(xs, w, b):
    """Return a state that its own first and last element scale: sums that become arrays of one number."""
    h = xs[0]
    for t in range(1, len(xs)):
        h = np.tanh(h @ w) * h[:1] + 0.3 * h[-1:] + xs[t] * b
    return np.sum(h)


def of_elements(xs, w, b):
    """Return a state that its own elements scale, one of which is that of the state before."""
    h = b
    for t in range(1, len(xs)):
        h = np.tanh((w @ h) * h[0] + h[1] * b)
    return np.sum(h)


def of_elements_given(xs, w, b):
    """Return a state that elements of the input scale."""
    h = b
    for x in xs:
        h = np.tanh((w @ h) * x[0] + x[::-2][0])
    return np.sum(h)


def of_numbers(xs, w, b):
    """Return the product of two states that are numbers."""
    p, q = xs[0, 0], xs[0, 1]
    for t in range(1, len(xs)):
        p, q = np.tanh(p * b[0] + q * b[1] + xs[t, 0]), np.sin(q * b[2] - p + xs[t, 1])
    return p * q


def of_halves(xs, w, b):
    """Return a state of two matrices that are put together first."""
    both = np.concatenate([w, w.T])
    h = np.zeros((2, 3)) + b
    for x in xs:
        h = np.tanh(h @ both[:3]) @ both[3:] + x
    return np.sum(h)


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("program", [of_scaled_parts, of_elements, of_elements_given, of_numbers, of_halves])
def test_numba_takes_parts_numbers_and_what_is_put_together(program):
    rng = np.random.default_rng(0)
    eager = tg.value_and_grad(program, (0, 1, 2))
    compiled = tg.compile(eager, backend="numba")
    for _ in range(3):
        arrays = [rng.normal(size=shape) for shape in ((5, 3), (3, 3), (3,))]
        (value, gradients), (expected, theirs) = compiled(*arrays), eager(*arrays)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        for a, b in zip(gradients, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    report = compiled.report()
    assert "loop ×" in report and "in NumPy" not in report, report


@pytest.mark.parametrize(
    ("passed", "written", "apart"),
    [
        (("x", "y"), "xy", True),
        (("x", "part"), "x", False),
        (("x", "part"), ("part",), False),
        (("x", "part"), "", True),
        (("x", "plain(y[1:])"), "x", True),
        (("x", "plain(x[1:])"), "x", False),
        (("x", "plain(part).reshape(-1)"), "x", False),
        (("made", "np.array(given)"), ("made",), True),
        (("made", "made[2:]"), ("made",), False),
        (("first", "second"), ("first", "second"), True),
        (("first", "whole"), ("first",), False),
        (("first", "whole"), ("whole",), False),
    ],
)
def test_arrays_of_a_function_are_apart_unless_one_that_is_written_is_in_another(passed, written, apart):
    x, y = np.zeros((4, 3)), np.zeros((4, 3))
    arguments = [Argument(text, (x.dtype, 2, "A", text in written)) for text in passed]
    wholes = {"first": "whole", "second": "whole"}
    assert are_apart(arguments, {"x": x, "part": x[:, 1:], "y": y}, wholes) == apart

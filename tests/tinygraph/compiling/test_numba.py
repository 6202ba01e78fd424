"""Loops compiled by numba give what the function itself gives; what numba does not take, NumPy does."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest

import tinygraph as tg
from tests.benchmarks.programs import CELLS, make
from tests.tinygraph.compiling.backends import compiled_by_numba, needs_numba

if find_spec("numba"):
    from numba import njit

    from tinygraph.compiling.llvm import numeric, products

PARAMETERS = (2, 3, 4, 5, 6)


def relative(a, b):
    return float(np.max(np.abs(a - b), initial=0) / max(1e-30, np.max(np.abs(b), initial=0)))


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_one_compiled_cell_serves_all_sizes(cell, dtype, bound):
    eager = tg.value_and_grad(CELLS[cell], PARAMETERS)
    compiled = tg.compile(eager, backend="numba")
    counts = []
    for sizes in [(5, 3, 4, 6, 3), (9, 2, 3, 5, 4), (7, 1, 4, 6, 3)]:
        arrays = [x.astype(dtype) if x.dtype == np.float32 else x for x in make(cell, *sizes)]
        compiled(*arrays)
        counts.append(len(numeric.kernels))
        moved = [x * dtype(1.1) if x.dtype == dtype else x[::-1] for x in arrays]
        (value, gradients), (expected, theirs) = compiled(*moved), eager(*moved)
        assert relative(value, expected) < bound and value.dtype == dtype
        assert max(map(relative, gradients, theirs)) < bound
    assert counts == counts[:1] * 3
    assert compiled.report().count("compiled by numba: 2 of 2 loops") == 3
    assert "def loop_1(" in compiled.source and "for t in range(T - 1, -1, -1):" in compiled.source


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_of_numbers_are_right_to_the_last_places(dtype):
    ours = numeric.functions(np.dtype(dtype))
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2 ** (8 * dtype(0).itemsize) - 1, 100_000, np.uint64)
    anything = bits.astype(f"u{dtype(0).itemsize}").view(dtype)
    steps = [np.linspace(-x, x, 100_000, dtype=dtype) for x in (1, 10, 110, 750)]
    tiny = np.finfo(dtype).smallest_subnormal
    special = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e-40, tiny, -tiny, np.finfo(dtype).tiny, 1], dtype)
    xs = np.concatenate([anything, *steps, special])
    with np.errstate(all="ignore"):
        wide = xs.astype(np.longdouble)
        most = int(np.log(np.finfo(dtype).max))  # beyond that the logistic function is what it is there, as eagerly
        negative = np.exp(-np.minimum(np.abs(wide), most))
        exact = {
            "exp": np.exp(wide),
            "tanh": np.tanh(wide),
            "sigmoid": np.where(wide < 0, negative, 1) / (1 + negative),
        }
        for name, expected in exact.items():
            ys = mapped(ours[name], xs)
            rounded = expected.astype(dtype)
            np.testing.assert_array_equal(np.isfinite(ys), np.isfinite(rounded), err_msg=name)
            finite = np.isfinite(rounded)
            units = np.abs(ys[finite] - expected[finite]) / np.spacing(np.abs(rounded[finite]))
            assert units.max() <= 3, (name, xs[finite][units.argmax()])
            assert np.array_equal(np.signbit(ys[finite]), np.signbit(rounded[finite]))
    pairs = [(a, b) for a in special for b in special]
    for name in ("maximum", "minimum"):
        compiled = of_two(ours[name])
        ys = np.array([compiled(a, b) for a, b in pairs])
        np.testing.assert_array_equal(ys, [getattr(np, name)(a, b) for a, b in pairs])


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_of_all_sizes_write_what_is_theirs_and_nothing_else(dtype):
    rng = np.random.default_rng(0)
    pack, product = of_two(products.pack), of_three(products.product)
    sizes = [(m, k, n) for m in (0, 1, 3, 4, 8, 15) for k in (0, 1, 3, 4, 9) for n in (1, 7, 16, 17, 32, 33, 70)]
    for rows, inner, columns in sizes:
        a, b = rng.normal(size=(rows, inner + 5)).astype(dtype), rng.normal(size=(inner, columns)).astype(dtype)
        surroundings = np.full((rows + 2, columns + 3), dtype(7))
        expected, bound = surroundings.copy(), 4 * (inner + 1) * np.finfo(dtype).eps
        expected[1:-1, 2:-1] = a[:, 2:-3].astype(np.longdouble) @ b.astype(np.longdouble)
        for matrix in (b, np.asfortranarray(b)):
            panels = products.panels(b.shape, b.dtype)
            pack(matrix, panels)
            product(a[:, 2:-3], panels, surroundings[1:-1, 2:-1])
            np.testing.assert_allclose(surroundings, expected, rtol=bound, atol=bound)
        for row in range(rows):
            vector = np.full(columns + 2, dtype(7))
            product(a[row, 2:-3], panels, vector[1:-1])
            np.testing.assert_allclose(vector, [7, *expected[row + 1, 2:-1], 7], rtol=bound, atol=bound)


@needs_numba
@pytest.mark.slow
def test_infinite_numbers_stay_in_their_columns():
    a = np.array([[np.inf, 1], [0, 1]], np.float32)
    b = np.array([[1, 0, 2], [np.nan, 3, 4]], np.float32)
    out = np.empty((2, 3), np.float32)
    panels = products.panels(b.shape, b.dtype)
    of_two(products.pack)(b, panels)
    of_three(products.product)(a, panels, out)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(out, a @ b)


def mapped(function, xs):
    @njit(error_model="numpy", fastmath={"contract"})
    def run(xs, ys):
        for i in range(len(xs)):
            ys[i] = function(xs[i])

    ys = np.empty_like(xs)
    run(xs, ys)
    return ys


def of_two(function):
    @njit
    def run(a, b):
        return function(a, b)

    return run


def of_three(function):
    @njit
    def run(a, b, c):
        return function(a, b, c)

    return run


def network(xs, h, W, b):
    """A network whose state can overflow, be NaN, or tiny."""
    loss = 0.0
    for t in range(len(xs)):
        h = tg.relu(W @ h + b) * np.exp(xs[t]) + np.maximum(h, xs[t]) / 3
        loss = loss + np.sum(h * xs[t])
    return loss


@needs_numba
@pytest.mark.slow
def test_nan_infinity_and_tiny_numbers_are_what_they_are_eagerly():
    rng = np.random.default_rng(0)
    xs, h, W, b = rng.normal(size=(6, 4)), rng.normal(size=4), rng.normal(size=(4, 4)), rng.normal(size=4)
    eager = tg.value_and_grad(network, (0, 1, 2, 3))
    compiled = tg.compile(eager, backend="numba")
    compiled(xs, h, W, b)
    for number in (np.nan, np.inf, -np.inf, 800.0, 1e-310, 0.0, -0.0):
        for place in range(4):
            arrays = [xs.copy(), h.copy(), W.copy(), b.copy()]
            arrays[place].flat[3] = number
            with np.errstate(all="ignore"):
                (value, gradients), (expected, theirs) = compiled(*arrays), eager(*arrays)
            np.testing.assert_allclose(value, expected, rtol=1e-12)
            for ours, other in zip(gradients, theirs, strict=True):
                np.testing.assert_allclose(ours, other, rtol=1e-10, atol=1e-300)
    assert "compiled by numba: 2 of 2 loops" in compiled.report()


@needs_numba
@pytest.mark.slow
def test_arguments_in_any_layout():
    def loss(xs, W):
        h, total = np.zeros((xs.shape[1], 4)), 0.0
        for t in range(len(xs)):
            h = np.tanh(xs[t] + h @ W)
            total = total + np.mean(h * h)
        return total

    rng = np.random.default_rng(0)
    eager = tg.value_and_grad(loss, (0, 1))
    compiled = tg.compile(eager, backend="numba")
    wide = rng.normal(size=(4, 8))
    fixed = rng.normal(size=(4, 4))
    fixed.setflags(write=False)
    packed = np.frombuffer(b"\0" + fixed.tobytes(), np.uint8)[1:].view(float).reshape(4, 4)
    assert not packed.flags.aligned
    for W in (wide[:, ::2], np.asfortranarray(wide[:, :4]), fixed, packed, wide[:, 3::-1]):
        xs = rng.normal(size=(3, 5, 4)).swapaxes(0, 1)
        (value, gradients), (expected, theirs) = compiled(xs, W), eager(xs, W)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        for ours, other in zip(gradients, theirs, strict=True):
            np.testing.assert_allclose(ours, other, rtol=1e-11, atol=1e-14)
    assert "compiled by numba: 2 of 2 loops" in compiled.report()


@needs_numba
@pytest.mark.slow
def test_new_tokens_are_looked_up_anew():
    def loss(E, W, tokens):
        xs, h = E[tokens], np.zeros((tokens.shape[1], 4))
        for t in range(len(tokens)):
            h = np.tanh(xs[t] + h @ W)
        return np.sum(h)

    rng = np.random.default_rng(0)
    eager = tg.value_and_grad(loss, (0, 1))
    compiled = tg.compile(eager, backend="numba")
    for _ in range(4):
        E, W, tokens = rng.normal(size=(7, 4)), rng.normal(size=(4, 4)), rng.integers(7, size=(5, 3))
        (value, gradients), (expected, theirs) = compiled(E, W, tokens), eager(E, W, tokens)
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        for ours, other in zip(gradients, theirs, strict=True):
            np.testing.assert_allclose(ours, other, rtol=1e-11, atol=1e-14)
    assert "compiled by numba: 2 of 2 loops" in compiled.report()


def with_arrays(xs, W, h):
    """States put together, turned, reduced and normalised in each time step."""
    total = 0.0
    for t in range(len(xs)):
        a = h @ W + xs[t]
        weights = tg.softmax(a)
        normal = (a - np.mean(a, axis=-1, keepdims=True)) / np.sqrt(np.var(a, axis=-1, keepdims=True) + 0.1)
        turned = np.concatenate([weights[:, 2:], normal[:, :2] * h[:, :2]], axis=1)
        both = np.stack([turned, a.T.reshape(3, 4)])
        h = np.tanh(np.sum(both, axis=0) + np.max(xs[t]) * np.sum(weights * h))
        total = total + np.mean(h)
    return total


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_ops_on_whole_arrays(dtype, bound):
    rng = np.random.default_rng(0)
    eager = tg.value_and_grad(with_arrays, (0, 1, 2))
    compiled = tg.compile(eager, backend="numba")
    for _ in range(3):
        arrays = [rng.normal(size=shape).astype(dtype) for shape in ((5, 3, 4), (4, 4), (3, 4))]
        (value, gradients), (expected, theirs) = compiled(*arrays), eager(*arrays)
        assert relative(value, expected) < bound
        assert max(map(relative, gradients, theirs)) < bound
    assert "compiled by numba: 2 of 2 loops" in compiled.report()


def losses_of(o, y):
    """Return the loss of an average of logits that goes on from time step to time step."""
    h, loss = 0.0, 0.0
    for t in range(len(o)):
        h = 0.5 * h + o[t]
        loss = loss + np.sum(tg.softmax_cross_entropy(h, y[t]))
    return loss


@needs_numba
@pytest.mark.slow
def test_cross_entropy_of_any_logits_and_wrong_classes():
    rng = np.random.default_rng(0)
    logits, target = rng.normal(size=(4, 3, 5)), rng.integers(5, size=(4, 3))
    eager = tg.value_and_grad(losses_of)
    compiled = tg.compile(eager, backend="numba")
    compiled(logits, target)
    assert "if not cross_entropy(" in compiled.source
    for number in (0.0, np.nan, np.inf, -np.inf, 1e300, -1e300):
        o = logits.copy()
        o[1, 2, 3] = number
        with np.errstate(all="ignore"):
            (loss, gradient), (expected, theirs) = compiled(o, target), eager(o, target)
        np.testing.assert_allclose(loss, expected, rtol=1e-13)
        np.testing.assert_allclose(gradient, theirs, rtol=1e-12, atol=1e-15)
    for wrong in (-1, 5):
        other = target.copy()
        other[1, 1] = wrong
        for run in (eager, compiled):
            with pytest.raises((ValueError, IndexError)):
                run(logits, other)
    small = target.astype(np.uint8)
    for _ in range(2):
        np.testing.assert_allclose(compiled(logits, small)[1], eager(logits, small)[1], rtol=1e-12)
    assert compiled.plans_made == 2


def weighted_losses(o, y, weights, scale):
    """Return losses that have weights of their own, and one for all."""
    h, loss = 0.0, 0.0
    for t in range(len(o)):
        h = 0.5 * h + o[t]
        loss = loss + np.sum(weights[t] * tg.softmax_cross_entropy(h, y[t]))
    return loss * scale


@needs_numba
@pytest.mark.slow
def test_cross_entropy_with_weights():
    rng = np.random.default_rng(0)
    eager = tg.value_and_grad(weighted_losses, (0, 2, 3))
    compiled = tg.compile(eager, backend="numba")
    for _ in range(3):
        given = rng.normal(size=(4, 3, 5)), rng.integers(5, size=(4, 3)), rng.normal(size=(4, 3)), rng.normal()
        (loss, gradients), (expected, theirs) = compiled(*given), eager(*given)
        np.testing.assert_allclose(loss, expected, rtol=1e-12)
        for ours, other in zip(gradients, theirs, strict=True):
            np.testing.assert_allclose(ours, other, rtol=1e-11, atol=1e-14)


def rolled(xs, w):
    h = np.zeros(3)
    for x in xs:
        h = np.tanh(np.einsum("ij,j->i", w, h) + x)
    return np.sum(h)


@needs_numba
def test_a_loop_that_numba_does_not_take_is_numpys():
    rng = np.random.default_rng(0)
    xs, w = rng.normal(size=(5, 3)), rng.normal(size=(3, 3))
    eager = tg.value_and_grad(rolled, (0, 1))
    compiled = tg.compile(eager, backend="numba")
    compiled(xs, w)
    np.testing.assert_allclose(compiled(xs + 1, w)[1][1], eager(xs + 1, w)[1][1], rtol=1e-12)
    assert "in NumPy: a loop with einsum" in compiled.report()
    assert "op by op" not in compiled.report()


@needs_numba
def test_a_kernel_that_gives_something_else_is_not_used(monkeypatch):
    def loss(xs):
        h = 0.0
        for t in range(len(xs)):
            h = np.cos(h * 0.8125 + xs[t])
        return h

    original = numeric.kernel

    def broken(*arguments):
        run = original(*arguments)

        def kernel(*arrays):
            run(*arrays)
            arrays[written[0]][...] *= 1.01
            return True

        written = [k for k, of in enumerate(arguments[2]) if of is not None and of[3]]
        return kernel

    monkeypatch.setattr(numeric, "kernel", broken)
    xs = np.linspace(0, 1, 6)
    compiled = tg.compile(tg.value_and_grad(loss), backend="numba")
    for _ in range(3):
        np.testing.assert_allclose(compiled(xs)[1], tg.grad(loss)(xs), rtol=1e-12)
    assert "in NumPy, since with numba: NotCompiled: the plan does not give" in compiled.report()


@needs_numba
@pytest.mark.slow
def test_a_loop_that_makes_arrays_is_compiled():
    text = "def loop(x, y):\n    z = np.ascontiguousarray(x.T)\n    y[...] = np.dot(z, x)\n    return True\n"
    run = numeric.kernel(text, np.dtype(float), [(np.dtype(float), 2, "C", writes) for writes in (False, True)], {})
    x, y = np.random.default_rng(0).normal(size=(3, 4)), np.empty((4, 4))
    assert run(x, y)
    np.testing.assert_allclose(y, x.T @ x, rtol=1e-14)


@needs_numba
@pytest.mark.slow
def test_what_a_first_loop_calls_is_no_function_that_numba_compiles_before():
    run = tg.compile(tg.value_and_grad(CELLS["LSTM"], PARAMETERS), backend="numba")
    numeric.kernels.clear()
    with compiled_by_numba() as compiled:
        run(*make("LSTM", 5, 3, 4, 6, 3))
    assert compiled == ["loop"]


def test_without_numba_there_is_a_word_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tinygraph.compiling.llvm.numeric", None)
    with pytest.raises(ImportError, match=r"pip install tinygraph-rnn\[numba\]"):
        tg.compile(rolled, backend="numba")
    with pytest.raises(ValueError, match="backend='cuda'; there is 'numpy', 'numba'"):
        tg.compile(rolled, backend="cuda")


def two_loops(xs, w):
    """Return the state of a loop that is given the sum of another one's states, a number, in each iteration."""
    h, total = np.zeros(3), 0.0
    for x in xs:
        h = np.tanh(w @ h + x)
        total = total + np.sum(h)
    s = h * 0.5
    for x in xs:
        s = np.tanh(s * total + x)
    return np.sum(s) * total


@needs_numba
@pytest.mark.slow
def test_what_one_loop_computes_is_there_when_another_reads_it():
    rng = np.random.default_rng(0)
    eager = tg.value_and_grad(two_loops, (0, 1))
    compiled = tg.compile(eager, backend="numba")
    for _ in range(4):
        xs, w = rng.normal(size=(5, 3)) * 0.3, rng.normal(size=(3, 3))
        (value, gradients), (expected, theirs) = compiled(xs, w), eager(xs, w)
        assert relative(value, expected) < 1e-12
        assert max(map(relative, gradients, theirs)) < 1e-11
    assert "since with numba" not in compiled.report() and "compiled by numba: 0" not in compiled.report()

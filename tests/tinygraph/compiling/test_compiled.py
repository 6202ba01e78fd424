"""What `compile` promises of calls: which are recorded, what they return, and what a program does all the same."""

import copy
import pickle
import threading
import warnings
from collections import OrderedDict

import numpy as np
import pytest

import rnn
import tinygraph as tg
from tinygraph.compiling import compiled as room
from tinygraph.compiling import making


def elman(X, Y, p):
    h, loss = np.zeros((X.shape[1], len(p["b"])), X.dtype), 0.0
    for t in range(len(X)):
        h = np.tanh(tg.linear(h, p["W"]) + tg.linear(X[t], p["U"], p["b"]))
        loss = loss + tg.softmax_cross_entropy(h, Y[t]).sum()
        loss = loss + 0.1 * tg.softmax_cross_entropy(h, Y[t], reduction="mean")
        loss = loss + 0.2 * tg.softmax_cross_entropy(h, Y[t], "sum")
    return loss


def minibatch(seed, T=6, N=3, dtype=float):
    rng = np.random.default_rng(seed)
    p = {name: rng.normal(size=shape).astype(dtype) for name, shape in (("W", (4, 4)), ("U", (4, 2)), ("b", (4,)))}
    return rng.normal(size=(T, N, 2)).astype(dtype), rng.integers(4, size=(T, N)), p


@pytest.fixture
def recordings(monkeypatch):
    """Count the calls for which a plan is made."""
    counted = []
    first = making.FirstCall
    monkeypatch.setattr(making, "FirstCall", lambda *arguments: counted.append(1) or first(*arguments))
    return counted


def test_new_minibatches_and_targets_are_not_recorded_anew(recordings):
    eager = tg.value_and_grad(elman, 2)
    compiled = tg.compile(eager)
    for seed in range(5):
        (value, gradient), (expected, other) = compiled(*minibatch(seed)), eager(*minibatch(seed))
        np.testing.assert_allclose(value, expected, rtol=1e-12)
        assert gradient.keys() == other.keys()
        for name in other:
            np.testing.assert_allclose(gradient[name], other[name], rtol=1e-9, atol=1e-12)
    assert len(recordings) == 1
    assert "backward loop ×6" in compiled.report()
    assert "def plan" in compiled.source
    assert "np.tanh" in compiled.source


W = np.random.default_rng(0).normal(size=4)


@pytest.mark.parametrize(
    ("arguments", "times"),
    [
        ((W, 2 * W), 1),
        ((W, np.zeros(4)), 2),
        ((W, np.array([3.0, 2.0, 1.0, 5.0]) * W[0]), 2),
        ((W, -W[::-1]), 2),
        ((W, np.ones(4)), 2),
        ((W, np.arange(4)), 1),
        ((W, np.full(4, 7)), 2),
        ((0 * W + 1e200, 2 * W), 2),
    ],
)
def test_a_plan_is_compared_twice_where_the_numbers_given_say_little(monkeypatch, arguments, times):
    runs, run = [], making.Plan.run
    monkeypatch.setattr(making.Plan, "run", lambda plan, values: runs.append(values) or run(plan, values))
    compiled = tg.compile(tg.value_and_grad(lambda w, v: np.sum(w * w * v)))
    with np.errstate(all="ignore"):
        compiled(*arguments)
    assert (len(runs), compiled.plans_made) == (times, 1)


@pytest.mark.parametrize("values", [W, np.zeros(4)])
def test_a_wrong_plan_is_not_taken(monkeypatch, values):
    run = making.Plan.run
    monkeypatch.setattr(
        making.Plan, "run", lambda plan, values: [[y + 1e-3 for y in part] for part in run(plan, values)]
    )
    compiled = tg.compile(tg.value_and_grad(lambda w: np.sum(np.exp(w))))
    with pytest.warns(RuntimeWarning, match="does not give what the recording has"):
        compiled(values)
    assert not compiled.plans_made


def test_what_is_read_after_the_loop_is_kept_of_all_time_steps():
    def loss(x, W):
        h, total = np.zeros(2), 0.0
        for t in range(5):
            a = np.concatenate([h, x[t]]) @ W
            gate = a[:2]
            h = np.tanh(gate * a[2:])
            total = total + np.sum(gate**2) + np.sum(h)
        return total

    x, W = np.random.default_rng(0).normal(size=(5, 2)), np.random.default_rng(1).normal(size=(4, 4))
    compiled, eager = tg.compile(tg.value_and_grad(loss, 1)), tg.value_and_grad(loss, 1)
    for k in range(3):
        for ours, theirs in zip(compiled(x + k, W), eager(x + k, W), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    assert "backward loop ×5" in compiled.report()


def test_lengths_are_arguments_too(recordings):
    model = rnn.ManyToMany(rnn.GRUCell(2, 4, rng=0), 4, rng=1)
    compiled = tg.compile(lambda X, Y, lengths: rnn.cross_entropy(model(X, lengths=lengths), Y, lengths))
    for seed in range(4):
        X, Y, _ = minibatch(seed)
        lengths = np.random.default_rng(seed).integers(1, 7, size=3)
        expected = rnn.cross_entropy(model(X, lengths=lengths), Y, lengths)
        np.testing.assert_allclose(compiled(X, Y, lengths).data, expected.data, rtol=1e-12)
    assert len(recordings) == 1


def test_other_shapes_and_dtypes_have_plans_of_their_own_and_the_oldest_goes(recordings):
    compiled = tg.compile(tg.value_and_grad(elman, 2), plans=2)
    calls = [minibatch(0), minibatch(0, T=4), minibatch(0, dtype=np.float32), minibatch(1, dtype=np.float32)]
    for call in calls:
        value, gradient = compiled(*call)
        assert value.dtype == gradient["W"].dtype == call[0].dtype
    assert len(recordings) == 3
    compiled(*minibatch(2))  # of the shape whose plan was dropped
    assert len(recordings) == 4


def test_a_content_that_the_program_looks_at_is_part_of_what_a_plan_is_for(recordings):
    def every_other(x, rows):
        return sum(np.sum(x[int(row)] ** 2) for row in rows)

    compiled = tg.compile(tg.grad(every_other))
    x = np.arange(6.0).reshape(3, 2)
    for rows in ([0, 1], [0, 1], [2, 1], [0, 1]):
        np.testing.assert_array_equal(compiled(x, np.array(rows)), tg.grad(every_other)(x, np.array(rows)))
    assert len(recordings) == 2


def test_results_are_the_callers_own():
    compiled = tg.compile(tg.value_and_grad(lambda x: np.sum(np.tanh(x) ** 2) + np.sum(x)))
    x = np.linspace(-1, 1, 2000)
    compiled(x)
    for _ in range(3):
        gradient = compiled(x)[1]
        kept = gradient.copy()
        again = compiled(x * 0.5)[1]
        np.testing.assert_array_equal(gradient, kept)
        again[:] = 7.0
        gradient[:] = 7.0
        np.testing.assert_array_equal(compiled(x)[1], kept)


def test_arguments_are_not_written_and_their_layout_does_not_matter():
    compiled = tg.compile(tg.value_and_grad(lambda W, x: np.sum(np.tanh(W @ x) * W[0]), (0, 1)))
    rng = np.random.default_rng(0)
    for W in (rng.normal(size=(3, 3)), rng.normal(size=(3, 3)).T, rng.normal(size=(6, 6))[::2, ::2]):
        x, before = rng.normal(size=3), W.copy()
        W.flags.writeable = False
        value, _ = compiled(W, x)
        np.testing.assert_allclose(value, np.sum(np.tanh(W @ x) * W[0]), rtol=1e-12)
        np.testing.assert_array_equal(W, before)


def test_a_loss_is_a_tensor_whose_backward_leaves_the_gradients():
    W, b = tg.parameter(np.full((2, 2), 0.3), name="W"), tg.parameter(np.ones(2))
    unused = tg.parameter(np.ones(2))

    @tg.compile
    def loss(x):
        h = np.zeros(2)
        for _ in range(5):
            h = np.tanh(W @ h + x + b)
        return np.sum(h)

    for scale in (1.0, 2.0, 3.0):
        x = np.array([0.1, -0.2]) * scale
        for parameter in (W, b):
            parameter.grad = None
        (2.0 * loss(x)).backward()
        ours = W.grad, b.grad
        W.grad = b.grad = None
        (2.0 * loss.function(x)).backward()
        for a, expected in zip(ours, (W.grad, b.grad), strict=True):
            np.testing.assert_allclose(a, expected, rtol=1e-12)
        W.data = W.data * 0.9
    with tg.no_grad():
        assert not loss(x).requires_grad
        assert not loss(x).requires_grad
    assert unused.grad is None
    assert not list(tg.verify(loss(x)))
    cubes = tg.compile(lambda v: np.sum(v**3))
    np.testing.assert_allclose(tg.hessian(cubes)(x), np.diag(6 * x))


def test_methods_and_decorators():
    class Net:
        def __init__(self):
            self.w = np.ones(2)

        @tg.compile(plans=2)
        def energy(self, x):
            return np.sum(self.w * np.sin(x))

    net, other = Net(), Net()
    other.w = np.full(2, 3.0)
    for x in (np.ones(2), np.zeros(2) + 0.5):
        for each in (net, other):
            np.testing.assert_allclose(each.energy(x), np.sum(each.w * np.sin(x)))


class Net:
    def __init__(self, rate):
        self.W = tg.parameter(np.eye(2) * rate, "W")

    def __call__(self, x):
        return np.sum(np.tanh(self.W @ x))


def test_an_object_that_is_called():
    net = Net(0.5)
    compiled = tg.compile(net)
    for x in (np.ones(2), np.zeros(2) + 0.5, np.array([2.0, -1.0])):
        loss = compiled(x)
        loss.backward()
        np.testing.assert_allclose(net.W.grad, np.outer(1 - np.tanh(0.5 * x) ** 2, x))
        net.W.grad = None
    assert repr(compiled) == "<compiled Net: 1 plans>"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_makes_plans_of_its_own(copied):
    compiled = tg.compile(Net(0.5), plans=3)
    compiled(np.ones(2))
    other = copied(compiled)
    other.function.W.data = np.eye(2) * 0.25
    assert other(np.ones(2)).item() == pytest.approx(2 * np.tanh(0.25))
    own = 0.25 if other.function is compiled.function else 0.5
    assert compiled(np.ones(2)).item() == pytest.approx(2 * np.tanh(own))


def test_an_array_that_is_given_twice_is_a_call_of_another_kind():
    def attention(scale, query, key):
        return np.sum(scale * query * key) * (2.0 if query is key else 1.0)

    eager = tg.value_and_grad(attention)
    a, b = np.ones(3), np.full(3, 2.0)
    for order in ((a, b), (b, a), (a, a)), ((a, a), (a, b), (b, b)):
        compiled = tg.compile(eager)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for arguments in order * 2:
                np.testing.assert_equal(compiled(0.5, *arguments), eager(0.5, *arguments))


def test_errors_of_the_program_are_its_own():
    for argnums in (0, (0, 1), -1):
        with pytest.raises(TypeError, match="0 positional arguments"):
            tg.compile(tg.grad(lambda x: np.sum(x), argnums))(x=np.ones(2))
    ordered = tg.compile(tg.grad(lambda p: np.sum(p["a"] * p["b"])))
    with pytest.warns(RuntimeWarning, match="something else than arrays in dicts, lists and tuples"):
        ordered(OrderedDict(a=np.ones(2), b=np.ones(2)))
    compiled = tg.compile(tg.grad(lambda x, y: np.sum(x @ y)))
    for _ in range(2):
        with pytest.raises(ValueError, match="matmul"):
            compiled(np.ones(3), np.ones(2))
    assert tg.compile(tg.grad(lambda x: np.sum(x)))(np.ones(2)).tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="expected a function"):
        tg.compile(3)
    with pytest.raises(ValueError, match="backend"):
        tg.compile(np.sin, backend="fortran")


def test_check_compares_calls_with_the_function_itself():
    compiled = tg.compile(tg.value_and_grad(lambda x: np.sum(x**2)), check=2)
    for _ in range(5):
        compiled(np.ones(3))
    plan = compiled._latest()
    true = plan._run
    plan._run = lambda values, read: ([values[0].sum() * 0.5], [values[0]])
    compiled(np.ones(3))
    with pytest.raises(room.PlanError):
        compiled(np.ones(3))
    plan._run = true


def test_numbers_that_are_no_arrays_are_part_of_the_key():
    compiled = tg.compile(tg.value_and_grad(lambda x, power, flag=True: np.sum(x**power) * (1 if flag else -1)))
    for power, flag in ((2, True), (2.0, True), (3, False), (2, False), (2, True), (True, True)):
        value, gradient = compiled(np.array([1.5]), power, flag=flag)
        expected, other = compiled.function(np.array([1.5]), power, flag=flag)
        assert (value, gradient, value.dtype) == (expected, other, expected.dtype)


def test_a_function_that_is_another_one_in_each_call_is_left_alone():
    compiled = tg.compile(tg.grad(lambda x, k: np.sum(x * k)), plans=2)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for k in range(20):
            np.testing.assert_array_equal(compiled(np.ones(2), k), [k, k])
    assert len(warned) == 1
    assert "nearly every call" in compiled.report()


def test_threads_do_not_share_a_run():
    compiled = tg.compile(tg.value_and_grad(elman, 2))
    calls = [minibatch(seed) for seed in range(8)]
    expected = [tg.value_and_grad(elman, 2)(*call)[0] for call in calls]
    compiled(*calls[0])
    results = [[] for _ in calls]

    def work(k):
        for _ in range(20):
            results[k].append(compiled(*calls[k])[0])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for values, value in zip(results, expected, strict=True):
        np.testing.assert_allclose(values, value, rtol=1e-12)


def test_debuggers_and_other_watches_see_the_function_itself():
    compiled = tg.compile(tg.value_and_grad(lambda x: np.sum(np.log(x))))
    compiled(np.ones(2))
    with tg.detect_anomaly(), np.errstate(all="ignore"), pytest.raises(FloatingPointError):
        compiled(np.zeros(2))


def test_more_shapes_in_turn_than_plans_run_eagerly_where_there_is_no_plan():
    energy = tg.compile(lambda x: np.sum(x * x), plans=2)

    def turn():
        for size in (1, 1, 2, 3, 4):
            x = tg.parameter(np.arange(1.0, size + 1))
            energy(x).backward()
            np.testing.assert_array_equal(x.grad, 2 * x.data)

    turn()
    with pytest.warns(RuntimeWarning, match="eagerly where it has no plan, as arguments of more kinds than plans=2"):
        turn()
    plans = energy.plans_made
    turn()
    assert energy.plans_made == plans  # none is made in vain any more

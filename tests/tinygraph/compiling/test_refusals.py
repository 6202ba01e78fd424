"""What cannot be compiled is refused with its reason, and gives what it gives eagerly; what can be is right."""

import copy
import itertools
import random
import time
import types
import warnings

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling.comparing import assert_same, refused

X = np.array([0.5, -0.25, 2.0])


def test_random_numbers_are_refused():
    rng, python = np.random.default_rng(0), random.Random(0)
    draws = [
        lambda x: np.sum(x * rng.random()),
        lambda x: np.sum(x * python.random()),
        lambda x: np.sum(x * np.random.random()),  # noqa: NPY002 - what users write
        lambda x: np.sum(x * random.random()),
        lambda x: np.sum(x) if rng.random() < 2 else np.sum(x * 2),
        lambda x: np.sum(x * np.random.default_rng().random()),
    ]
    for draw in draws:
        reason = refused(tg.grad(draw), X)
        assert "random" in reason or "default_rng" in reason or "changes" in reason


def test_clocks_and_files_are_refused_however_they_are_reached(tmp_path):
    path, now = tmp_path / "rate.txt", time.monotonic
    path.write_text("2.0")
    clock = types.SimpleNamespace(now=time.time)
    reads = [
        lambda x: np.sum(x * (now() // 1e6)),
        lambda x: np.sum(x * (clock.now() // 1e6)),
        lambda x, now=time.time: np.sum(x * (now() // 1e6)),
        lambda x: np.sum(x * (time.time() // 1e6)),
        lambda x: np.sum(x * float(path.read_text())),
        lambda x: np.sum(x * np.loadtxt(path)),
        lambda x: np.sum(x * (2.0 if path.exists() else 1.0)),
    ]
    for function in reads:
        reason = refused(tg.grad(function), X)
        assert "nobody can look" in reason


def test_what_leaves_traces_outside_is_refused():
    seen, counter, clock = [], itertools.count(), types.SimpleNamespace(ticks=0)

    def appends(x):
        seen.append(1)
        return np.sum(x * len(seen))

    def counts(x):
        clock.ticks += 1
        return np.sum(x * clock.ticks)

    def takes_the_next(x):
        return np.sum(x * next(counter))

    def writes(x, out):
        out[0] = out[0] + 1
        return np.sum(x * out[0])

    for function in (appends, counts, takes_the_next):
        refused(tg.grad(function), X)
    refused(tg.grad(writes), X, np.zeros(1))


def test_a_state_that_is_written_into_an_argument_is_written_in_each_call():
    def leaves_a_state(x, state):
        state["h"] = state["h"] * 2.0
        return np.sum(x * state["h"])

    def lengthens(x, states):
        states.append(len(states))
        return np.sum(x)

    def counts(x, calls):
        calls["n"] = calls["n"] + 1
        return np.sum(x)

    for function, empty in ((leaves_a_state, {"h": np.ones(3)}), (lengthens, []), (counts, {"n": 0})):
        ours, theirs = copy.deepcopy(empty), copy.deepcopy(empty)
        eager = tg.value_and_grad(function)
        compiled = tg.compile(eager)
        with pytest.warns(RuntimeWarning, match="changes a dict or list that it is given"):
            assert_same(compiled(X, ours), eager(X, theirs))
        for _ in range(3):
            assert_same(compiled(X, ours), eager(X, theirs))
        np.testing.assert_equal(ours, theirs)


def test_what_a_refused_function_changes_it_changes_once():
    history, rng = [], np.random.default_rng(0)

    def with_a_baseline(x):
        value = np.sum(x * x) - len(history)
        history.append(len(history))
        return value

    def with_noise(x):
        return np.sum(x * rng.normal(size=3))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for function in (with_a_baseline, with_noise):
            compiled = tg.compile(tg.value_and_grad(function))
            values = [float(compiled(X)[0]) for _ in range(4)]
            history.clear()
            rng = np.random.default_rng(0)
            assert values == [float(tg.value_and_grad(function)(X)[0]) for _ in range(4)]


def test_a_value_that_is_asked_for_is_refused_with_its_line():
    asks = [
        lambda x: np.sum(x) if x[0] > 0 else np.sum(x * 2),
        lambda x: np.sum(x * float(np.sum(x).detach())),
        lambda x: np.sum(x * np.sum(x).item()),
        lambda x: np.sum(x * x.data),
        lambda x: np.sum(x[: int(np.argmax(x)) + 1]),
        lambda x: np.sum(np.take(x, np.argsort(x), mode="clip") * np.arange(3)),
        lambda x: np.sum(x * np.asarray(x.detach())),
        lambda x: np.sum(x * (2.0 in x)),
        lambda x: np.sum(x * float(f"{np.sum(x)}"[7:11])),
    ]
    for ask in asks:
        assert "test_refusals.py" in refused(tg.grad(ask), X)


def test_a_branch_is_right_on_both_sides():
    def branch(x):
        return np.sum(x) if np.sum(x) > 0 else np.sum(x**2)

    compiled = tg.compile(tg.grad(branch))
    with pytest.warns(RuntimeWarning, match="bool"):
        np.testing.assert_array_equal(compiled(X), tg.grad(branch)(X))
    for x in (-X, X):
        np.testing.assert_array_equal(compiled(x), tg.grad(branch)(x))


def test_no_grad_and_inner_backward_passes_are_refused():
    w = tg.parameter(np.ones(3))

    def without(x):
        with tg.no_grad():
            y = x * 2
        return np.sum(x * y)

    def inner(x):
        return np.sum(x * tg.grad(lambda z: np.sum(z**2))(x.detach()))

    for function in (without, inner):
        refused(tg.value_and_grad(function), X)
    del w


def test_what_is_compared_stays_right_where_comparisons_are_recorded():
    def rectified(x, y):
        ranked = np.take(x, np.argsort(x)) * np.arange(6)
        return np.sum(np.where(x > y, x * y, x - y) * (x != 0)) + np.sum(np.maximum(x, y) + tg.relu(x) + ranked)

    compiled, eager = tg.compile(tg.value_and_grad(rectified, (0, 1))), tg.value_and_grad(rectified, (0, 1))
    rng = np.random.default_rng(0)
    for _ in range(5):
        x, y = rng.normal(size=(2, 6))
        (a, (b, c)), (d, (e, f)) = compiled(x, y), eager(x, y)
        assert_same((a, b, c), (d, e, f))
    assert "runs eagerly" not in compiled.report()


def test_gradients_left_in_parameters_are_values_that_are_read():
    w = tg.parameter(np.ones(3))
    np.sum(w * 2.0).backward()
    assert ".grad" in refused(tg.value_and_grad(lambda x: np.sum(x * w.grad)), X)


def test_ops_of_the_program_run_themselves_whatever_their_names():
    scale = [2.0]
    mine = tg.op(lambda x: x * scale[0], vjp=lambda g, y, x: g * scale[0], name="sum")
    other = tg.op(lambda x: 3.0 * x, vjp=lambda g, y, x: 3.0 * g, name="sigmoid")

    def loss(x):
        h = np.zeros(3)
        for _ in range(4):
            h = other(0.1 * h + mine(x)) * 0.2
        return np.sum(h)

    compiled, eager = tg.compile(tg.value_and_grad(loss)), tg.value_and_grad(loss)
    for _ in range(3):
        assert_same(compiled(X), eager(X))
    scale[0] = 5.0
    for _ in range(3):
        assert_same(compiled(X), eager(X))


def test_what_asks_for_types_is_refused_where_arrays_are_recorded_as_tensors():
    def clipped(x, data):
        return np.sum(x * (np.clip(data, -1, 1) if isinstance(data, np.ndarray) else data))

    assert "isinstance" in refused(tg.value_and_grad(clipped), X, X / 10)
    assert "runs eagerly" not in recorded_report(lambda x: np.sum(x * 2.0) if isinstance(x, tg.Tensor) else x.sum())


def recorded_report(function):
    compiled = tg.compile(tg.grad(function))
    compiled(X)
    return compiled.report()


def test_a_plan_warns_no_more_than_the_function():
    def gates(x):
        h = np.zeros(3)
        for _ in range(3):
            h = tg.sigmoid(x * 300.0 + h)
        return np.sum(h)

    compiled = tg.compile(tg.value_and_grad(gates))
    with np.errstate(all="raise", under="ignore"):
        for sign in (1.0, -1.0, 1.0):
            assert_same(compiled(sign * X), tg.value_and_grad(gates)(sign * X))

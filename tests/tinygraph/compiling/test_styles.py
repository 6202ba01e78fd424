"""Functions in more styles, in both backends and two dtypes, with new arguments of several lengths in any order."""

import numpy as np
import pytest

import tinygraph as tg
from tests.tinygraph.compiling.backends import BACKENDS
from tinygraph.backward.pytree import flatten


class Leaky:
    """A cell that is called, whose state is float64 whatever the parameters are."""

    decay = 0.7

    def __call__(self, xs, p):
        h, states = np.ones(4) * 0.1, []
        for x in xs:
            h = self.decay * h + (1 - self.decay) * np.tanh(p["A"] @ h + x)
            states.append(h)
        states = np.stack(states)
        return np.mean((states[1:] - states[:-1]) ** 2)


def attention_inside(xs, p):
    h = np.zeros(4)
    keys = xs @ p["A"]
    for _ in range(len(xs)):
        h = np.tanh(tg.softmax(keys @ h) @ xs + p["b"] + 0.1 * h)
    return np.sum(np.exp(-h))


def outer_memory(xs, p):
    M, total = np.zeros((4, 4)), 0.0
    for x in xs:
        v = np.tanh(p["A"] @ x)
        total = total + np.sum((M @ x - v) ** 2)
        M = 0.9 * M + np.outer(v - M @ x, x) * 0.1
    return total


def clipped(xs, p):
    h, peak = np.zeros(4), np.zeros(4)
    for x in xs:
        h = np.clip(p["A"] @ h + x, -0.8, 0.8)
        peak = np.maximum(peak, np.abs(h))
    return np.sum(peak) + np.sqrt(np.sum(h * h) + 1e-9)


def states_in_a_dict(xs, p):
    state = {"h": np.zeros(4), "c": np.zeros(4)}
    for x in xs:
        z = p["W"] @ np.concatenate([x, state["h"]]) + np.tile(p["b"], 3)
        state["c"] = tg.sigmoid(z[:4]) * state["c"] + tg.sigmoid(z[4:8]) * np.tanh(z[8:])
        state["h"] = np.tanh(state["c"])
    return np.sum(state["h"] ** 2)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 2e-6), (np.float64, 1e-12)])
@pytest.mark.parametrize("function", [Leaky(), attention_inside, outer_memory, clipped, states_in_a_dict])
def test_a_function_gives_what_it_gives_eagerly(function, dtype, bound, backend):
    rng = np.random.default_rng(0)
    shapes = {"A": (4, 4), "W": (12, 8), "b": (4,)}
    calls = []
    for T in (5, 8, 5):
        p = {name: (rng.normal(size=shape) * 0.6).astype(dtype) for name, shape in shapes.items()}
        calls.append((rng.normal(size=(T, 4)).astype(dtype), p))
    eager = tg.value_and_grad(function, 1)
    compiled = tg.compile(eager, backend=backend)
    for call in calls + calls[::-1]:
        ours, theirs = flatten(compiled(*call)), flatten(eager(*call))
        scale = max(np.max(np.abs(x)) for x in theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert np.asarray(a).dtype == np.asarray(b).dtype
            np.testing.assert_allclose(a, b, rtol=bound, atol=bound * scale)
    assert "runs eagerly" not in compiled.report()
    if backend == "numba":
        assert "in NumPy" not in compiled.report()

"""The interface for bridges to other frameworks, used by one of NumPy alone: no framework is needed to test it."""

import sys

import numpy as np

import tinygraph as tg
from tinygraph.recording import foreign
from tinygraph.tracing.told import told_trace

LINEAR = foreign.ForeignOp(
    "linear",
    lambda g, y, values, inputs, attributes: (g @ values[1], np.outer(g, values[0])),
    ("g @ W", "outer(g, x)"),
    ("x", "W"),
)
TANH = foreign.ForeignOp("tanh", lambda g, y, values, inputs, attributes: (g * (1 - y * y),), ("g * (1 - y * y)",))


def test_a_scan_that_is_no_python_loop_tells_its_iterations():
    W, h = foreign.leaf(np.eye(2) * 0.5, requires_grad=True, name="W"), foreign.leaf(np.ones(2), name="h")
    frame = sys._getframe()

    def step(i):
        nonlocal h
        with tg.iteration("scan", i):
            a = foreign.record(LINEAR, W.numpy() @ h.numpy(), (h, W), frame)
            h = foreign.record(TANH, np.tanh(a.numpy()), (a,), frame, name="h")

    for i in range(4):
        step(i)
    trace = tg.trace(h, np.ones(2))
    assert trace.contributions(W).timesteps == [4, 3, 2, 1]
    assert len(tg.fold(trace.graph).nodes) < 7
    assert str(trace.formulas(0)[0]).endswith("= h̄⁽⁴⁾ ⊙ (1 − h⁽⁴⁾ ⊙ h⁽⁴⁾)")


def test_a_place_without_a_frame_is_shown():
    x = foreign.leaf(np.ones(2), requires_grad=True, name="x")
    y = foreign.record(TANH, np.tanh(np.ones(2)), (x,), sys._getframe())
    code = test_a_place_without_a_frame_is_shown.__code__
    foreign.place(y, foreign.call_of(code), 2)
    node = tg.graph(y).nodes[-1]
    assert node.source.filename == __file__
    assert node.source.function.endswith("test_a_place_without_a_frame_is_shown")


def test_told_adjoints_are_shown_as_they_are_and_missing_ones_are_computed():
    W, x = foreign.leaf(np.eye(2), requires_grad=True, name="W"), foreign.leaf(np.ones(2), name="x")
    a = foreign.record(LINEAR, np.ones(2), (x, W), sys._getframe())
    y = foreign.record(TANH, np.tanh(np.ones(2)), (a,), sys._getframe())
    told = told_trace(y, {y: np.array([3.0, 0.0])})
    slope = 1 - np.tanh(1.0) ** 2
    assert np.allclose(told.gradient("W"), np.outer([3 * slope, 0], [1, 1]))
    unreached = told_trace(y, {y: np.ones(2), a: None, W: np.full((2, 2), 7.0)})
    assert len(unreached) == 1
    assert (unreached.gradient("W") == 7).all()
    assert not unreached.contributions("W")

"""forward: the values of the forward pass, and the weights that carry the state."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from tinygraph.diagnosing import forward
from viz.terminal.session import Session

T = 5


def gated(transposed=False):
    rng = np.random.default_rng(0)
    W, U, V = (tg.parameter(rng.normal(size=shape)) for shape in ((4, 4), (4, 3), (2, 4)))
    h, loss = np.zeros(4), 0.0
    for x in rng.normal(size=(T, 3)):
        a = (h @ W if transposed else W @ h) + U @ x
        h = np.tanh(a)
        r = tg.relu(V @ h)
        loss = loss + np.sum(r)
    return loss


def test_the_numbers_are_those_of_the_values():
    trace = tg.trace(gated())
    rows = forward(trace, "h").values
    assert [row.timestep for row in rows] == [1, 2, 3, 4, 5]
    for row in rows:
        h = trace.node(f"h[{row.timestep}]").data
        assert row.norm == pytest.approx(np.linalg.norm(h))
        assert (row.mean, row.low, row.high) == pytest.approx((h.mean(), h.min(), h.max()))
        assert row.zero == np.mean(h == 0)
        assert row.saturated == np.mean(1 - h * h < 3e-4)


def test_other_ops_do_not_saturate_and_zeros_are_counted():
    trace = tg.trace(gated())
    zeros = [row.zero for row in forward(trace, "r").values]
    assert zeros == [np.mean(trace.node(f"r[{t}]").data == 0) for t in range(1, T + 1)]
    assert any(zeros)
    assert {row.saturated for row in forward(trace, "a").values} == {None}


@pytest.mark.parametrize("transposed", [False, True])
def test_the_weight_that_carries_the_state_is_measured(transposed):
    trace = tg.trace(gated(transposed))
    [weight] = forward(trace).weights
    W = trace.node("W").data
    assert weight.name == "W"
    assert weight.radius == pytest.approx(np.abs(np.linalg.eigvals(W)).max())
    assert weight.gain == pytest.approx(np.linalg.svd(W, compute_uv=False)[0])


def test_without_a_name_all_are_there_and_an_unknown_one_is_refused():
    trace = tg.trace(gated())
    assert {row.name for row in forward(trace).values} == {"a", "h", "r", "loss"}
    with pytest.raises(LookupError, match="no node is called"):
        forward(trace, "q")


def test_the_command():
    session = Session(viz.Debugger(gated()))
    answer = session.run("forward h")
    text = "\n".join(line.plain for line in answer.lines)
    assert text.splitlines()[0].split() == ["time", "‖x‖", "mean", "min", "max", "zero", "saturated"]
    assert len(answer.data["values"]) == T
    assert "W 4×4 carries the state: spectral radius" in text
    everything = session.run("forward")
    assert max(line.cell_len for line in everything.lines) <= 80
    assert Session(viz.Debugger(gated()), width=40).run("forward").lines


@pytest.mark.parametrize(("shift", "share"), [(0.0, 0.0), (4.0, 1.0)])
def test_a_value_that_a_nameless_tanh_reads_is_as_saturated_as_that_is(shift, share):
    W, h = tg.parameter(np.eye(3) / 2), np.zeros(3)
    for x in np.linspace(-0.5, 0.5, 5):
        g = W @ h + x + shift
        h = 0.5 * h + 0.1 * np.tanh(g)
    assert [row.saturated for row in forward(tg.trace(np.sum(h)), "g").values] == [share] * 5

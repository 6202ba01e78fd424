"""Traces: what they show is what the pass did, at any step and in any order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tinygraph.backward.sums import RunningSum, add
from tinygraph.recording.sparse import Sparse


def elman(timesteps=4, hidden=3, dtype=float, seed=0):
    """Lecture row B1 as a loop, with the loss summed over the time steps."""
    rng = np.random.default_rng(seed)
    W = tg.tensor(rng.normal(size=(hidden, hidden)) / 2, requires_grad=True, dtype=dtype, name="W")
    U = tg.tensor(rng.normal(size=(hidden, 2)), requires_grad=True, dtype=dtype, name="U")
    b = tg.tensor(rng.normal(size=hidden), requires_grad=True, dtype=dtype, name="b")
    X = tg.tensor(rng.normal(size=(timesteps, 2)), requires_grad=True, dtype=dtype, name="X")
    h = tg.tensor(np.zeros(hidden), dtype=dtype, name="h")
    loss = 0.0
    for t in range(timesteps):
        with tg.timestep(t + 1):
            a = W @ h + U @ X[t] + b
            h = np.tanh(a)
            loss = loss + np.sum(h * h)
    return loss, {"W": W, "U": U, "b": b, "X": X}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_are_bitwise_those_of_backward_and_leaves_are_not_touched(dtype):
    loss, leaves = elman(dtype=dtype)
    trace = tg.trace(loss)
    assert all(leaf.grad is None for leaf in leaves.values())
    loss.backward()
    for leaf in leaves.values():
        assert trace.gradient(leaf).tobytes() == leaf.grad.tobytes()
        assert trace.gradient(leaf).dtype == leaf.grad.dtype


def test_into_grad_adds_as_backward_does():
    loss, leaves = elman()
    loss.backward()
    once = {name: leaf.grad.copy() for name, leaf in leaves.items()}
    tg.trace(loss, into_grad=True)
    for name, leaf in leaves.items():
        np.testing.assert_array_equal(leaf.grad, once[name] + once[name])


def test_steps_are_those_of_backprop():
    loss, _ = elman()
    trace = tg.trace(loss)
    steps = list(tg.backprop(loss))
    assert len(trace) == len(trace.steps) == len(steps)
    for shown, step in zip(trace.steps, steps, strict=True):
        assert shown.index == step.index
        assert shown.node.index == step.node.index
        np.testing.assert_array_equal(shown.adjoint, step.adjoint)
        for mine, its in zip(shown.contributions, step.contributions, strict=True):
            assert (mine is None) == (its is None)
            if mine is not None:
                assert mine.tobytes() == np.asarray(its).tobytes()


@pytest.mark.parametrize("name", ["W", "U", "b", "X"])
def test_terms_add_up_to_the_gradient_to_the_last_bit(name):
    loss, leaves = elman(timesteps=7)
    trace = tg.trace(loss)
    terms = trace.contributions(leaves[name])
    assert len(terms) == 7
    assert terms.timesteps == [7, 6, 5, 4, 3, 2, 1]
    assert terms.exact
    total = terms[0].term.copy()
    for row in terms[1:]:
        total = total + row.term
        np.testing.assert_array_equal(row.running, total)
    assert sum(row.share for row in terms) == pytest.approx(1)
    assert terms[3].norm == pytest.approx(np.linalg.norm(terms[3].term))
    cosine = np.vdot(terms[3].term, total) / (np.linalg.norm(terms[3].term) * np.linalg.norm(total))
    assert terms[3].cosine == pytest.approx(cosine)


def test_row_c3_each_term_is_the_formula_of_the_lectures():
    loss, _ = elman()
    trace = tg.trace(loss)
    hidden = {t: trace.node(f"h[{t}]") for t in range(5)}
    for row in trace.contributions("W"):
        t = row.timestep
        h = hidden[t].data
        expected = np.outer((1 - h * h) * trace.gradient(hidden[t]), hidden[t - 1].data)
        np.testing.assert_allclose(row.term, expected, rtol=1e-12)


def test_state_marks_what_is_not_computed_yet():
    loss, leaves = elman()
    trace = tg.trace(loss)
    start, end = trace.at(0), trace.at(len(trace))
    assert start.status("W") == "not yet"
    assert start.gradient("W") is None
    assert start.status(trace.output) == "complete"
    assert end.status("W") == "complete"
    assert end.gradient("W").tobytes() == trace.gradient(leaves["W"]).tobytes()
    assert end.status("h[0]") == "none"
    first = trace.contributions("W")[0].step
    assert trace.at(first).status("W") == "not yet"
    assert trace.at(first + 1).status("W") == "partial"


@pytest.mark.parametrize("name", ["W", "b", "X", "h[2]"])
def test_partial_sums_are_those_of_the_steps_so_far(name):
    loss, _ = elman()
    trace = tg.trace(loss)
    node, total = trace.node(name), None
    for k, step in enumerate(tg.backprop(loss)):
        so_far = trace.at(k).gradient(name)
        assert (so_far is None) == (total is None)
        assert total is None or so_far.tobytes() == np.asarray(total).tobytes()
        for source, contribution in zip(step.node.inputs, step.contributions, strict=True):
            if source.index == node.index and contribution is not None:
                total = contribution if total is None else total + contribution
    assert trace.at(len(trace)).gradient(name).tobytes() == np.asarray(total).tobytes()


@pytest.mark.slow
@given(st.lists(st.integers(0, 400), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_any_order_of_visits_shows_the_same(visits):
    loss, _ = elman(timesteps=40)
    trace = tg.trace(loss)
    for k in visits:
        k %= len(trace)
        here = trace[k]
        fresh = tg.trace(loss)
        latest = dict(zip(here.node.inputs, here.after, strict=True))  # h * h contributes to h twice
        for source, after in latest.items():
            if after is not None:
                expected = fresh.running(fresh.graph.nodes[source.index], k + 1)
                assert after.tobytes() == expected.tobytes()


@given(
    st.lists(st.booleans(), min_size=1, max_size=60),
    st.integers(1, 9),
    st.lists(st.integers(0, 60), min_size=1, max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_running_sum_is_the_naive_sum(sparse, stride, visits, seed):
    rng = np.random.default_rng(seed)
    dense = [rng.normal(size=(3, 2)) for _ in sparse]
    terms = []
    for i, is_sparse in enumerate(sparse):
        if is_sparse:
            terms.append(Sparse(np.empty((3, 2)), i % 3, dense[i][i % 3]))
            dense[i][[j for j in range(3) if j != i % 3]] = 0
        else:
            terms.append(dense[i])
    sums = RunningSum(lambda i: terms[i], stride)
    for n in visits:
        n %= len(terms) + 1
        running = sums.upto(n)
        if n == 0:
            assert running is None
            continue
        total = dense[0]
        for term in dense[1:n]:
            total = total + term
        np.testing.assert_array_equal(running.dense() if type(running) is Sparse else running, total)


def test_add_grows_only_what_it_owns():
    first = np.ones(2)
    assert add(None, False, first) is first
    total = add(first, False, np.ones(2))
    np.testing.assert_array_equal(first, 1)
    assert add(total, True, np.ones(2)) is total


def test_what_is_shown_cannot_be_written_to():
    loss, _ = elman()
    step = tg.trace(loss)[5]
    for array in (step.adjoint, *step.contributions, *step.after):
        if array is not None:
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_a_later_update_of_a_parameter_changes_nothing():
    loss, leaves = elman()
    trace = tg.trace(loss)
    before = trace.gradient("W").copy()
    leaves["W"].data = np.zeros((3, 3))
    assert trace.contributions("W").exact
    np.testing.assert_array_equal(trace.gradient("W"), before)


def test_an_input_used_twice_by_one_op_receives_twice():
    x = tg.parameter(3.0, name="x")
    y = x * x
    step = tg.trace(y)[0]
    assert [float(c) for c in step.contributions] == [3, 3]
    assert step.before[0] is None
    assert float(step.after[0]) == float(step.before[1]) == 3
    assert float(step.after[1]) == 6


def test_the_loss_alone_has_no_steps():
    x = tg.parameter(2.0, name="x")
    trace = tg.trace(x)
    assert len(trace) == 0
    assert float(trace.gradient("x")) == 1


def test_bad_input():
    loss, _ = elman()
    trace = tg.trace(loss)
    with pytest.raises(TypeError, match="expected a Tensor that was recorded, got ndarray"):
        tg.trace(np.ones(3))
    with pytest.raises(RuntimeError, match="nothing that requires a gradient"):
        tg.trace(tg.tensor(1.0) * 2)
    with pytest.raises(ValueError, match="only a scalar"):
        tg.trace(tg.parameter([1.0, 2.0]) * 2)
    with pytest.raises(IndexError, match="step 999 is out of range.*from 0 to"):
        trace[999]
    with pytest.raises(TypeError, match="a step is an integer"):
        trace["W"]
    with pytest.raises(LookupError, match="did you mean"):
        trace.node("hh[3]")
    assert trace[-1].index == len(trace) - 1


def test_adjoints_hold_no_more_than_the_forward_values():
    loss, _ = elman(timesteps=200, hidden=16)
    trace = tg.trace(loss)
    trace.contributions("W").exact  # lays checkpoints
    for k in range(0, len(trace), 37):
        trace[k]
    assert trace.nbytes <= 2.2 * trace.forward_bytes

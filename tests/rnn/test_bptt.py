"""Rows C1 to C6 of the lectures: back-propagation through time, term by term."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
import tinygraph as tg
from tests.rnn.helpers import few, randomised, seeds, softmax


def recorded(seed=0, T=4, learned=False):
    """A small network of row B1 with cross-entropy at every time step, recorded on a single sequence."""
    rng = np.random.default_rng(seed)
    cell = rnn.ElmanCell(3, 5, learned_state=learned, rng=rng)
    model = randomised(rnn.ManyToMany(cell, 4, rng=rng), rng)
    xs, ys = rng.normal(size=(T, 3)), rng.integers(0, 4, T)
    loss = rnn.cross_entropy(model(xs), ys)
    nodes = {(n.name, n.timestep): n.tensor for n in tg.graph(loss).nodes if n.kind == "op"}
    return SimpleNamespace(model=model, cell=cell, xs=xs, ys=ys, T=T, loss=loss, nodes=nodes)


def adjoint(run, name, t):
    return rnn.analysis.adjoints(run.loss, [run.nodes[name, t]])[0]


def by_the_notes(run, wrong_side=False):
    """Rows C1 to C3 in NumPy: the gradients at o, h and a of each time step, and the terms of each parameter."""
    model, cell = run.model, run.cell
    U, W, b = cell.U.data, cell.W.data, cell.b.data
    V, c = model.readout.V.data, model.readout.c.data
    h = [cell.h0.data if hasattr(cell, "h0") else np.zeros(5)]
    for x in run.xs:
        h.append(np.tanh(b + W @ h[-1] + U @ x))
    at_o, at_h = [None] * (run.T + 1), [None] * (run.T + 1)
    for t in range(run.T, 0, -1):
        at_o[t] = softmax(c + V @ h[t]) - np.eye(4)[run.ys[t - 1]]
        at_h[t] = V.T @ at_o[t]
        if t < run.T:
            slope = np.diag(1 - h[t + 1] ** 2)
            onward = slope @ W.T if wrong_side else W.T @ slope
            at_h[t] = at_h[t] + onward @ at_h[t + 1]
    steps = range(1, run.T + 1)
    at_a = [None, *((1 - h[t] ** 2) * at_h[t] for t in steps)]
    terms = {
        "c": [at_o[t] for t in steps],
        "b": [at_a[t] for t in steps],
        "V": [np.outer(at_o[t], h[t]) for t in steps],
        "W": [np.outer(at_a[t], h[t - 1]) for t in steps],
        "U": [np.outer(at_a[t], run.xs[t - 1]) for t in steps],
    }
    return SimpleNamespace(h=h, o=at_o, at_h=at_h, a=at_a, terms=terms)


def contributions(loss, name):
    """The terms that the backward pass adds up for a parameter, by time step."""
    found = {}
    for step in tg.backprop(loss):
        for source, term in zip(step.node.inputs, step.contributions, strict=True):
            if source.kind == "parameter" and source.name == name:
                found[step.node.timestep] = term
    return found


@given(seed=seeds, T=st.integers(1, 6))
def test_c1_softmax_with_cross_entropy(seed, T):
    run = recorded(seed, T)
    notes = by_the_notes(run)
    for t in range(1, T + 1):
        assert adjoint(run, "L", t) == 1
        np.testing.assert_allclose(adjoint(run, "o", t), notes.o[t], rtol=1e-10, atol=1e-12)


@given(T=st.integers(1, 6), K=st.integers(1, 9))
def test_c1_loss_of_equal_scores(T, K):
    o = [tg.parameter(np.zeros(K)) for _ in range(T)]
    assert rnn.cross_entropy(o, [0] * T).item() == pytest.approx(T * np.log(K))


@given(seed=seeds, T=st.integers(1, 6))
def test_c2_gradient_at_the_hidden_states(seed, T):
    run = recorded(seed, T)
    notes = by_the_notes(run)
    for t in range(1, T + 1):
        np.testing.assert_allclose(adjoint(run, "h", t), notes.at_h[t], rtol=1e-9, atol=1e-11)


def test_c2_the_printed_form_has_the_diagonal_on_the_wrong_side():
    run = recorded(T=6)
    run.loss.backward()
    wrong = sum(by_the_notes(run, wrong_side=True).terms["W"])
    assert np.linalg.norm(wrong - run.cell.W.grad) / np.linalg.norm(run.cell.W.grad) > 0.05


@pytest.mark.parametrize("name", ["c", "b", "V", "W", "U"])
@few
@given(seed=seeds, T=st.integers(1, 6))
def test_c3_all_five_gradients_and_each_of_their_terms(name, seed, T):
    run = recorded(seed, T)
    terms = by_the_notes(run).terms[name]
    shown = contributions(run.loss, name)
    assert sorted(shown) == list(range(1, T + 1))
    for t, term in enumerate(terms, start=1):
        np.testing.assert_allclose(shown[t], term, rtol=1e-9, atol=1e-11)
    parameter = {p.name: p for p in run.model.parameters().values()}[name]
    np.testing.assert_allclose(parameter.grad, sum(terms), rtol=1e-9, atol=1e-10)


def test_c4_three_terms_for_v_and_u_and_two_for_w():
    run = recorded(T=3)
    assert [np.any(contributions(run.loss, "V")[t]) for t in (1, 2, 3)] == [True, True, True]
    assert [np.any(contributions(run.loss, "U")[t]) for t in (1, 2, 3)] == [True, True, True]
    assert [np.any(contributions(run.loss, "W")[t]) for t in (1, 2, 3)] == [False, True, True]


def test_c4_bar_notation():
    run = recorded(T=3)
    run.loss.backward()
    r, z, h = (lambda t: adjoint(run, "o", t)), (lambda t: adjoint(run, "a", t)), (lambda t: run.nodes["h", t].data)
    V, W = run.model.readout.V, run.cell.W
    for t in (1, 2):
        np.testing.assert_allclose(adjoint(run, "h", t), V.data.T @ r(t) + W.data.T @ z(t + 1), rtol=1e-10)
    np.testing.assert_allclose(z(2), adjoint(run, "h", 2) * (1 - h(2) ** 2), rtol=1e-10)
    np.testing.assert_allclose(V.grad, sum(np.outer(r(t), h(t)) for t in (1, 2, 3)), rtol=1e-10)
    np.testing.assert_allclose(run.cell.U.grad, sum(np.outer(z(t), run.xs[t - 1]) for t in (1, 2, 3)), rtol=1e-10)
    np.testing.assert_allclose(W.grad, sum(np.outer(z(t + 1), h(t)) for t in (1, 2)), rtol=1e-10)


def test_c4_a_learned_initial_state_gives_w_its_third_term():
    run = recorded(T=3, learned=True)
    term = contributions(run.loss, "W")[1]
    assert np.any(term)
    np.testing.assert_allclose(term, np.outer(adjoint(run, "a", 1), run.cell.h0.data), rtol=1e-10)
    np.testing.assert_allclose(run.cell.h0.grad, run.cell.W.data.T @ adjoint(run, "a", 1), rtol=1e-10)


def batched(reduction, N=6, T=3):
    rng = np.random.default_rng(3)
    model = rnn.ManyToMany(rnn.ElmanCell(2, 4, rng=rng), 3, rng=rng)
    xs, ys = rng.normal(size=(T, N, 2)), rng.integers(0, 3, (T, N))
    loss = rnn.cross_entropy(model(xs), ys, reduction=reduction)
    a = {n.timestep: n.tensor for n in tg.graph(loss).nodes if n.name == "a"}
    bars = rnn.analysis.adjoints(loss, [a[t] for t in range(1, T + 1)])
    loss.backward()
    return model.layer.U.grad, sum(bar.T @ x for bar, x in zip(bars, xs, strict=True))


def test_c5_the_mean_over_the_batch_is_inside_the_bars_of_a_mean_loss():
    gradient, product = batched("batchmean")
    np.testing.assert_allclose(gradient, product, rtol=1e-10)


def test_c5_one_over_n_belongs_before_bars_that_are_per_example():
    mean, _ = batched("batchmean")
    _, per_example = batched("sum")
    np.testing.assert_allclose(mean, per_example / 6, rtol=1e-10)


@given(seed=seeds, T=st.integers(1, 5))
def test_c6_a_shared_weight_sums_the_gradients_of_its_copies(seed, T):
    run = recorded(seed, T)
    run.loss.backward()
    copies = [tg.parameter(run.cell.W.data) for _ in range(T)]
    U, b = run.cell.U.data, run.cell.b.data
    h, outputs = np.zeros(5), []
    for W, x in zip(copies, run.xs, strict=True):
        h = np.tanh(b + W @ h + U @ x)
        outputs.append(run.model.readout(h))
    rnn.cross_entropy(outputs, run.ys).backward()
    np.testing.assert_allclose(run.cell.W.grad, sum(W.grad for W in copies), rtol=1e-9, atol=1e-11)

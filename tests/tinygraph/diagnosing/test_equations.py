"""The network as equations: of programs with layers, gates, sequences, two directions; none of them written for it."""

import importlib

import numpy as np
import pytest

import tinygraph as tg
from tests.programs import ALL
from tinygraph.diagnosing import network

EXPECTED = {
    "elman": ["h⁽ᵗ⁾ ← W, U, h⁽ᵗ⁻¹⁾, x⁽ᵗ⁾", "sum ← h⁽⁶⁾"],
    "gru": [
        "z⁽ᵗ⁾ ← W₀, U₀, x⁽ᵗ⁾, h⁽ᵗ⁻¹⁾",
        "r⁽ᵗ⁾ ← W₁, U₁, x⁽ᵗ⁾, h⁽ᵗ⁻¹⁾",
        "h⁽ᵗ⁾ ← W₂, U₂, z⁽ᵗ⁾, h⁽ᵗ⁻¹⁾, x⁽ᵗ⁾, r⁽ᵗ⁾",
        "sum ← h⁽⁶⁾",
    ],
    "layers_around_time": ["hₙ⁽ᵗ⁾ ← Wₙ, Uₙ, hₙ⁽ᵗ⁻¹⁾, x⁽ᵗ⁾ at n = 1, hₙ₋₁⁽ᵗ⁾", "add ← h₂⁽¹⁾ … h₂⁽⁶⁾"],
    "bidirectional_in_separate_code": [
        "h⁽ᵗ⁾ ← W_forward, U_forward, h⁽ᵗ⁻¹⁾, x⁽ᵗ⁾",
        "g⁽ᵗ⁾ ← W_backward, U_backward, g⁽ᵗ⁺¹⁾, x⁽ᵗ⁾",
        "add ← V, h⁽¹⁾ … h⁽⁶⁾, g⁽¹⁾ … g⁽⁶⁾",
    ],
    "full_history": ["state⁽ᵗ⁾ ← W, state of all time steps before", "sum ← state⁽⁶⁾"],
    "truncated": [
        "hₙ⁽ᵗ⁾ ← W, U, hₙ⁽ᵗ⁻¹⁾, x⁽ᵗ⁾",  # every chunk is given the same data
        "lossₙ⁽ᵗ⁾ ← hₙ⁽ᵗ⁾, lossₙ⁽ᵗ⁻¹⁾, lossₙ₋₁⁽ᵗ⁺²⁾ of the one before at t = 1",
    ],
}


@pytest.mark.parametrize("name", EXPECTED)
def test_equations_of_programs(name):
    equations = network(tg.trace(ALL[name](6)))
    assert [f"{each.left} ← {', '.join(each.right)}" for each in equations] == EXPECTED[name]


def test_layers_that_share_their_parameters_say_so():
    h, *_ = network(tg.trace(ALL["epochs"](6)))
    assert h.note == "n = 1 … 3, the same W, U"
    h, *_ = network(tg.trace(ALL["layers_around_time"](6)))
    assert h.note == "n = 1 … 2"


def test_a_state_that_is_read_a_step_too_late_is_seen():
    W, memory, h, loss = tg.parameter(np.eye(2), name="W"), np.zeros(2), np.zeros(2), 0.0
    for t in range(5):
        stale = memory
        memory = h
        h = np.tanh(W @ stale + float(t))
        loss = loss + np.sum(h)
    equation, _ = network(tg.trace(loss))
    assert "h⁽ᵗ⁻²⁾" in ", ".join(equation.right)
    assert "h⁽ᵗ⁻¹⁾" not in equation.right


@pytest.mark.parametrize("name", ["p02_lstm_class", "p04_gru_crf_dict", "p06_stacked_residual", "p22_layernorm_lstm"])
def test_every_named_value_of_an_outsider_is_on_one_left_side(name):
    trace = tg.trace(importlib.import_module(f"tests.programs.outsiders.{name}").main())
    equations = network(trace)
    named = [node for node in trace.graph.nodes if node.op is not None and (node.name or node is trace.output)]
    entered = [value.node for equation in equations for value in equation.values]
    assert sorted(node.index for node in entered) == [node.index for node in named]
    assert all(str(equation) for equation in equations)


def test_what_takes_the_place_of_a_state_has_no_time_step_that_there_is_not():
    W, A, state, loss = tg.parameter(np.eye(2), name="W"), np.eye(2), np.ones(2), 0.0
    for t in range(1, 13):
        state = A @ state + 0.1 * np.tanh(W @ state)
        if t % 5 == 0:
            state = tg.tensor(state.data.round(3))
        loss = loss + np.sum(state**2)
    text = "\n".join(map(str, network(tg.trace(loss))))
    assert "state (new in line " in text
    assert "at t = 6, 11" in text
    for delay in ("⁻²", "⁻⁶", "⁻⁷", "⁻¹¹", "⁻¹²"):
        assert f"state⁽ᵗ{delay}⁾" not in text
    assert "← v " not in text  # there is no v in the program


def test_a_detached_value_is_written_as_the_program_has_it():
    W, h = tg.parameter(np.eye(2), name="W"), tg.tensor(np.zeros(2))
    for t in range(6):
        h = np.tanh(W @ h.detach() + float(t))
    assert "h.detach()" in "\n".join(map(str, network(tg.trace(np.sum(h)))))


def directions(turned_back):
    rng = np.random.default_rng(0)
    xs, V = rng.normal(size=(5, 2)), tg.parameter(rng.normal(size=(2, 4)), name="V")

    def run(sequence, W):
        h, states = np.zeros(2), []
        for x in sequence:
            h = np.tanh(W @ h + x)
            states.append(h)
        return states

    W, U = (tg.parameter(rng.normal(size=(2, 2)), name=name) for name in "WU")
    past, future = run(xs, W), run(xs[::-1], U)
    outputs = []
    for f, g in zip(past, future[::-1] if turned_back else future):
        joint = np.concatenate([f, g])
        outputs.append(np.sum(np.tanh(V @ joint)))
    return np.sum(np.stack(outputs))


def texts(loss):
    return [str(equation).rpartition(", line")[0] for equation in network(tg.trace(loss))]


@pytest.mark.parametrize(("turned_back", "second"), [(True, "h⁽ᵗ⁾ (loop 2)"), (False, "h⁽⁶⁻ᵗ⁾ (loop 2)")])
def test_states_of_one_name_are_told_apart_and_what_is_read_from_the_other_end(turned_back, second):
    first, other, joint, *_ = texts(directions(turned_back))
    assert first == "h⁽ᵗ⁾ (loop 1) ← W, h⁽ᵗ⁻¹⁾ (loop 1), x⁽ᵗ⁾"
    assert other == "h⁽ᵗ⁾ (loop 2) ← U, h⁽ᵗ⁺¹⁾ (loop 2), x⁽ᵗ⁾"
    assert joint == f"joint⁽ᵗ⁾ ← h⁽ᵗ⁾ (loop 1), {second}"


def test_the_first_layer_reads_the_last_state_of_another_loop():
    rng = np.random.default_rng(0)
    W, layers = tg.parameter(np.eye(3) / 2), [tg.parameter(rng.normal(size=(3, 3)), name=f"A{k}") for k in range(4)]
    h = np.zeros(3)
    for x in rng.normal(size=(5, 3)):
        h = np.tanh(W @ h + x)
    for A in layers:
        y = np.tanh(A @ h)
        h = y + h
    assert texts(np.sum(h))[1] == "yₙ ← Aₙ, hₙ₋₁, h⁽⁵⁾"


def test_the_mask_of_a_dropout_is_shown():
    rng = np.random.default_rng(0)
    W, h = tg.parameter(np.eye(6) / 2, name="W"), np.ones(6)
    for x in rng.normal(size=(4, 6)):
        h = np.tanh(W @ h + x)
    [_, loss] = texts(np.sum(h * (rng.random(h.shape) < 0.5)))
    assert loss.startswith("sum ← the mask rng.random(h.shape) < 0.5 (line ")

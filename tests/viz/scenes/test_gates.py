"""Gated cells: what is found in the graph, and whether the equations can be computed from the picture alone."""

import re

import numpy as np
import pytest

import tinygraph as tg
import viz
from examples import programs
from tests.programs import gated
from tests.programs.gated import GATED

T, N = 4, 3
X = np.sin(np.arange(1.0 * T * N)).reshape(T, N)
programs_ = pytest.mark.parametrize("program", GATED, ids=lambda program: program.__name__)


def folded(result, view="variables"):
    return viz.draw(result, view=view, fold=True).scene


def step(result, view="variables", t=2):
    return viz.draw(result, view=view, timesteps=[t]).scene


def name(node):
    return re.sub("⁽.*⁾$", "", node.label)


def gates_of(scene):
    """Return the names of what is multiplied, itself or as 1 − z, by what bears the sign of a product, and is σ."""
    nodes = {node.id: node for node in scene.nodes}
    into = {"⊙": set(), "1−": set()}
    for edge in scene.edges:
        into.setdefault(nodes[edge.target].label, set()).add(edge.source)
    multiplied = {id for id in into["⊙"] if nodes[id].label != "1−"} | into["1−"]
    return sorted(name(nodes[id]) for id in multiplied if "σ" in (nodes[id].label, nodes[id].detail))


@programs_
def test_the_gates_are_found_and_no_edge_leads_back(program):
    for scene in (folded(program()), step(program())):
        gates = GATED[program][1].split()
        if program is not gated.package_lstm:  # its gates are parts of one σ
            assert gates_of(scene) == sorted(gates)
        assert not [edge for edge in scene.edges if edge.kind == "delay" or "t−1" in edge.label]
        column = {node.id: node.column for node in scene.nodes}
        assert all(column[edge.source] <= column[edge.target] for edge in scene.edges)


@programs_
def test_the_states_of_the_time_step_before_are_ghosts_in_front(program):
    drawn = {"folded": (folded(program()), "⁽ᵗ⁻¹⁾"), "step": (step(program()), "⁽¹⁾")}
    for scene, time in drawn.values():
        ghosts = [node for node in scene.nodes if node.kind == "ghost"]
        states = {node.slot: node for node in scene.nodes if node.kind in ("variable", "loss")}
        assert {f"{state}{time}" for state in GATED[program][0].split()} <= {ghost.label for ghost in ghosts}
        assert all(name(states[ghost.slot]) == name(ghost) for ghost in ghosts)
        assert all(ghost.column < states[ghost.slot].column for ghost in ghosts)
        assert not {edge.target for edge in scene.edges if edge.kind != "elided"} & {ghost.id for ghost in ghosts}


# The picture, computed

FUNCTIONS = {"σ": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "1−": lambda z: 1 - z, "": lambda z: z}


def from_picture(graph, scene, id):
    """Return the value of a node, computed only from what the picture shows; inputs and ghosts are as recorded."""
    nodes = {node.id: node for node in scene.nodes}
    parameters = {node.name: node.data for node in graph.parameters}

    def weight(label):
        return parameters[label] if label in parameters else parameters[label.replace("_", "")]

    def term(edge):
        value = -compute(edge.source) if edge.label.startswith("−") else compute(edge.source)
        for factor in filter(None, edge.label.removeprefix("−").split(", ")):
            value = weight(factor) @ value if weight(factor).ndim == 2 else weight(factor) * value
        return value

    def compute(id):
        node = nodes[id]
        if node.kind in ("ghost", "input"):
            return graph.nodes[int(id[1:])].data
        terms = [term(edge) for edge in scene.edges if edge.target == id]
        if node.label == "⊙":
            return np.prod(terms, axis=0)
        function = "" if node.label == "+" else node.label if node.kind == "operator" else node.detail
        return FUNCTIONS[function](sum([*terms, *(weight(tag) for tag, _ in node.tags)]))

    return compute(id)


@pytest.mark.parametrize(
    "program",
    [
        gated.lstm,
        gated.gru,
        gated.gru_by_a_difference,
        gated.gru_with_outputs,
        gated.minimal_gated_unit,
        gated.highway,
        gated.sru,
        gated.gated_by_the_input_alone,
    ],
    ids=lambda program: program.__name__,
)
def test_the_equations_can_be_computed_from_the_picture(program):
    graph = tg.graph(program())
    scene = step(graph)
    ghosts = {node.slot for node in scene.nodes if node.kind == "ghost"}
    states = [node for node in scene.nodes if node.slot in ghosts and node.kind == "variable" and name(node) != "loss"]
    assert states
    for state in states:
        np.testing.assert_allclose(from_picture(graph, scene, state.id), graph.nodes[int(state.id[1:])].data)


def test_the_comparison_is_able_to_fail():
    graph = tg.graph(gated.gru())
    scene = step(graph)
    (complement,) = (node for node in scene.nodes if node.label == "1−")
    complement.label = "tanh"
    state = next(node for node in scene.nodes if node.label == "h⁽²⁾")
    assert not np.allclose(from_picture(graph, scene, state.id), graph.nodes[int(state.id[1:])].data)


# What is a gate, and what is none


def multiplied_into_the_state(function):
    W, h = tg.parameter(np.eye(N) / 2, name="W"), np.ones(N)
    for x in X:
        part = function(W @ x)
        h = part * h + x
    return h.sum()


GATES = {
    "sigmoid": tg.sigmoid,
    "written out": lambda z: 1 / (1 + np.exp(-z)),
    "the other way round": lambda z: np.exp(z) / (1 + np.exp(z)),
    "by tanh": lambda z: 0.5 * (np.tanh(z / 2) + 1),
    "hard": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
    "softmax": tg.softmax,
    "a decay": lambda z: np.exp(-np.maximum(0, z)),
    "its complement": lambda z: 1 - tg.sigmoid(z),
    "of two": lambda z: tg.sigmoid(z) * tg.sigmoid(-z),
    "a slice": lambda z: tg.sigmoid(np.concatenate([z, z]))[:N],
}
DECAY = tg.parameter(0.5, name="a")
NO_GATES = {
    "tanh": np.tanh,
    "twice": lambda z: 2 * tg.sigmoid(z),
    "relu": lambda z: np.maximum(0, z),
    "linear": lambda z: z,
    "shifted": lambda z: tg.sigmoid(z) + 0.5,
    "a parameter": lambda z: DECAY,
}


@pytest.mark.parametrize("function", GATES.values(), ids=GATES)
def test_a_value_between_0_and_1_is_a_gate_however_it_is_written(function):
    scene = folded(multiplied_into_the_state(function))
    assert [node.label for node in scene.nodes if node.kind == "ghost"] == ["h⁽ᵗ⁻¹⁾"]
    product = next(node.id for node in scene.nodes if node.label == "⊙")
    assert ("n", product) in {(edge.source[0], edge.target) for edge in scene.edges}


@pytest.mark.parametrize("function", NO_GATES.values(), ids=NO_GATES)
def test_other_values_are_not(function):
    scene = folded(multiplied_into_the_state(function))
    assert not scene.columns
    assert "delay" in {edge.kind for edge in scene.edges}


@pytest.mark.parametrize("draw", [folded, step])
def test_what_stands_on_a_gate_is_its_function(draw):
    details = {
        node.detail
        for name in ("sigmoid", "written out", "the other way round", "by tanh")
        for node in draw(multiplied_into_the_state(GATES[name])).nodes
        if node.label.startswith("part")
    }
    assert details == {"σ"}


def test_names_play_no_part():
    def program(names):
        (P, Q, R), h = (tg.parameter(np.eye(N) / (k + 2), name=n) for k, n in enumerate(names)), np.zeros(N)
        for x in X:
            banana = tg.sigmoid(P @ x + Q @ h)
            h = banana * h + (1 - banana) * np.tanh(R @ x)
        return h.sum()

    labels = lambda scene: sorted(node.label for node in scene.nodes)
    scene = folded(program("PQR"))
    assert labels(scene) == labels(folded(program(["W_f", "forget", "gate"])))
    assert {"banana⁽ᵗ⁾", "h⁽ᵗ⁻¹⁾", "⊙", "1−", "+", "tanh"} <= set(labels(scene))


@pytest.mark.parametrize("program", [programs.first_model, programs.driven_system, programs.attention])
def test_what_has_no_gate_is_folded_as_before(program):
    result = program()
    scene = folded(tg.graph(*result) if isinstance(result, tuple) else result)
    assert not scene.columns
    assert not {"ghost", "operator"} & {node.kind for node in scene.nodes}


# Loops side by side and after each other


def test_an_initial_state_that_is_computed_leads_to_the_ghost():
    W, V = tg.parameter(np.eye(N) / 2, name="W"), tg.parameter(np.eye(N) / 3, name="V")
    start = np.tanh(V @ np.ones(N))
    h = start
    for x in X:
        f = tg.sigmoid(W @ x)
        h = f * h + x
    scene = folded(h.sum())
    label = {node.id: node.label for node in scene.nodes}
    into = [(label[edge.source], edge.kind) for edge in scene.edges if label[edge.target] == "h⁽ᵗ⁻¹⁾"]
    assert into == [("start", "elided")]


def test_two_loops_stand_after_each_other_each_with_its_ghosts():
    W, h, s = tg.parameter(np.eye(N) / 2, name="W"), np.zeros(N), np.zeros(N)
    for x in X:
        f = tg.sigmoid(W @ x)
        h = f * h + x
    for _ in range(T - 1):
        g = tg.sigmoid(W @ s + h)
        s = g * s + h
    scene = folded(s.sum())
    assert [column.label for column in scene.columns if column.kind == "step"] == ["t = 1 … 4", "t = 1 … 3"]
    columns = {node.label: node.column for node in scene.nodes}
    assert columns["h⁽ᵗ⁻¹⁾"] < columns["h⁽ᵗ⁾"] < columns["s⁽ᵗ⁻¹⁾"] < columns["s⁽ᵗ⁾"]
    source, target = (next(n.id for n in scene.nodes if n.label == label) for label in ("h⁽ᵗ⁾", "g⁽ᵗ⁾"))
    assert next(edge.label for edge in scene.edges if (edge.source, edge.target) == (source, target)) == "t=4"


def test_an_older_state_is_a_ghost_further_left():
    W, h, older = tg.parameter(np.eye(N) / 2, name="W"), np.zeros(N), np.ones(N)
    for x in X:
        f = tg.sigmoid(W @ x + older)
        h, older = f * h + x, h
    scene = folded(h.sum())
    columns = {node.label: node.column for node in scene.nodes}
    assert columns["h⁽ᵗ⁻²⁾"] < columns["h⁽ᵗ⁻¹⁾"] < columns["h⁽ᵗ⁾"]


@pytest.mark.parametrize("t", [1, 2, T])
def test_one_step_shows_what_it_reads_and_nothing_else_of_other_steps(t):
    scene = step(gated.lstm(), t=t)
    times = {label[-2] for label in (node.label for node in scene.nodes) if label.endswith("⁾")}
    assert times == {"⁰¹²³⁴"[t - 1], "⁰¹²³⁴"[t]}
    assert [column.skipped for column in scene.columns[:2]] == [0, 0]


def test_states_of_several_time_steps_have_one_ghost():
    W, h, states = tg.parameter(np.eye(N) / 2, name="W"), np.ones(N), []
    for x in X:
        f = tg.sigmoid(W @ x)
        h = f * h + x + sum(states)
        states.append(h)
    scene = folded(h.sum())
    ghosts = [node.label for node in scene.nodes if node.kind == "ghost"]
    assert "h⁽ᵗ⁻¹⁾" in ghosts
    assert not [edge for edge in scene.edges if edge.kind == "delay"]


def test_one_time_step_of_two_loops_shows_that_of_each():
    W, h, g = tg.parameter(np.eye(N) / 2, name="W"), np.zeros(N), np.ones(N)
    for x in X:
        f = tg.sigmoid(W @ x)
        h = f * h + x
    for _ in range(T - 1):
        k = tg.sigmoid(W @ g)
        g = k * g + h
    labels = {node.label for node in step(g.sum()).nodes}
    assert {"h⁽¹⁾", "h⁽²⁾", "g⁽¹⁾", "g⁽²⁾"} <= labels

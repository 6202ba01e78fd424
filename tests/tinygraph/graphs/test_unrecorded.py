"""Ops that NumPy alone computed in a time step: told from other time steps, if nothing else can have made the value."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from tinygraph.graphs.completed import completed

X = np.sin(np.arange(8.0)).reshape(4, 2)


def weight(rows=2, columns=2):
    return tg.parameter(np.cos(np.arange(float(rows * columns))).reshape(rows, columns) / 2)


def added(result):
    """What the completed graph has more, and the new values it knows by the names of the program."""
    recorded = tg.graph(result)
    graph, numbers = completed(recorded)
    assert len(numbers) == len(graph)
    new = [node for node, number in zip(graph.nodes, numbers, strict=True) if number >= len(recorded)]
    assert [node.index for node in graph.nodes] == list(range(len(graph)))
    ops = sorted(f"{node.op} at {node.timestep}" for node in new if node.kind == "op")
    known = {f"{node.name} at {node.timestep}": node.data.tolist() for node in new if not np.isnan(node.data).any()}
    return ops, known


def in_a_loop():
    W, h = weight(2, 4), np.array([0.5, 0.25])
    for x in X:
        h = np.tanh(W @ np.concatenate([x, h]))
    return h


def by_a_cell_in_a_closure():
    def make(W):
        def cell(inputs, state):
            joined = np.hstack([inputs, state])
            return np.tanh(W @ joined)

        return cell

    cell, state = make(weight(2, 4)), np.array([0.5, 0.25])
    for inputs in X:
        state = cell(inputs, state)
    return state


def given_to_a_layer():
    def layer(W, z):
        return np.tanh(W @ z)

    W, h = weight(2, 4), np.array([0.5, 0.25])
    for x in X:
        h = layer(W, np.concatenate([x, h]))
    return h


class Network:
    def __init__(self):
        self.W, self.state = weight(2, 4), np.array([0.5, 0.25])

    def step(self, x):
        z = np.concatenate((x, self.state))
        self.state = np.tanh(self.W @ z)
        return self.state


def in_an_object():
    network = Network()
    for x in X:
        y = network.step(x)
    return y


@pytest.mark.parametrize("program", [in_a_loop, by_a_cell_in_a_closure, given_to_a_layer, in_an_object])
def test_what_was_joined_is_known_again(program):
    ops, known = added(program().sum())
    assert "concatenate at 1" in ops
    assert [0.5, 0.25] in known.values()
    assert X[0].tolist() in known.values()


def test_a_graph_that_lacks_nothing_stays_the_same():
    W, h = weight(), np.zeros(2)
    for x in X:
        h = np.tanh(W @ h + x)
    recorded = tg.graph(h.sum())
    assert completed(recorded).graph is recorded


def test_the_recorded_graph_is_left_as_it_was():
    recorded = tg.graph(in_a_loop().sum())
    before = [(node.index, node.kind, [source.index for source in node.inputs]) for node in recorded.nodes]
    completed(recorded)
    assert [(node.index, node.kind, [source.index for source in node.inputs]) for node in recorded.nodes] == before
    assert all(node.graph is recorded for node in recorded.nodes)


def test_a_transition_by_a_fixed_matrix():
    F, gain, m = np.array([[1.0, 1.0], [0.0, 1.0]]), tg.parameter(np.ones(2) / 3), np.ones(2)
    for x in X:
        predicted = F @ m + gain
        m = predicted + gain * (x - predicted)
    ops, known = added(m.sum())
    assert ops == ["matmul at 1"]
    assert known["F at 1"] == F.tolist()


def test_functions_that_a_force_calls():
    def force(position):
        stretch = position[1:] - position[:-1]
        return k * stretch**3

    k, position, velocity = tg.parameter(np.ones(2)), np.array([0.0, 0.5, 1.5]), np.zeros(2)
    for _ in range(3):
        velocity = velocity + force(position)
        position = position + np.concatenate([np.zeros(1), velocity])
    ops, known = added((velocity * velocity).sum())
    assert ops == ["getitem at 1", "getitem at 1", "power at 1", "subtract at 1"]
    assert [0.0, 0.5, 1.5] in known.values()


# What may have been made otherwise


def by_another_branch(x, h, t):
    if t == 0:
        z = np.ones(4)
    else:
        z = np.concatenate([x, h])
    return z


def by_a_conditional(x, h, t):
    z = np.concatenate([x, h]) if t else np.ones(4)
    return z


def left_before(x, h, t):
    if not t:
        return np.ones(4)
    return np.concatenate([x, h])


def replaced(x, h, t):
    z = np.concatenate([x, h])
    if t == 0:
        z = np.ones(4)
    return z


@pytest.mark.parametrize("join", [by_another_branch, by_a_conditional, left_before, replaced])
def test_a_value_that_another_branch_may_have_made_stays_a_constant(join):
    W, h = weight(2, 4), np.zeros(2)
    for t, x in enumerate(X):
        joined = join(x, h, t)
        h = np.tanh(W @ joined)
    assert added(h.sum())[0] == []


def test_a_value_kept_in_a_collection_may_be_another():
    W, h, kept = weight(2, 4), np.zeros(2), {"z": np.ones(4)}
    for t, x in enumerate(X):
        if t:
            kept["z"] = np.concatenate([x, h])
        h = np.tanh(W @ kept["z"])
    assert added(h.sum())[0] == []


def test_a_branch_that_both_stand_in_is_none():
    W, h, joining = weight(2, 4), np.zeros(2), True
    for x in X:
        if joining:
            z = np.concatenate([x, h])
            h = np.tanh(W @ z)
    assert added(h.sum())[0] == ["concatenate at 1"]


def test_a_value_that_its_arguments_do_not_give_stays_a_constant():
    """The program changes an array behind the back of the expression that made it."""
    F, gain, m, rest = np.eye(2), tg.parameter(np.ones(2)), np.ones(2), 0.0
    for t in range(4):
        moved = F @ m
        if t == 0:
            moved[:] = 7.0
        rest = rest + (gain * m).sum()
        m = np.tanh(gain * moved)
    assert added((m * rest).sum())[0] == []


# Drawn


def test_a_completed_network_has_the_ids_of_the_recorded_one():
    loss = (in_a_loop() ** 2).sum()
    recorded = tg.graph(loss)
    scene = viz.draw(loss, view="variables").scene
    drawn = {node.id: node.label for node in scene.nodes}
    for t, node in enumerate((node for node in recorded.nodes if str(node.op) == "tanh"), 1):
        assert drawn[f"n{node.index}"] == f"h⁽{'⁰¹²³⁴'[t]}⁾"
    assert {label for id, label in drawn.items() if int(id[1:]) >= len(recorded)} == {"x⁽¹⁾", "h⁽⁰⁾"}


@pytest.mark.parametrize("options", [{"backward": True}, {"overlay": "grad_norm"}, {"numbers": True}, {"timesteps": 1}])
def test_what_was_completed_can_be_drawn_in_all_ways(options):
    loss = (in_a_loop() ** 2).sum()
    viz.draw(loss, view="variables", **options).svg()


def test_a_number_that_numpy_alone_computed():
    phi, level, loss = tg.parameter(np.array(0.5)), np.array([0.25, 0.75]), 0.0
    for x in X:
        error = x - level
        loss = loss + phi * (error @ error)
        level = level + phi * error
    ops, known = added(loss)
    assert ops == ["matmul at 1", "subtract at 1"]
    assert [0.25, 0.75] in known.values()

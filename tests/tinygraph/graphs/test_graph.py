"""The recorded graph: order, edges, values as they were."""

import threading
import weakref

import networkx as nx
import numpy as np
import pytest

import tinygraph as tg


def test_nodes_stand_in_recorded_order_and_are_keyed_by_index():
    a, c = tg.parameter(1.0), tg.parameter(2.0)
    y = np.exp(a) * np.sin(c) + a
    graph = tg.graph(y)
    assert [node.index for node in graph.nodes] == list(range(len(graph)))
    assert [str(node.op) for node in graph.nodes if node.kind == "op"] == ["exp", "sin", "multiply", "add"]
    assert graph.outputs[0].data == y.data


def test_a_shared_parameter_is_one_node_with_as_many_consumers_as_uses():  # row A2
    θ = tg.parameter([[0.5, 0.1], [0.0, 0.5]])
    s = tg.tensor([1.0, 2.0])
    for _ in range(3):
        s = np.tanh(θ @ s)
    graph = tg.graph(s)
    (parameter,) = graph.parameters
    assert [(user.op.name, argument) for user, argument in graph.consumers(parameter)] == [("matmul", 0)] * 3


def test_networkx_keeps_repeated_edges_and_the_order_of_arguments():
    x = tg.parameter(3.0)
    c = tg.parameter(4.0)
    network = tg.graph(x * x - c).to_networkx()
    assert isinstance(network, nx.MultiDiGraph)
    edges = [(source, target, data["argument"]) for source, target, data in network.edges(data=True)]
    assert edges == [(0, 2, 0), (0, 2, 1), (1, 3, 1), (2, 3, 0)]
    assert nx.is_directed_acyclic_graph(network)
    assert network.nodes[2]["op"] == "multiply"


def test_the_graph_keeps_what_was_recorded_after_the_parameter_was_replaced():
    w = tg.parameter([1.0, 2.0])
    y = (w * w).sum()
    w.data = [10.0, 20.0]
    assert tg.graph(y).nodes[0].data.tolist() == [1.0, 2.0]
    y.backward()
    assert w.grad.tolist() == [2.0, 4.0]


def test_the_caller_may_overwrite_what_it_passed_in():
    data, constant, index = np.ones(3), np.full(3, 2.0), np.array([0, 0, 1])
    w = tg.parameter(data)
    y = (w[index] * constant).sum()
    data[:], constant[:], index[:] = 7.0, 7.0, 2
    y.backward()
    assert w.grad.tolist() == [4.0, 2.0, 0.0]


def test_values_handed_out_are_read_only():
    y = tg.parameter([1.0]) * 2
    with pytest.raises(ValueError, match="read-only"):
        y.data[0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        tg.graph(y).nodes[0].data[0] = 5.0


def test_a_graph_of_several_outputs_and_of_one_leaf():
    a = tg.parameter(1.0)
    both = tg.graph(a * 2, a * 3)
    assert [float(node.data) for node in both.outputs] == [2.0, 3.0]
    assert len(tg.graph(a)) == 1


def test_only_tensors_have_graphs():
    with pytest.raises(TypeError, match="graph: expected Tensors"):
        tg.graph(np.ones(3))
    with pytest.raises(KeyError, match="does not lead to"):
        tg.graph(tg.parameter(1.0)).node_of(tg.parameter(2.0))


def test_no_local_of_the_users_outlives_the_backward_pass():
    class Big:
        pass

    references = []

    def run():
        local = Big()
        references.append(weakref.ref(local))
        w = tg.parameter(2.0)
        y = w * w
        y.backward()
        return y

    y = run()
    assert y.requires_grad
    assert references[0]() is None


def test_calls_and_scopes_of_one_thread_do_not_show_in_another():
    w = tg.parameter(1.0)
    scopes = []

    def other():
        scopes.append(tg.graph(w * 2).nodes[-1].scope)

    with tg.scope("here"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert tg.graph(w * 2).nodes[-1].scope == "here"
    assert scopes == [""]


def test_time_steps_come_from_the_loop_and_labels_win():
    w = tg.parameter(0.5)
    h = tg.tensor(1.0)
    for _ in range(3):
        h = np.tanh(w * h)
    assert [node.timestep for node in tg.graph(h).nodes if node.kind == "op"] == [1, 1, 2, 2, 3, 3]
    h = tg.tensor(1.0)
    for t in range(3):
        with tg.timestep(10 * t):
            h = np.tanh(w * h)
    assert tg.graph(h).timesteps == [0, 10, 20]

"""What values are called: as a person who reads the program says, in whatever style it is written."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.programs.in_styles import SAID, a_cell_that_returns_a_pair, a_dataclass, classes, comprehended
from tinygraph.graphs.symbols import Symbols
from tinygraph.graphs.writing import written


def called(graph, *kinds):
    return [node.name for node in graph.nodes if node.kind in kinds and node.name]


@pytest.mark.parametrize("program", SAID, ids=lambda program: program.__name__)
def test_values_have_the_names_that_a_reader_says(program):
    graph = tg.graph(program())
    parameters, values = SAID[program]
    assert [node.name for node in graph.parameters if node.name is None] == []
    assert sorted(called(graph, "parameter")) == sorted(parameters.split())
    assert set(called(graph, "op")) == set(values.split())


@pytest.mark.parametrize("program", SAID, ids=lambda program: program.__name__)
def test_a_trace_from_a_file_says_the_same(program, tmp_path):
    trace = tg.trace(program())
    trace.save(tmp_path / "a.trace")
    loaded = tg.load_trace(tmp_path / "a.trace")
    assert [node.name for node in loaded.graph.nodes] == [node.name for node in trace.graph.nodes]
    for options in ({}, {"view": "variables"}, {"fold": True}):
        now, later = (viz.draw(each, **options).scene for each in (trace, loaded))
        assert [node.label for node in now.nodes] == [node.label for node in later.nodes]


@pytest.mark.parametrize("program", SAID, ids=lambda program: program.__name__)
def test_drawing_debugger_and_folded_graph_agree(program):
    graph = tg.graph(program())
    symbols = Symbols(graph)
    folded = viz.draw(graph, fold=True).scene
    drawn = {node.id: node.label for node in viz.draw(graph).scene.nodes}
    for node in graph.parameters:
        assert str(symbols.of(node)) == drawn[f"n{node.index}"]
        assert symbols.find(str(symbols.of(node))) is symbols.find(node.name) is node
    parameters = {drawn[f"n{node.index}"] for node in graph.parameters}
    assert {node.label for node in folded.nodes if node.kind == "parameter"} == parameters


def test_the_arguments_of_a_differentiated_function_are_called_as_in_their_container():
    seen = {}

    def loss(params, x):
        (W, b), out = params["cell"], params["out"]
        h = np.tanh(W @ x + b)
        seen["graph"] = tg.graph(y := out @ h)
        return y

    params = {"cell": (np.eye(2), np.zeros(2)), "out": np.ones(2)}
    tg.grad(loss)(params, np.ones(2))
    assert called(seen["graph"], "parameter") == ["W", "b", "out"]


def test_keys_that_only_the_run_knows_are_those_of_the_dict():
    p = {}
    for gate in "if":
        for what in ("W", "b"):
            p[f"{what}_{gate}"] = tg.parameter(np.ones(2))
    total = sum(np.sum(value) for value in p.values())
    assert called(tg.graph(total), "parameter") == ["W_i", "b_i", "W_f", "b_f"]


def test_without_any_name_the_expression_of_the_first_use_stands_and_a_hint():
    def anonymous():
        return tg.parameter(np.ones(2))

    y = np.sum(anonymous() * anonymous())
    nodes = [node for node in viz.draw(y).scene.nodes if node.kind == "parameter"]
    assert [node.label for node in nodes] == ["anonymous()", "anonymous()"]
    assert all("name=" in node.title for node in nodes)


def test_an_explicit_name_is_never_changed():
    first, second = tg.parameter([1.0], name="W"), tg.parameter([2.0], name="W")
    assert called(tg.graph(first * second), "parameter") == ["W", "W"]


def test_ops_inside_an_op_of_ours_have_no_name():
    W = tg.parameter(np.eye(3))
    norm = np.linalg.norm(W @ np.ones(3))
    assert [node.name for node in tg.graph(norm).nodes if node.name == "norm"] == ["norm"]


def test_a_deep_recursion_is_named_and_ends():
    W = tg.parameter(np.eye(2) / 2)

    def run(W, h, t):
        h = np.tanh(W @ h)
        return h if t == 0 else run(W, h, t - 1)

    graph = tg.graph(run(W, np.ones(2), 300))
    assert set(called(graph, "op")) == {"h"}
    assert called(graph, "parameter") == ["W"]


@pytest.mark.parametrize("program", [a_dataclass, classes, comprehended, a_cell_that_returns_a_pair])
def test_names_are_found_only_when_somebody_looks(program, monkeypatch):
    def fail(*args):
        raise AssertionError("a name was looked for while recording")

    monkeypatch.setattr("tinygraph.recording.syntax.place_of", fail)
    monkeypatch.setattr("tinygraph.recording.paths.place_of", fail)
    program().backward()


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("Wxh", "W_xh"),
        ("Uz", "U_z"),
        ("bh", "b_h"),
        ("Wf₁", "W_f₁"),
        ("loss", "loss"),
        ("Up", "Up"),
        ("pi", "pi"),
        ("pi_", "π"),
        ("beta", "β"),
        ("log_sigma", "log_σ"),
        ("Gamma", "Γ"),
        ("yhat", "ŷ"),
        ("c_tilde", "c\u0303"),
        ("W_enc", "W_enc"),
        ("np.zeros(3)", "np.zeros(3)"),
        ("ŷ", "ŷ"),
        ("h1", "h1"),
    ],
)
def test_how_names_are_written(name, symbol):
    assert written(name) == symbol


def test_keys_that_the_run_computes_name_parameters_whose_dict_a_function_returns():
    def network():
        local = {"W" + gate: tg.parameter(np.ones(2)) for gate in "zr"}
        local["b"] = tg.parameter(np.zeros(2))
        return local, len(local)

    params, _ = network()
    loss = np.sum(params["Wz"] * params["Wr"] + params["b"])
    assert [node.name for node in tg.graph(loss).parameters] == ["Wz", "Wr", "b"]

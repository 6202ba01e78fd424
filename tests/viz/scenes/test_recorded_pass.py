"""A recorded backward pass is drawn beside the forward one: adjoints by their names, in the forward's time steps."""

import numpy as np
import pytest

import tinygraph as tg
import viz

T = 3


@pytest.fixture
def parameters():
    rng = np.random.default_rng(0)
    return {"W": rng.normal(size=(2, 2)), "U": rng.normal(size=(2, 3)), "V": rng.normal(size=(1, 2))}


def gradients(parameters):
    xs, ds = np.random.default_rng(1).normal(size=(T, 3)), np.ones((T, 1))

    def loss(p):
        h, total = np.zeros(2), 0.0
        for x, d in zip(xs, ds, strict=True):
            a = p["W"] @ h + p["U"] @ x
            h = np.tanh(a)
            o = p["V"] @ h
            total = total + np.sum((o - d) ** 2)
        return total

    return tg.grad(loss)({name: tg.parameter(value, name=name) for name, value in parameters.items()})


def labels(scene):
    return {node.label for node in scene.nodes}


def test_adjoints_stand_over_what_they_are_the_adjoints_of(parameters):
    scene = viz.draw(gradients(parameters)["W"], view="variables").scene
    column = {node.label: node.column for node in scene.nodes}
    for t in "¹²³":
        for name in "aho":
            assert column[f"{name}\u0304⁽{t}⁾"] == column[f"{name}⁽{t}⁾"]
    assert [node.label for node in scene.nodes if node.kind == "loss"] == ["W\u0304"]


@pytest.mark.parametrize("view", ["ops", "variables"])
@pytest.mark.parametrize("fold", [False, True])
def test_nothing_is_named_after_our_own_frames(parameters, view, fold):
    for gradient in gradients(parameters).values():
        drawn = " ".join(labels(viz.draw(gradient, view=view, fold=fold).scene)).split()
        assert set(drawn).isdisjoint({"g", "y", "a.T", "aᵀ", "totals", "first", "second", "contribution", "alias", "G"})
        assert not any("less_one" in word or "totals" in word for word in drawn)


def test_the_gradient_runs_from_the_last_step_to_the_first(parameters):
    drawing = viz.draw(gradients(parameters)["W"], view="variables")
    label = {node.id: node.label for node in drawing.scene.nodes}
    edges = {(label[edge.source], label[edge.target]) for edge in drawing.scene.edges}
    assert {("a\u0304⁽³⁾", "h\u0304⁽²⁾"), ("a\u0304⁽²⁾", "h\u0304⁽¹⁾")} <= edges
    assert ("h\u0304⁽¹⁾", "h\u0304⁽²⁾") not in edges


def test_time_steps_are_those_of_the_forward_pass(parameters):
    graph = tg.graph(gradients(parameters)["V"])
    assert graph.timesteps == [1, 2, 3]
    for node in graph.nodes:
        if node.pulled is not None and node.pulled.forward is not None and node.kind == "op":
            assert node.timestep == node.pulled.forward.timestep


def test_the_backward_pass_folds_with_the_forward_one(parameters):
    folded = tg.fold(gradients(parameters)["U"])
    assert [loop.trips for loop in folded.loops] == [T]
    unrolled = folded.unroll()
    assert [str(node.op) for node in unrolled.nodes] == [str(node.op) for node in folded.graph.nodes]


def test_a_gradient_of_a_gradient_is_drawn(parameters):
    w = tg.parameter(0.3, name="w")

    def f(w):
        y = np.sin(w * 2.0)
        return y * y

    second = tg.grad(lambda v: tg.grad(f)(v) ** 2)(w)
    assert "y" in labels(viz.draw(second).scene)
    viz.draw(second, view="variables").svg()


def test_a_saved_trace_of_a_gradient_has_the_same_names(parameters, tmp_path):
    trace = tg.trace(gradients(parameters)["W"].sum())
    trace.save(tmp_path / "g.trace")
    names = [node.name for node in tg.load_trace(tmp_path / "g.trace").graph.nodes]
    assert names == [node.name for node in trace.graph.nodes]
    assert "h̄" in names

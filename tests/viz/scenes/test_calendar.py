"""Time in a drawing: where initial states stand, what a label says, what a trace from a file shows."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from examples.figures import FIGURES
from examples.programs import teacher_forcing, vector_to_sequence
from tests import programs
from tests.programs import ALL, EXACT
from tinygraph.graphs.symbols import raised

VIEWS = [{"view": view, "fold": fold} for view in ("ops", "variables") for fold in (False, True)]
X = np.sin(np.arange(8.0)).reshape(4, 2)


def parameters(names):
    return [tg.parameter(np.eye(2) / (k + 2), name=name) for k, name in enumerate(names)]


def columns(scene):
    """The column of each label that stands in one alone."""
    return {node.label: node.column for node in scene.nodes if node.column is not None}


def arrows(scene):
    label = {node.id: node.label for node in scene.nodes}
    return {(label[edge.source], label[edge.target]) for edge in scene.edges}


def delayed_by_two(as_given):
    """h⁽ᵗ⁾ from h⁽ᵗ⁻¹⁾ and h⁽ᵗ⁻²⁾, with two initial states."""
    W, U = parameters("WU")
    older, old = as_given(np.zeros(2)), as_given(np.ones(2))
    for x in X:
        h = np.tanh(W @ old + U @ older + x)
        older, old = old, h
    return h.sum()


# The time step of a node


@pytest.mark.parametrize("name", ALL)
def test_columns_and_labels_say_the_time_steps_of_the_timeline(name):
    graph = tg.graph(ALL[name](4))
    scene = viz.draw(graph).scene
    recorded = {f"n{node.index}": node for node in graph.nodes}
    for node in scene.nodes:
        timestep = recorded[node.id].timestep
        if recorded[node.id].kind == "op" and timestep is not None:
            assert scene.columns[node.column].timestep == timestep
        if "⁽" in node.label:
            assert node.label.endswith(raised(timestep))


def test_a_label_by_hand_wins_over_the_sequence():
    (W, V), h, g, hs, gs = parameters("WV"), np.zeros(2), np.zeros(2), [], []
    for t in range(4):
        h = np.tanh(W @ h + X[t])
        hs.append(h)
    for k in range(4):
        with tg.timestep(k + 1):
            g = np.tanh(V @ g + X[3 - k])
        gs.append(g)
    graph = tg.graph(np.sum(np.stack([h + g for h, g in zip(hs, gs[::-1], strict=True)])))
    scene = viz.draw(graph, view="variables").scene
    assert [graph.node_of(g).timestep for g in gs] == [1, 2, 3, 4]
    steps = {node.label: scene.columns[node.column].timestep for node in scene.nodes if node.label.startswith("g")}
    assert steps == {"g⁽⁰⁾": None, "g⁽¹⁾": 1, "g⁽²⁾": 2, "g⁽³⁾": 3, "g⁽⁴⁾": 4}
    assert [columns(scene)[f"g⁽{t}⁾"] for t in "⁰¹²³⁴"] == [0, 1, 2, 3, 4]


def test_a_recursion_is_drawn_as_a_grid():
    for T in (3, 6):
        drawing = viz.draw(EXACT["recursion"](T))
        cells = [[node for node in drawing.scene.nodes if node.column == column] for column in range(1, T + 1)]
        rows = {tuple(sorted(drawing.layout.box(node.id).y for node in cell)) for cell in cells}
        assert [len(cell) for cell in cells] == [2] * T
        assert len(rows) == 1
        assert columns(drawing.scene)["h⁽⁰⁾"] == 0


# Initial states


@pytest.mark.parametrize("as_given", [tg.tensor, np.array], ids=["tensors", "arrays"])
def test_two_initial_states_with_a_delay_of_two_stand_before_the_first_step_in_its_row(as_given):
    scene = viz.draw(delayed_by_two(as_given), view="variables").scene
    states = [node for node in scene.nodes if node.label.startswith("h⁽")]
    assert columns(scene) == {"h⁽⁻¹⁾": 0, "h⁽⁰⁾": 1, "h⁽¹⁾": 2, "h⁽²⁾": 3, "h⁽³⁾": 4, "h⁽⁴⁾": 5, "Σ h": 6} | {
        f"x⁽{t}⁾": 1 + i for i, t in enumerate("¹²³⁴", 1)
    }
    assert len({node.slot for node in states}) == 1
    assert {("h⁽⁻¹⁾", "h⁽¹⁾"), ("h⁽⁰⁾", "h⁽¹⁾"), ("h⁽⁰⁾", "h⁽²⁾"), ("h⁽¹⁾", "h⁽³⁾")} <= arrows(scene)


def test_folded_initial_states_of_a_delay_of_two_say_which_they_are():
    folded = [
        viz.draw(delayed_by_two(as_given), view="variables", fold=True).scene for as_given in (tg.tensor, np.array)
    ]
    assert {("h⁽⁻¹⁾", "h⁽ᵗ⁾"), ("h⁽⁰⁾", "h⁽ᵗ⁾")} <= arrows(folded[0])
    assert {("h⁽⁻¹⁾…h⁽⁰⁾", "h⁽ᵗ⁾"), ("h⁽⁰⁾", "h⁽ᵗ⁾")} <= arrows(folded[1])


@pytest.mark.parametrize(
    ("name", "trips"), [("epochs", 3), ("sentences_of_words", 4), ("minibatch_of_unequal_sequences", 4)]
)
def test_a_state_that_each_epoch_begins_with_is_one_initial_state_in_its_frame(name, trips):
    scene = viz.draw(EXACT[name](4), fold=True).scene
    (state,) = [node for node in scene.nodes if node.label == "hᵢ⁽⁰⁾"]
    assert state.scope == f"× {trips}"


def test_folded_initial_states_are_numbered_by_steps_whatever_their_labels_and_in_loops_of_any_kind():
    (W,), h = parameters("W"), np.zeros(2)
    for t, x in enumerate(X):
        with tg.timestep(10 * t):
            h = np.tanh(W @ h + x)
    assert "h⁽⁰⁾" in [node.label for node in viz.draw(h, fold=True).scene.nodes]
    assert "total₀" in [node.label for node in viz.draw(EXACT["sentences_of_words"](4), fold=True).scene.nodes]
    backward = next(figure for figure in FIGURES if figure.name == "bidirectional-folded").program()
    assert "g⁽ᵀ⁺¹⁾" in [node.label for node in viz.draw(backward, fold=True).scene.nodes]


@pytest.mark.parametrize("T", [2, 5])
def test_an_initial_state_that_several_steps_read_stands_before_the_first(T):
    (W,), start = parameters("W"), tg.tensor(np.ones(2), name="start")
    h = start
    for x in np.ones((T, 2)):
        h = np.tanh(W @ h + x) + start
    scene = viz.draw(h, view="variables").scene
    assert columns(scene)["h⁽⁰⁾"] == columns(scene)["h⁽¹⁾"] - 1 == 0
    assert {(source, target) for source, target in arrows(scene) if source == "h⁽⁰⁾"} == {
        ("h⁽⁰⁾", node.label) for node in scene.nodes if node.kind in ("variable", "loss")
    } | {("h⁽⁰⁾", "tanh⁽¹⁾")}  # it reaches h⁽¹⁾ on two ways


def test_a_number_before_the_loop_is_an_initial_state():
    w, h = tg.parameter(0.5, name="w"), 0.25
    for _ in range(3):
        h = np.tanh(w * h)
    scene = viz.draw(h).scene
    assert [columns(scene)[f"h⁽{t}⁾"] for t in "⁰¹²³"] == [0, 1, 2, 3]


def test_a_learned_state_stands_at_the_end_where_its_loop_begins():
    W, V, h, g = *parameters("WV"), tg.parameter(np.ones(2), name="h"), tg.parameter(np.ones(2), name="g")
    for x in X:
        h = np.tanh(W @ h + x)
    for x in X[::-1]:
        g = np.tanh(V @ g + x)
    column = {node.label: node.column for node in viz.draw(h + g).scene.nodes}
    assert (column["h"], column["g"]) == (column["h⁽¹⁾"] - 1, column["g⁽⁴⁾"] + 1) == (0, 5)


def test_what_is_read_in_the_middle_of_a_loop_is_no_initial_state():
    scene = viz.draw(programs.scheduled_sampling(4)).scene
    assert columns(scene)["y⁽⁴⁾"] == columns(scene)["h⁽⁴⁾"]
    assert [node.label for node in scene.nodes if node.column == 0] == ["h⁽⁰⁾", "output⁽⁰⁾", "loss⁽⁰⁾"]


def test_a_target_that_is_fed_stands_in_its_own_step_and_a_shared_input_in_none():
    column = columns(viz.draw(teacher_forcing(3)).scene)
    assert [column[f"y⁽{t}⁾"] for t in "⁰¹²³"] == [0, 1, 2, 3]
    (shared,) = [node for node in viz.draw(vector_to_sequence(2)).scene.nodes if node.label == "x"]
    assert shared.column is None


def test_an_initial_state_is_one_variable_whatever_reads_it_and_each_layer_has_its_own():
    labels = [node.label for node in viz.draw(EXACT["lstm"](3), view="variables").scene.nodes]
    assert (labels.count("h⁽⁰⁾"), labels.count("c⁽⁰⁾")) == (1, 1)
    labels = [node.label for node in viz.draw(EXACT["layers_around_time"](3), view="variables").scene.nodes]
    assert (labels.count("h₁⁽⁰⁾"), labels.count("h₂⁽⁰⁾")) == (1, 1)


def test_a_tooltip_has_the_number_of_its_own_time_step():
    V, h = tg.parameter(np.eye(3)), np.ones(3)
    W, loss = tg.parameter(np.eye(3)), 0.0
    for y in (2, 0, 1):
        h = np.tanh(W @ h)
        loss = loss + tg.softmax_cross_entropy(V @ h, y)
    scene = viz.draw(loss, view="variables").scene
    titles = {node.label: node.title.split(" · ")[0] for node in scene.nodes if node.label.startswith("y")}
    assert titles == {"y⁽¹⁾": "2", "y⁽²⁾": "0", "y⁽³⁾": "1"}


# A trace from a file


@pytest.mark.parametrize("name", ALL)
def test_a_trace_from_a_file_is_drawn_exactly_as_it_was_recorded(tmp_path, name):
    trace = tg.trace(ALL[name](3))
    trace.save(tmp_path / "trace")
    loaded = tg.load_trace(tmp_path / "trace")
    for options in VIEWS:
        assert viz.draw(loaded, **options).scene.as_dict() == viz.draw(trace, **options).scene.as_dict()


@pytest.mark.parametrize("name", ["first-model-ops", "encoder-decoder-attention", "euler-oscillator-ops", "lstm-cell"])
def test_figures_of_a_trace_from_a_file_are_the_same_to_the_byte(tmp_path, name):
    (figure,) = [figure for figure in FIGURES if figure.name == name]
    trace = tg.trace(figure.program().sum())
    trace.save(tmp_path / "trace")
    loaded = tg.load_trace(tmp_path / "trace")
    assert viz.draw(loaded, **figure.options).svg() == viz.draw(trace, **figure.options).svg()

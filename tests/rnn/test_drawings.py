"""The models are drawn as right as the same programs written by hand: rows B1 to B13."""

import numpy as np
import pytest

import rnn
import tinygraph as tg
import viz

X = np.sin(np.arange(9.0)).reshape(3, 3)
Y = np.cos(np.arange(3.0)).reshape(3, 1)


def squares(outputs, targets):
    total = 0.0
    for ŷ, y in zip(outputs, targets, strict=True):
        L = ((ŷ - y) ** 2).sum()
        total = total + L
    return total


def arrows(result, **options):
    """Edges as (source's label, target's label, label), and the labels of all nodes."""
    scene = viz.draw(result, view="variables", **options).scene
    label = {node.id: node.label for node in scene.nodes}
    return [(label[edge.source], label[edge.target], edge.label) for edge in scene.edges], list(label.values())


def elman(seed=0, inputs=3):
    return rnn.ElmanCell(inputs, 4, rng=seed)


def test_b5_the_target_that_is_fed_is_the_target_of_the_step_before_and_drawn_once():
    model = rnn.Forecaster(3, 4, recurrence="output", rng=0)
    drawn, labels = arrows(squares(model(X, forced=Y), Y))
    assert [labels.count(f"y⁽{t}⁾") for t in "⁰¹²³"] == [1, 1, 1, 1]
    assert {(f"y⁽{a}⁾", f"a⁽{b}⁾", "W") for a, b in ("⁰¹", "¹²", "²³")} <= set(drawn)
    assert {("y⁽¹⁾", "L⁽¹⁾", ""), ("y⁽³⁾", "L⁽³⁾", "")} <= set(drawn)
    assert not [edge for edge in drawn if edge[0].startswith("ŷ") and edge[1].startswith("a")]
    folded, _ = arrows(squares(model(X, forced=Y), Y), fold=True)
    assert ("y⁽ᵗ⁻¹⁾", "a⁽ᵗ⁾", "W") in folded


@pytest.mark.parametrize("hoisted", [True, False])
def test_b7_a_vector_that_every_step_is_fed_stands_once(hoisted):
    model = rnn.OneToMany(3, 4, 1, rng=0, hoisted=hoisted)
    _, labels = arrows(squares(model(np.ones(3), targets=Y), Y))
    assert [label for label in labels if label.startswith("x")] == ["x"]
    assert [labels.count(f"y⁽{t}⁾") for t in "⁰¹²³"] == [1, 1, 1, 1]


def test_b8_the_halves_have_letters_of_their_own():
    model = rnn.BidirectionalNetwork(rnn.Bidirectional(elman(0), elman(1)), 1, rng=2)
    drawn, labels = arrows(squares(model(X), Y))
    assert {("h⁽¹⁾", "a⁽²⁾", "W_F"), ("g⁽³⁾", "a⁽²⁾", "W_B"), ("x⁽¹⁾", "a⁽¹⁾", "U_F"), ("x⁽¹⁾", "a⁽¹⁾", "U_B")} <= set(
        drawn
    )
    assert [labels.count(name) for name in ("h⁽⁰⁾", "g⁽⁴⁾", "h⁽²⁾", "g⁽²⁾")] == [1, 1, 1, 1]
    folded, _ = arrows(squares(model(X), Y), fold=True)
    assert {("g⁽ᵗ⁾", "a⁽ᵗ⁾", "W_B t+1"), ("g⁽ᵀ⁺¹⁾", "a⁽ᵗ⁾", "W_B once")} <= set(folded)


def test_b9_each_decoder_has_parameters_of_its_name_and_is_fed_its_own_target():
    decoders = {name: rnn.Decoder(elman(k, 1), 1, rng=k) for k, name in enumerate(("EN", "FR"))}
    outputs = rnn.EncoderDecoder(elman(9), decoders)(X, {"EN": Y[:2], "FR": Y[1:]})
    loss = squares(outputs["EN"], Y[:2]) + squares(outputs["FR"], Y[1:])
    drawn, labels = arrows(loss)
    assert {label for _, _, label in drawn if label.startswith("V")} == {"V_EN", "V_FR"}
    assert not [label for label in labels if label in ("x⁽¹⁾", "x⁽²⁾") and labels.count(label) > 1]


def test_b10_the_decoder_with_attention_is_fed_the_target_of_the_step_before():
    decoder = rnn.AttentionDecoder(elman(1, 5), rnn.AdditiveAttention(4, 4, 4, rng=0), 1, rng=2)
    outputs, _ = rnn.AttentionEncoderDecoder(elman(3), decoder)(X, targets=Y[:2])
    drawn, labels = arrows(squares(outputs, Y[:2]))
    assert ("y⁽¹⁾", "a⁽²⁾", "U_decoder₀") in drawn
    assert {label for _, _, label in drawn if label.startswith("U")} == {"U", "U_decoder₀", "U_decoder₁"}
    assert [labels.count(f"y⁽{t}⁾") for t in "⁰¹²"] == [1, 1, 1]


def test_b11_layers_have_numbers():
    model = rnn.ManyToMany(rnn.Stacked(elman(0), elman(1, 4)), 1, rng=1)
    drawn, _ = arrows(squares(model(X), Y))
    assert {label for _, _, label in drawn if label} == {"U_1", "W_1", "U_2", "W_2", "V"}


def test_b13_the_first_time_step_of_a_gru_is_drawn_as_the_others():
    model = rnn.ManyToOne(rnn.GRUCell(3, 4, bias=False, rng=0), 1, rng=1)
    drawn, labels = arrows(model(X).sum())
    into = lambda target: {source[0] for source, to, _ in drawn if to == target}
    assert into("z⁽¹⁾") == into("z⁽²⁾")
    assert into("h⁽¹⁾") == into("h⁽²⁾")
    assert labels.count("h⁽⁰⁾") == labels.count("x⁽¹⁾") == 1


def test_b6_a_time_step_says_how_much_of_it_is_padding():
    model = rnn.ManyToOne(elman(), 2, rng=1)
    xs = np.random.default_rng(0).normal(size=(4, 3, 3))
    drawing = viz.draw(model(xs, lengths=[3, 1, 2]).sum(), view="variables")
    steps = [column for column in drawing.scene.columns if column.kind == "step"]
    assert [column.label for column in steps] == ["t = 1", "t = 2, 1 of 3 padded", "t = 3, 2 of 3 padded", "t = 4"]
    assert [column.masked for column in steps] == [False, False, False, True]
    assert drawing.svg().count('class="masked"') == 1
    assert drawing.svg().count('class="partly"') == 2


def test_forecasts_have_the_lectures_names():
    drawn, _ = arrows(squares(rnn.Forecaster(3, 4, rng=0)(X), Y))
    assert {("x⁽¹⁾", "a⁽¹⁾", "U"), ("h⁽¹⁾", "a⁽²⁾", "W"), ("h⁽²⁾", "ŷ⁽²⁾", "V"), ("ŷ⁽²⁾", "L⁽²⁾", "")} <= set(drawn)
    assert tg.graph(squares(rnn.Forecaster(3, 4, rng=0)(X), Y)).timesteps == [1, 2, 3]

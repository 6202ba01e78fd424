"""What is plotted, compared with closed forms and with sums made by hand."""

import importlib
import pkgutil

import numpy as np
import pytest

import rnn
import tinygraph as tg
import viz
from examples import programs
from examples.through_time import memory_lane
from tests.programs import outsiders

TURN = np.array([[0.6, -0.8], [0.8, 0.6]])  # it keeps every length


def turning(gain, steps=6):
    """A linear network whose matrix multiplies every length by `gain`: row C7."""
    W = tg.parameter(gain * TURN, name="W")
    h = np.array([0.6, 0.8])
    for _ in range(steps):
        h = W @ h
    return h.sum()


def values(plot, number=0):
    return plot.chart.series[number].values


# Gradients by time step


@pytest.mark.parametrize("gain", [0.5, 1.0, 3.0])
def test_row_c7_the_gradient_of_a_linear_network_is_a_geometric_series(gain):
    plot = viz.plot(turning(gain))
    assert values(plot) == pytest.approx({t: np.sqrt(2) * gain ** (6 - t) for t in range(1, 7)})
    assert plot.chart.quantity == "||∂L/∂h⁽ᵗ⁾||, log scale"
    assert plot.chart.note == f"×{gain:g} a step back"


def test_where_each_time_step_has_a_loss_the_last_stands_alone_beside_all():
    W, h, loss = tg.parameter([[0.5]], name="W"), tg.tensor([1.0]), 0.0
    for _ in range(3):
        h = W @ h
        L = h.sum()
        loss = loss + L
    plot = viz.plot(loss)
    assert values(plot) == pytest.approx({1: 1.75, 2: 1.5, 3: 1.0})
    assert values(plot, 1) == pytest.approx({1: 0.25, 2: 0.5, 3: 1.0})
    assert [(series.label, series.dashed) for series in plot.chart.series] == [
        ("all losses", False),
        ("the last loss alone", True),
    ]
    assert plot.chart.note == "the last loss alone: ×0.5 a step back"


def test_several_networks_stand_in_one_plot_each_in_a_colour():
    chart = viz.plot({"LSTM": memory_lane(8), "Elman": programs.sequence_to_one(8)}, of={"LSTM": "s"}).chart
    assert [series.label.split(";")[0] for series in chart.series] == ["LSTM, s", "Elman, h"]
    assert len({series.hue for series in chart.series}) == 2
    ratio = [series.values[1] / series.values[8] for series in chart.series]
    assert ratio[0] > 10 * ratio[1]  # the memory keeps what the state loses
    assert chart.quantity == "||∂L/∂state⁽ᵗ⁾||, log scale"


def lstm(steps=6):
    model = rnn.ManyToOne(rnn.LSTMCell(3, 4, rng=0), 2, rng=1)
    return (model(np.random.default_rng(2).normal(size=(steps, 2, 3))) ** 2).sum()


def test_of_an_lstm_both_states_are_shown_and_compared_with_others_its_memory():
    loss = lstm()
    trace = tg.trace(loss)
    chart = viz.plot(loss).chart
    assert [series.label.split(";")[0] for series in chart.series] == ["b_c", "s"]
    for series, name in zip(chart.series, ("b_c", "s"), strict=True):
        uses = {t: trace.contributions(f"{name}[{t}]") for t in range(1, 7)}
        terms = {t: [of_t.term(place) for place in range(len(of_t))] for t, of_t in uses.items()}
        assert series.values == pytest.approx({t: np.linalg.norm(np.sum(of_t, axis=0)) for t, of_t in terms.items()})
    compared = viz.plot({"LSTM": loss, "Elman": programs.sequence_to_one(6)}).chart
    assert [series.label.split(";")[0] for series in compared.series] == ["LSTM, s", "Elman, h"]
    assert compared.series[0].values == chart.series[1].values


@pytest.mark.parametrize(
    ("name", "memory"),
    [
        ("p02_lstm_class", "c"),
        ("p05_peephole_dataclass", "c"),
        ("p22_layernorm_lstm", "c₁"),
        ("p15_gru_d", "h"),
        ("p27_writable_memory", "h"),
    ],
)
def test_the_memory_of_programs_that_others_wrote(name, memory):
    trace = tg.trace(importlib.import_module(f"tests.programs.outsiders.{name}").main())
    assert str(tg.diagnosing.memory(trace)) == memory


def test_layers_and_loops_that_have_the_same_name_are_lines_of_their_own():
    model = rnn.ManyToOne(rnn.Stacked(rnn.ElmanCell(3, 4, rng=0), rnn.ElmanCell(4, 4, rng=1)), 1, rng=2)
    chart = viz.plot(model(np.ones((5, 3))).sum()).chart
    assert [list(series.values) for series in chart.series] == [[1, 2, 3, 4, 5]] * 2
    assert [series.label.split(";")[0] for series in chart.series] == ["h (layer 1)", "h (layer 2)"]
    U, W, x = [tg.parameter(0.5 * np.eye(2)) for _ in "UW"] + [np.ones(2)]

    def encode(h):
        for _ in range(5):
            h = U @ h
        return h

    def decode(h):
        for _ in range(3):
            h = W @ h
        return h

    chart = viz.plot(decode(encode(x)).sum(), "h").chart
    assert [series.label for series in chart.series] == ["h_enc; ×0.5 a step back", "h_dec; ×0.5 a step back"]
    assert chart.series[0].values == pytest.approx({t: np.sqrt(2) * 0.5 ** (8 - t) for t in range(1, 6)})
    assert chart.series[1].values == pytest.approx({t: np.sqrt(2) * 0.5 ** (3 - t) for t in range(1, 4)})


def test_a_tensor_its_graph_and_its_trace_give_the_same_plot():
    loss = programs.teacher_forcing()
    assert viz.plot(loss, "h").chart == viz.plot(tg.trace(loss), "h").chart == viz.plot(tg.graph(loss), "h").chart


def test_in_a_loop_that_runs_from_the_end_of_the_sequence_the_gradient_runs_to_it():
    W_F, W_B = tg.parameter(0.5 * TURN, name="W_F"), tg.parameter(0.25 * TURN, name="W_B")
    xs = [tg.tensor(x) for x in np.random.default_rng(0).normal(size=(5, 2))]
    h, g = np.zeros(2), np.zeros(2)
    hs, gs, loss = [], [], 0.0
    for x in xs:
        h = W_F @ h + x
        hs.append(h)
    for x in reversed(xs):
        g = W_B @ g + x
        gs.append(g)
    for h, g in zip(hs, reversed(gs), strict=True):
        ŷ = h + g
        loss = loss + ŷ.sum()
    chart = viz.plot(loss, "g").chart
    assert chart.series[1].values == pytest.approx({t: np.sqrt(2) * 0.25 ** (t - 1) for t in range(1, 6)})
    assert chart.backward == "→"
    assert chart.note == "the first loss alone: ×0.25 a step back"
    assert "the backward pass →" in viz.plot(loss, "W_B").svg()
    assert "← the backward pass" in viz.plot(loss, "W_F").svg()


# Contributions


def test_contributions_to_a_parameter_are_the_norms_of_what_its_uses_give():
    W, h = tg.parameter(0.5 * TURN, name="W"), np.array([1.0, 2.0])
    states = [h]
    for _ in range(4):
        h = W @ h
        states.append(h.data)
    adjoints = [np.linalg.matrix_power(0.5 * TURN.T, 4 - t) @ np.ones(2) for t in range(1, 5)]
    terms = [np.outer(adjoint, state) for adjoint, state in zip(adjoints, states[:4], strict=True)]
    plot = viz.plot(h.sum(), "W")
    assert values(plot) == pytest.approx({t: np.linalg.norm(term) for t, term in enumerate(terms, 1)})
    total = sum(terms)
    shares = viz.plot(h.sum(), "W", show="share")
    expected = {t: (term * total).sum() / (total**2).sum() for t, term in enumerate(terms, 1)}
    assert values(shares) == pytest.approx(expected)
    assert sum(values(shares).values()) == pytest.approx(1)
    assert (plot.chart.kind, shares.chart.kind) == ("points", "bars")
    assert viz.plot(h.sum(), W).chart == plot.chart


def test_c4_the_first_of_three_contributions_is_exactly_zero_since_the_state_is():
    assert values(viz.plot(programs.first_model(), "W"))[1] == 0.0
    assert values(viz.plot(programs.first_model(), "U"))[1] > 0.0


def test_two_uses_in_one_time_step_are_one_contribution():
    W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0])
    for _ in range(2):
        h = W @ h + W @ h
    assert values(viz.plot(h.sum(), "W")) == pytest.approx({1: 2.0, 2: 2.0})


def test_a_parameter_is_written_as_in_the_drawings():
    Wh, h = tg.parameter([[0.5]]), tg.tensor([1.0])
    for _ in range(3):
        h = Wh @ h
    for of in ("Wh", "W_h", Wh):
        assert viz.plot(h.sum(), of).chart.title == "What each time step contributes to W\u0304_h"
    assert viz.plot({"Elman": h.sum()}).chart.series[0].label == "Elman"


def test_uses_in_two_loops_are_not_added_up_time_step_by_time_step():
    E, W = tg.parameter(0.5 * np.eye(2), name="E"), tg.parameter(np.eye(2), name="W")

    def encode(h):
        for _ in range(4):
            h = E @ h
        return h

    def decode(s):
        for _ in range(2):
            s = E @ (W @ s)
        return s

    chart = viz.plot(decode(encode(np.ones(2))).sum(), "E").chart
    assert [series.label.split(",")[0] for series in chart.series] == ["in encode", "in decode"]
    each = np.linalg.norm(np.full((2, 2), 0.5**5))  # the product of the five other factors, in every use
    assert [series.values for series in chart.series] == [
        pytest.approx(dict.fromkeys((1, 2, 3, 4), each)),
        pytest.approx(dict.fromkeys((1, 2), each)),
    ]
    shares = viz.plot(decode(encode(np.ones(2))).sum(), "E", show="share").chart
    assert sum(sum(series.values.values()) for series in shares.series) == pytest.approx(1)


def test_uses_outside_of_time_are_told_and_not_plotted():
    W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0])
    for _ in range(2):
        h = W @ h
    y = W @ h
    plot = viz.plot(y.sum(), "W")
    assert sorted(values(plot)) == [1, 2]
    assert plot.chart.note == "0.25 more from outside all time steps"
    with pytest.raises(LookupError, match="V is not used in any time step"):
        viz.plot(programs.sequence_to_one(), "V")


def test_a_parameter_keeps_the_colour_of_its_drawing():
    loss = programs.first_model()
    hues = {node.label: node.hue for node in viz.draw(loss).scene.nodes if node.kind == "parameter"}
    for name, hue in hues.items():
        assert viz.plot(loss, name).chart.series[0].hue == hue


# Errors


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda loss: viz.plot(loss, show="all"), ValueError, "show must be 'norm' or 'share', not 'all'"),
        (lambda loss: viz.plot(loss, show="share"), ValueError, "say which, as in of='W'"),
        (lambda loss: viz.plot({}), ValueError, "no network was given"),
        (lambda loss: viz.plot(loss, "q"), LookupError, "no value called 'q' belongs to a time step; those that do: h"),
        (lambda loss: viz.plot(np.ones(3)), TypeError, "not ndarray"),
        (lambda loss: viz.plot(programs.product()), LookupError, "nothing|no named value is carried"),
    ],
)
def test_what_cannot_be_plotted_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(turning(0.5))


@pytest.mark.slow
@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(outsiders.__path__)])
def test_programs_that_others_wrote_are_plotted_or_say_that_they_carry_no_state(name):
    loss = importlib.import_module(f"tests.programs.outsiders.{name}").main()
    trace = tg.trace(loss)
    try:
        plot = viz.plot(trace)
    except LookupError as error:
        assert "no named value is carried" in str(error)  # noqa: PT017 - some have no state
        return
    solid = [series for series in plot.chart.series if not series.dashed]
    assert all(len(series.values) > 1 for series in solid)
    assert plot.svg().startswith("<svg")
    for node in trace.graph.parameters:
        contributions = trace.contributions(node)
        if None not in contributions.timesteps and len(contributions):
            shares = viz.plot(trace, node, show="share").chart.series
            total = sum(sum(series.values.values()) for series in shares)
            assert total == pytest.approx(1) or np.isnan(total)


def test_columns_of_numbers_are_lines_over_the_first_that_counts():
    chart = viz.plot({"epoch": [2, 4, 8], "train": [4.0, 2.0, np.nan], "validation": [5.0, 6.0]}).chart
    assert (chart.title, chart.quantity, chart.axis, chart.logarithmic) == (
        "train and validation", "by epoch", "epoch", False,
    )  # fmt: skip
    assert {s.label: list(s.values) for s in chart.series} == {"train": [2, 4, 8], "validation": [2, 4]}
    chart = viz.plot({"train": [400.0, 2.0, 1.0]}, title="Losses").chart
    assert (chart.title, chart.quantity, chart.axis, chart.logarithmic) == ("Losses", "by number, log scale", "", True)
    assert chart.series[0].values == {1: 400, 2: 2, 3: 1}
    assert "not finite" in viz.plot({"loss": [1.0, np.nan]}).svg()
    for wrong, words in [
        ({"epoch": [1, 2], "train": [0.5, 0.25, 0.125]}, "3 numbers have no places among 2"),
        ({"train": []}, "0 numbers have no places"),
    ]:
        with pytest.raises(ValueError, match=words):
            viz.plot(wrong)
    with pytest.raises(ValueError, match="are of networks, not of columns"):
        viz.plot({"train": [1.0]}, of="W")

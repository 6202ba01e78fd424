"""The command flow: every state of a cell in one table, as viz.plot shows them, in terminals of any width."""

import importlib

import numpy as np
import pytest
from rich.cells import cell_len

import rnn
import tinygraph as tg
import viz
from viz.terminal.session import Session


def lines_of_flow(trace, width=80):
    return [line.plain for line in Session(viz.Debugger(trace), width).run("flow").lines]


@pytest.fixture(scope="module")
def loss_at_the_end():
    model = rnn.ManyToOne(rnn.LSTMCell(2, 3, rng=0), 1, rng=0)
    return tg.trace((model(np.random.default_rng(0).normal(size=(12, 2))) ** 2).sum())


@pytest.fixture(scope="module")
def a_loss_in_each_time_step():
    outputs, _ = rnn.LSTM(2, 3, rng=0)(np.random.default_rng(0).normal(size=(12, 2)))
    return tg.trace((outputs**2).sum())


def columns_of(lines, count):
    rows = [line.split()[:count] for line in lines[1:13]]
    return np.array(rows, float).T


def test_both_states_of_an_lstm_are_columns_as_they_are_lines_of_a_plot(loss_at_the_end):
    h, c = viz.plot(loss_at_the_end).chart.series
    lines = lines_of_flow(loss_at_the_end)
    assert lines[0].split() == ["time", "‖∂L/∂b_c‖", "‖∂L/∂s‖", "b_c,", "log", "s,", "log"]
    timesteps, of_h, of_c = columns_of(lines, 3)
    assert list(timesteps) == list(range(1, 13))
    np.testing.assert_allclose(of_h, list(h.values.values()), rtol=1e-3)
    np.testing.assert_allclose(of_c, list(c.values.values()), rtol=1e-3)
    said = "\n".join(lines[13:])
    assert "  b_c  no verdict: mild over 12 time steps: ×0.562" in said
    assert "  s  no verdict: mild over 12 time steps: ×0.647" in said
    assert "also carried" not in said


def test_their_bars_can_be_compared(loss_at_the_end):
    lines = lines_of_flow(loss_at_the_end)
    _, *norms = columns_of(lines, 3)
    bars = [[len(bar) for bar in line.split()[3:]] for line in lines[1:13]]
    by_length = sorted(zip(np.ravel(bars), np.transpose(norms).ravel(), strict=True))
    assert [norm for _, norm in by_length] == pytest.approx(sorted(np.ravel(norms)), rel=0.5)  # equal but for rounding


def test_the_last_loss_alone_stands_beside_each(a_loss_in_each_time_step):
    lines = lines_of_flow(a_loss_in_each_time_step)
    series = viz.plot(a_loss_in_each_time_step).chart.series
    assert len(series) == 4  # two dashed
    columns = columns_of(lines, 5)
    for of_series, column in zip(series, columns[1:], strict=True):
        np.testing.assert_allclose(column, list(of_series.values.values()), rtol=1e-3)


@pytest.mark.parametrize("width", [30, 40, 60, 72, 80, 120])
def test_what_has_no_room_in_the_table_has_a_line_below(loss_at_the_end, a_loss_in_each_time_step, width):
    for trace, needed in ((loss_at_the_end, 50), (a_loss_in_each_time_step, 74)):
        lines = lines_of_flow(trace, width)
        assert ("‖∂L/∂s‖" in lines[0]) == (width >= needed)
        below = lines[lines.index("  also carried through time:") + 1 :] if width < needed else []
        assert [line.split()[0] for line in below] == ["s"] * (width < needed)
        assert max(map(cell_len, lines)) <= max(width, 32)  # numbers are not cut


def test_the_place_of_a_layer_stands_above_the_table_and_not_in_every_heading():
    model = rnn.LSTM(2, 3, num_layers=2, bidirectional=True, rng=0)
    outputs, _ = model(np.random.default_rng(0).normal(size=(12, 2)))
    lines = lines_of_flow(tg.trace((outputs**2).sum()))
    assert lines[0] == "  layer 1/forward:"
    assert "‖∂L/∂b_c‖" in lines[1]
    assert "‖∂L/∂s‖" in lines[1]
    below = lines[lines.index("  also carried through time:") + 1 :]
    assert len(below) == 6
    assert max(map(cell_len, lines)) <= 80


@pytest.mark.parametrize("name", ["p02_lstm_class", "p05_peephole_dataclass", "p15_gru_d", "p22_layernorm_lstm"])
def test_plot_and_flow_show_the_same_states_of_programs_that_others_wrote(name):
    trace = tg.trace(importlib.import_module(f"tests.programs.outsiders.{name}").main())
    flows = tg.diagnosing.flows(trace)
    of_cell = [str(variable) for variable in tg.diagnosing.states(trace)]
    assert [flow.name.partition(", ")[0] for flow in flows[: len(of_cell)]] == of_cell
    plotted = {
        series.label.split(";")[0].split(" (")[0] for series in viz.plot(trace).chart.series if not series.dashed
    }
    heading = " ".join(lines_of_flow(trace, 200)[:2])
    assert all(f"‖∂L/∂{name}‖" in heading for name in of_cell)
    assert plotted >= set(of_cell) or len(of_cell) == 1

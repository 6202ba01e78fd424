"""Folding: a recorded graph back into its recurrence, and unrolled into itself again."""

from __future__ import annotations

import numpy as np
import pytest

import rnn
import tinygraph as tg
from tests import programs
from tests.programs import ALL, EXACT, PARTIAL
from tests.tools.folds import assert_honest, assert_unrolls, described, folded

SIZES = {  # of the exact programs: nodes and edges, whatever the length and the version of Python
    "elman": (9, 9), "elman_with_learned_state": (9, 9), "elman_with_running_loss": (17, 18),
    "elman_with_list_of_losses": (13, 14), "elman_with_mean_of_stacked_outputs": (14, 14),
    "elman_with_hoisted_input": (10, 10), "elman_on_an_embedding": (8, 8), "elman_in_batches_of_rows": (11, 11),
    "while_loop": (5, 5), "loop_left_by_break": (5, 5), "delay_of_two": (9, 10), "full_history": (7, 7),
    "full_history_summed": (7, 8), "euler": (16, 19), "jordan": (15, 16),
    "teacher_forcing": (17, 17), "captioning": (27, 29), "lstm": (54, 58), "gru": (42, 46),
    "gates_in_a_helper": (54, 58), "gates_in_a_loop": (59, 63), "gates_from_slices": (37, 41),
    "layers_inside_time": (23, 25), "layers_by_turns": (16, 18), "layers_around_time": (18, 20),
    "bidirectional_in_separate_code": (22, 24), "bidirectional_through_a_helper": (19, 22),
    "three_decoders": (36, 44), "attention": (41, 47), "reduced": (9, 9), "reduced_lambda": (9, 9),
    "mapped": (13, 14), "comprehension": (12, 14), "generator": (13, 14), "generator_made_a_list": (11, 12),
    "recursion": (5, 5), "recursion_on_the_way_back": (9, 9), "decorated": (9, 9), "tied_layers": (11, 12),
    "grid": (13, 14), "sentences_of_words": (13, 14), "minibatch_of_unequal_sequences": (13, 14), "epochs": (11, 12),
    "truncated": (12, 14), "chunks_without_truncation": (11, 13),
}  # fmt: skip


@pytest.mark.parametrize("program", ALL.values(), ids=ALL)
@pytest.mark.parametrize("T", [1, 2, 3, 7, 11])
def test_unrolling_gives_the_recorded_graph(program, T):
    assert_honest(assert_unrolls(tg.graph(program(T))))


@pytest.mark.parametrize("program", EXACT.values(), ids=EXACT)
def test_the_recurrence_does_not_depend_on_the_length(program):
    short, long = folded(program, 11), folded(program, 23)
    assert described(short) == described(long)
    assert (len(long.nodes), len(long.edges)) == SIZES[program.__name__]
    assert len(long.graph) > len(short.graph)
    assert "not folded" not in long.report()
    assert all(edge.index is not None for edge in long.edges)
    assert long.in_order


def test_elman_is_one_cell_with_one_delayed_edge():
    recurrence = folded(programs.elman, 23)
    cell = [node for node in recurrence.nodes if node.kind == "op" and node.loops]
    assert [(str(node.op), node.times) for node in cell] == [("matmul", 23), ("matmul", 23), ("add", 23), ("tanh", 23)]
    assert [(edge.source.name, edge.target.expression, edge.delay) for edge in recurrence.edges if edge.delay] == [
        ("h", "W @ h", 1)
    ]
    readers = [edge for edge in recurrence.edges if edge.target.expression == "W @ h"]
    (start,) = (edge for edge in readers if edge.source.kind == "constant")
    assert start.when == (slice(None, 1),)
    (end,) = (edge for edge in recurrence.edges if edge.target.op == "sum")
    assert [str(index) for index in end.index] == ["-1"]
    assert recurrence.loops[0].trips == 23
    assert recurrence.times[cell[0]] == 23


@pytest.mark.parametrize(
    ("program", "delays"),
    [
        (programs.elman_with_running_loss, {1}),
        (programs.teacher_forcing, {1}),
        (programs.delay_of_two, {1, 2}),
        (programs.lstm, {1}),
        (programs.jordan, {1}),
        (programs.layers_inside_time, {1}),
        (programs.tied_layers, {(0, 1), (1, 0)}),
        (programs.grid, {(0, 1), (1, 0)}),
        (programs.sentences_of_words, {(0, 1), 1}),
        (programs.chunks_without_truncation, {(0, 1), (1, None), 1}),
    ],
)
def test_delays(program, delays):
    zero = (0, (0, 0), None, (0, None))
    assert {edge.delay for edge in folded(program).edges} - set(zero) == delays


def test_teacher_forcing_delays_nothing_but_the_sum_of_losses():
    recurrence = folded(programs.teacher_forcing)
    assert {(edge.source.name, edge.target.name) for edge in recurrence.edges if edge.delay} == {("loss", "loss")}


def test_layers_have_a_cell_each():
    recurrence = folded(programs.layers_inside_time)
    used = [node.parameters for node in recurrence.nodes if node.op == "matmul"]
    assert len(used) == len(set(used)) == 6


def test_a_stack_gathers_all_time_steps():
    recurrence = folded(programs.elman_with_mean_of_stacked_outputs, 9)
    (gathered,) = (edge for edge in recurrence.edges if edge.argument is None)
    assert gathered.target.arity == 9
    assert [str(index) for index in gathered.index] == ["i"]


def test_trips_that_differ():
    recurrence = folded(programs.sentences_of_words, 4)
    assert [loop.trips for loop in recurrence.loops] == [4, (2, 3, 4, 2)]


@pytest.mark.parametrize(
    ("name", "ops_at_11", "ops_at_23", "reason"),
    [
        ("branch_on_data", 5, 5, "`A @ h` (in_part.py:{line}) and 1 more op ran only in time steps 2, 5, 8, 11"),
        ("scheduled_sampling", 9, 9, "reads `output` in some iterations only"),
        ("stochastic_depth", 11, 11, "and 4 more ops ran only in time steps 1, 2, 4, 5, 7, 8, 9, 11"),
        ("a_weight_for_each_step", 15, 27, "`own @ x` (in_part.py:{line}) used 11 different parameters"),
        ("first_step_by_itself", 7, 7, "stands in the program 2 times"),
        ("written_out", 7, 7, "stands in the program 3 times"),
    ],
)
def test_what_folds_in_part_says_why(name, ops_at_11, ops_at_23, reason):
    short, long = folded(PARTIAL[name], 11), folded(PARTIAL[name], 23)
    assert sum(node.kind == "op" for node in short.nodes) == ops_at_11
    assert sum(node.kind == "op" for node in long.nodes) == ops_at_23
    source = {node.expression: node.source for node in short.nodes if node.kind == "op"}
    line = next((place.lineno for text, place in source.items() if f"`{text}`" in reason), 0)
    assert reason.format(line=line) in short.report()


def test_what_reads_an_op_that_is_not_always_there_reads_the_latest():
    W, h, loss = tg.parameter(np.eye(2)), np.ones(2), 0.0
    for t in range(23):
        if t % 9 in (0, 1):
            h = np.tanh(W @ h)
        loss = loss + (h * h).sum()
    recurrence = assert_unrolls(tg.graph(loss))
    latest = [edge for edge in recurrence.edges if edge.index and edge.index[-1].kind == "latest"]
    assert [str(edge.index[0]) for edge in latest] == ["<= i - 1", "<= i", "<= i"]
    assert "reads the latest `h` there is" in recurrence.report()
    assert len(recurrence.edges) == 10


def test_report_names_the_loops():
    report = folded(programs.sentences_of_words).report()
    assert report.startswith("161 ops recorded, folded into 7\nthe loop at nested_loops.py:")
    assert "×2 to 4, over time: 4 ops" in report
    assert "in part" not in report


def test_without_recurrence_a_program_folds_to_itself():
    x, W = tg.parameter(np.ones(2)), tg.parameter(np.eye(2))
    graph = tg.graph((np.tanh(W @ x) * np.exp(x)).sum())
    recurrence = assert_unrolls(graph)
    assert len(recurrence.nodes) == len(graph)
    assert set(recurrence.times.values()) == {1}
    assert not recurrence.loops


def test_one_leaf():
    recurrence = assert_unrolls(tg.graph(tg.parameter(1.0)))
    assert len(recurrence.nodes) == 1
    assert not recurrence.edges


def test_several_outputs():
    W = tg.parameter(np.eye(2))
    h, hs = np.ones(2), []
    for _ in range(5):
        h = np.tanh(W @ h)
        hs.append(h)
    assert len(assert_unrolls(tg.graph(*hs)).edges) == 4


@pytest.mark.parametrize(
    "cell",
    [
        lambda: rnn.ElmanCell(2, 3),
        lambda: rnn.LSTMCell(2, 3, peepholes=True),
        lambda: rnn.GRUCell(2, 3),
        lambda: rnn.Stacked(rnn.GRUCell(2, 3), rnn.LSTMCell(3, 2)),
    ],
    ids=["elman", "lstm", "gru", "stacked"],
)
def test_cells_of_rnn_fold_like_written_ones(cell):
    def program(T):
        outputs, _ = rnn.unroll(cell(), programs.data(T))
        return np.mean(np.stack(outputs) ** 2)

    short, long = (assert_unrolls(tg.graph(program(T))) for T in (11, 23))
    assert described(short) == described(long)
    assert "not folded" not in long.report()


def test_a_tensor_folds_as_the_graph_that_leads_to_it():
    loss = programs.elman(5)
    assert described(tg.fold(loss)) == described(tg.fold(tg.graph(loss)))


@pytest.mark.parametrize("value", [None, 3.0, np.ones(2), "loss", [tg.parameter(1.0)]])
def test_nothing_else_folds(value):
    with pytest.raises(TypeError, match=f"fold: expected a Graph or a Tensor .*, got {type(value).__name__}"):
        tg.fold(value)

"""Folding: a recorded graph back into its recurrence, and unrolled into itself again."""

from __future__ import annotations

import threading
from copy import copy

import numpy as np
import pytest

import rnn
import tinygraph as tg
from tests import programs
from tests.programs import ALL, EXACT, PARTIAL
from tinygraph.folding.fold import fold
from tinygraph.folding.folded import FoldedGraph
from tinygraph.folding.recurrence import (
    at_once,
    calls_needed,
    longest_path,
    parameter_uses,
    path_per_timestep,
    recurrences,
    task_shape,
)

SIZES = {  # of the exact programs: nodes and edges, whatever the length and the version of Python
    "elman": (9, 9), "elman_with_learned_state": (9, 9), "elman_with_running_loss": (17, 18),
    "elman_with_list_of_losses": (13, 14), "elman_with_mean_of_stacked_outputs": (14, 14),
    "elman_with_hoisted_input": (10, 10), "elman_on_an_embedding": (8, 8), "elman_in_batches_of_rows": (11, 11),
    "while_loop": (5, 5), "loop_left_by_break": (5, 5), "delay_of_two": (9, 10), "full_history": (7, 7),
    "full_history_summed": (7, 8), "euler": (16, 19), "jordan": (15, 16),
    "teacher_forcing": (17, 17), "captioning": (27, 29), "lstm": (54, 58), "gru": (42, 46),
    "gates_in_a_helper": (54, 58), "gates_in_a_loop": (59, 63), "gates_from_slices": (34, 38),
    "layers_inside_time": (23, 25), "layers_by_turns": (16, 18), "layers_around_time": (18, 20),
    "bidirectional_in_separate_code": (22, 24), "bidirectional_through_a_helper": (19, 22),
    "three_decoders": (36, 44), "attention": (41, 47), "reduced": (9, 9), "reduced_lambda": (9, 9),
    "mapped": (13, 14), "comprehension": (12, 14), "generator": (13, 14), "generator_made_a_list": (11, 12),
    "recursion": (5, 5), "recursion_on_the_way_back": (9, 9), "decorated": (9, 9), "tied_layers": (11, 12),
    "grid": (13, 14), "sentences_of_words": (13, 14), "minibatch_of_unequal_sequences": (13, 14), "epochs": (11, 12),
    "truncated": (12, 14), "chunks_without_truncation": (11, 13),
}  # fmt: skip


def folded(program, T: int = 11) -> FoldedGraph:
    return fold(tg.graph(program(T)))


def structure(graph: tg.Graph) -> list[tuple]:
    return [
        (node.index, node.kind, node.op, repr(node.attributes), tuple(given.index for given in node.inputs))
        for node in graph.nodes
    ]


def assert_unrolls(graph: tg.Graph) -> FoldedGraph:
    found = fold(graph)
    unrolled = found.unroll()
    assert structure(unrolled) == structure(graph)
    assert [node.index for node in unrolled.outputs] == [node.index for node in graph.outputs]
    assert not {id(node) for node in unrolled.nodes} & {id(node) for node in graph.nodes}
    return found


def own_parameters(node) -> tuple:
    """The parameters among the arguments, found independently of the folding."""
    return tuple(given.index if given.kind == "parameter" else None for given in node.inputs)


def assert_honest(found: FoldedGraph) -> None:
    """No node mixes ops, attributes or parameters; a parameter that only the first iterations have is data."""
    for node in found.nodes:
        assert len({(each.kind, each.op) for each in node.recorded}) == 1
        assert len({repr({k: v for k, v in each.attributes.items() if k != "index"}) for each in node.recorded}) == 1
        if node.kind == "parameter":
            assert node.times == 1
        own = [own_parameters(each) for each in node.recorded]
        for column in zip(*own, strict=False):
            met = set(column) - {None}
            assert len(met) <= 1
            if met and None in column:
                users = [row for row, one in zip(node.iterations, column, strict=True) if one is not None]
                assert (np.array(users) == 0).all(0).any()


def described(found: FoldedGraph) -> list[str]:
    """The recurrence without lengths and data: equal for two lengths of a program that folds."""
    number = {loop: k for k, loop in enumerate(found.loops)}
    nodes = [
        f"{node.index} {node.kind} {node.op} in {[number[loop] for loop in node.loops]} when {node.when}"
        for node in found.nodes
    ]
    edges = [
        f"{edge.source.index} -> {edge.target.index}.{edge.argument} at {[str(i) for i in edge.index or ['?']]} "
        f"when {edge.when} delay {edge.delay}"
        for edge in found.edges
    ]
    return nodes + edges


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
    assert long.order is None


def test_elman_is_one_cell_with_one_delayed_edge():
    found = folded(programs.elman, 23)
    cell = [node for node in found.nodes if node.kind == "op" and node.loops]
    assert [(str(node.op), node.times) for node in cell] == [("matmul", 23), ("matmul", 23), ("add", 23), ("tanh", 23)]
    assert [(edge.source.name, edge.target.expression, edge.delay) for edge in found.edges if edge.delay] == [
        ("h", "W @ h", 1)
    ]
    (start,) = (edge for edge in found.edges if edge.target.expression == "W @ h" and edge.source.kind == "constant")
    assert start.when == (slice(None, 1),)
    (end,) = (edge for edge in found.edges if edge.target.op == "sum")
    assert [str(index) for index in end.index] == ["-1"]
    assert found.loops[0].trips == 23
    assert found.times[cell[0]] == 23


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
    found = folded(programs.teacher_forcing)
    assert {(edge.source.name, edge.target.name) for edge in found.edges if edge.delay} == {("loss", "loss")}


def test_layers_have_a_cell_each():
    found = folded(programs.layers_inside_time)
    used = [node.parameters for node in found.nodes if node.op == "matmul"]
    assert len(used) == len(set(used)) == 6


def test_a_stack_gathers_all_time_steps():
    found = folded(programs.elman_with_mean_of_stacked_outputs, 9)
    (gathered,) = (edge for edge in found.edges if edge.argument is None)
    assert gathered.target.arity == 9
    assert [str(index) for index in gathered.index] == ["i"]


def test_trips_that_differ():
    found = folded(programs.sentences_of_words, 4)
    assert [loop.trips for loop in found.loops] == [4, (2, 3, 4, 2)]


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
    assert [sum(node.kind == "op" for node in found.nodes) for found in (short, long)] == [ops_at_11, ops_at_23]
    source = {node.expression: node.source for node in short.nodes if node.kind == "op"}
    line = next((place.lineno for text, place in source.items() if f"`{text}`" in reason), 0)
    assert reason.format(line=line) in short.report()


def test_what_reads_an_op_that_is_not_always_there_reads_the_latest():
    W, h, loss = tg.parameter(np.eye(2)), np.ones(2), 0.0
    for t in range(23):
        if t % 9 in (0, 1):
            h = np.tanh(W @ h)
        loss = loss + (h * h).sum()
    found = assert_unrolls(tg.graph(loss))
    latest = [edge for edge in found.edges if edge.index and edge.index[-1].kind == "latest"]
    assert [str(edge.index[0]) for edge in latest] == ["<= i - 1", "<= i", "<= i"]
    assert "reads the latest `h` there is" in found.report()
    assert len(found.edges) == 10


def test_report_names_the_loops():
    report = folded(programs.sentences_of_words).report()
    assert report.startswith("161 ops recorded, folded into 7\nthe loop at nested_loops.py:")
    assert "×2 to 4, over time: 4 ops" in report
    assert "in part" not in report


def test_without_recurrence_a_program_folds_to_itself():
    x, W = tg.parameter(np.ones(2)), tg.parameter(np.eye(2))
    graph = tg.graph((np.tanh(W @ x) * np.exp(x)).sum())
    found = assert_unrolls(graph)
    assert len(found.nodes) == len(graph)
    assert set(found.times.values()) == {1}
    assert not found.loops


def test_one_leaf():
    found = assert_unrolls(tg.graph(tg.parameter(1.0)))
    assert len(found.nodes) == 1
    assert not found.edges


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
    assert task_shape(long) == "many-to-many"
    assert "not folded" not in long.report()


# -- questions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ALL.values(), ids=ALL)
def test_longest_path_is_that_of_the_recorded_graph(program):
    graph = tg.graph(program(9))
    assert longest_path(fold(graph)) == graph.longest_path()


@pytest.mark.parametrize(
    "name",
    [
        "elman", "elman_with_learned_state", "elman_with_running_loss", "elman_with_list_of_losses", "recursion",
        "elman_with_mean_of_stacked_outputs", "while_loop", "delay_of_two", "euler", "jordan", "teacher_forcing",
        "gru", "layers_inside_time", "layers_around_time", "bidirectional_in_separate_code", "three_decoders",
        "generator", "tied_layers", "lstm", "reduced",
    ],
)  # fmt: skip
def test_longest_path_at_another_length_is_that_of_a_longer_run(name):
    found = folded(EXACT[name], 6)
    for T in (13, 30):
        assert longest_path(found, timesteps=T) == tg.graph(EXACT[name](T)).longest_path()


def test_longest_path_grows_with_time_unless_the_teacher_forces():
    assert path_per_timestep(folded(programs.elman_with_running_loss), running_sums=False) == 3
    assert path_per_timestep(folded(programs.teacher_forcing), running_sums=False) == 0
    assert path_per_timestep(folded(programs.teacher_forcing)) == 1


def test_longest_path_at_another_length_needs_more_than_a_table():
    with pytest.raises(ValueError, match="table"):
        longest_path(folded(programs.branch_on_data), timesteps=30)


def test_recurrences():
    cell, losses = recurrences(folded(programs.elman_with_running_loss))
    assert [str(node.op) for node in cell.nodes] == ["matmul", "add", "tanh"]
    assert [edge.delay for edge in cell.edges] == [1]
    assert losses.is_running_sum
    assert not cell.is_running_sum
    assert [node.expression for node in at_once(folded(programs.elman_with_running_loss))][:2] == ["U @ x", "V @ h"]


def test_recurrences_of_a_grid_are_carried_by_both_loops():
    (found,) = recurrences(folded(programs.grid))
    assert [loop.depth for loop in found.loops] == [0, 1]


def test_calls_needed_when_only_recurrences_go_step_by_step():
    assert calls_needed(folded(programs.teacher_forcing, 23)) == 9
    assert calls_needed(folded(programs.elman_with_running_loss, 23)) == 3 * 23 + 6
    assert calls_needed(folded(programs.minibatch_of_unequal_sequences, 23)) == 3 * 4 + 4


def test_task_shapes():
    shapes = {name: task_shape(folded(EXACT[name])) for name in EXACT}
    assert shapes["elman"] == "many-to-one"
    assert shapes["elman_with_running_loss"] == "many-to-many"
    assert shapes["elman_on_an_embedding"] == "many-to-one"
    assert shapes["captioning"] == "one-to-many"
    assert shapes["three_decoders"] == shapes["attention"] == "sequence-to-sequence"
    assert shapes["bidirectional_in_separate_code"] == shapes["teacher_forcing"] == "many-to-many"
    assert shapes["while_loop"] == "one-to-one"


def test_parameters_and_their_uses_in_each_time_step():
    found = folded(programs.first_step_by_itself)
    uses = {parameter.index: of_loop for parameter, of_loop in parameter_uses(found).items()}
    (loop,) = found.loops
    assert sorted(uses.values(), key=len) == [{loop: 1}, {None: 1, loop: 1}]


# -- what is not an ordinary program ----------------------------------------------------------------------------------


def test_code_without_source_folds_all_the_same():
    space = {"np": np, "tg": tg}
    exec(
        "W = tg.parameter(np.eye(2)); h = np.ones(2)\n"
        "for t in range(9):\n"
        "    h = np.tanh(W @ h)\n",
        space,
    )  # fmt: skip
    found = assert_unrolls(tg.graph(space["h"]))
    assert [node.times for node in found.nodes if node.kind == "op"] == [9, 9]
    assert "×9" in found.report()


def test_a_graph_without_calls_folds_by_occurrence_and_says_so():
    graph = tg.graph(programs.elman(9))
    for node in graph.nodes:
        node.call = None
    found = assert_unrolls(graph)
    assert len(found.nodes) < 12
    assert "does not know its calls" in found.report()


def test_threads_that_take_turns():
    W = tg.parameter(np.eye(2))
    turns = threading.Barrier(2)
    ends = []

    def work(number):
        h = np.ones(2) * number
        for _ in range(5):
            turns.wait()
            h = np.tanh(W @ h)
        ends.append(h)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert_honest(assert_unrolls(tg.graph(ends[0] + ends[1])))


def test_two_generators_that_take_turns():
    def states(cell):
        h = np.ones(2)
        while True:
            h = cell(h, np.ones(2))
            yield h

    total = 0.0
    for _, h, g in zip(range(7), states(programs.Cell()), states(programs.Cell()), strict=False):
        total = total + (h * g).sum()
    found = assert_unrolls(tg.graph(total))
    assert {node.times for node in found.nodes if node.kind == "op"} == {7}


def test_recursion_over_a_tree():
    W = tg.parameter(np.eye(2))

    def value(depth):
        return np.ones(2) if depth == 0 else np.tanh(W @ (value(depth - 1) + value(depth - 2 if depth > 1 else 0)))

    assert_honest(assert_unrolls(tg.graph(value(6).sum())))


def test_mutual_recursion():
    A, B = tg.parameter(np.eye(2)), tg.parameter(np.eye(2))

    def even(h, t):
        return h if t == 0 else np.exp(odd(np.tanh(A @ h), t - 1) * 0.1)

    def odd(h, t):
        return h if t == 0 else even(np.tanh(B @ h), t - 1)

    assert_honest(assert_unrolls(tg.graph(even(np.ones(2), 8))))


def test_an_exception_handler_in_the_loop():
    W = tg.parameter(np.eye(2))
    h = np.ones(2)
    for t in range(12):
        try:
            h = np.tanh(W @ h)
            if t % 3 == 0:
                raise ValueError
        except ValueError:
            h = h * 0.5
            continue
        h = h + 1.0
    found = assert_unrolls(tg.graph(h))
    assert found.loops[0].trips == 12
    assert {node.times for node in found.nodes if node.kind == "op"} == {12, 4, 8}


def test_ops_of_a_callback():
    W = tg.parameter(np.eye(2))
    values = sorted(range(6), key=lambda k: float((W @ np.full(2, -k)).sum().data))
    total = sum((W @ np.ones(2) * k).sum() for k in values)
    assert_honest(assert_unrolls(tg.graph(total)))


def test_a_graph_from_a_file_folds_as_the_recorded_one(tmp_path):
    path = tmp_path / "elman.trace"
    trace = tg.trace(programs.elman(11))
    trace.save(path)
    loaded = tg.load_trace(path).graph
    assert all(node.call is None for node in loaded.nodes)
    folded = assert_unrolls(loaded)
    assert_honest(folded)
    assert folded.report() == tg.fold(trace.graph).report()


def test_a_graph_without_calls_folds_by_parameters_and_occurrence():
    nodes = [copy(node) for node in tg.graph(programs.elman(11)).nodes]
    for node in nodes:
        node.inputs = tuple(nodes[source.index] for source in node.inputs)
        node.call = None
    folded = assert_unrolls(tg.Graph(nodes, [nodes[-1]]))
    assert_honest(folded)
    assert [node.times for node in folded.nodes if node.op == "tanh"] == [11]
    assert "does not know its calls" in folded.report()

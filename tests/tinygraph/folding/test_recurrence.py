"""Questions to a recurrence: its longest path, what recurs, how many calls it needs, its shape as a task."""

from __future__ import annotations

import pytest

import tinygraph as tg
from tests import programs
from tests.programs import ALL, EXACT
from tests.tools.folds import folded
from tinygraph.folding.fold import fold
from tinygraph.folding.recurrence import (
    at_once,
    calls_needed,
    longest_path,
    parameter_uses,
    path_per_timestep,
    recurrences,
    task_shape,
)


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
    recurrence = folded(EXACT[name], 6)
    for T in (13, 30):
        assert longest_path(recurrence, timesteps=T) == tg.graph(EXACT[name](T)).longest_path()


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
    (recurrence,) = recurrences(folded(programs.grid))
    assert [loop.depth for loop in recurrence.loops] == [0, 1]


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
    recurrence = folded(programs.first_step_by_itself)
    uses = {parameter.index: of_loop for parameter, of_loop in parameter_uses(recurrence).items()}
    (loop,) = recurrence.loops
    assert sorted(uses.values(), key=len) == [{loop: 1}, {None: 1, loop: 1}]

"""What of a recurrence recurs, and what could run for all time steps at once."""

from __future__ import annotations

from tests import programs
from tests.tools.folds import folded
from tinygraph.folding.recurrence import at_once, recurrences


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

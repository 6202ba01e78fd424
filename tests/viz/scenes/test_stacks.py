"""Elements of a stack: what reads one row of it reads that row's source, and no other."""

import numpy as np
import pytest

import tinygraph as tg
import viz

FRAMES = np.cos(np.arange(8.0)).reshape(4, 2)


def scores(rows):
    """Log-probabilities of each frame, by a network whose output is gathered by `rows`."""
    mix, keep = (tg.parameter(np.eye(2) / k) for k in (2, 3))
    state, emitted = np.zeros(2), []
    for frame in FRAMES:
        state = np.tanh(mix @ frame + keep @ state)
        row = state - np.log(np.exp(state).sum())
        emitted.append(row)
    return rows(emitted)


def sources(result, target, fold=False):
    """The labels of what an edge leads from to the node of that label, with those of the edges."""
    scene = viz.draw(result, view="variables", fold=fold).scene
    label = {node.id: node.label for node in scene.nodes}
    return {(label[edge.source], edge.label) for edge in scene.edges if label[edge.target] == target}


@pytest.mark.parametrize(
    ("rows", "element"),
    [
        (np.stack, lambda table: table[2, 1]),
        (np.stack, lambda table: table[-2, :1].sum()),
        (np.stack, lambda table: table[1:3][1].sum()),
        (lambda rows: np.stack(rows, axis=1), lambda table: table[0, 2]),
        (lambda rows: np.concatenate([row[None] for row in rows]), lambda table: table[2].sum()),
        (np.stack, lambda table: table[[2, 2], [0, 1]].sum()),
    ],
)
def test_an_element_of_a_stack_is_read_from_its_own_time_step_alone(rows, element):
    def read(table):
        best = element(table) ** 2
        return np.tanh(best)

    loss = read(scores(rows))
    assert sources(loss, "best") == {("row⁽³⁾", "")}
    assert sources(loss, "best", fold=True) == {("row⁽ᵗ⁾", "t=3")}


def test_a_slice_of_a_stack_is_read_from_those_time_steps_and_the_stack_is_not_drawn_beside():
    table = scores(np.stack)
    late = np.exp(table[2:])
    assert sources(late.sum(), "late") == {("row⁽³⁾", ""), ("row⁽⁴⁾", "")}
    assert sources(late.sum(), "late", fold=True) == {("row⁽ᵗ⁾", "t=3, 4")}
    scene = viz.draw(late.sum(), view="variables").scene
    read = {edge.source for edge in scene.edges}
    assert [node.label for node in scene.nodes if node.id not in read] == ["Σ late"]


def best_path(table):
    best = table[0] / 2
    for t in range(1, len(FRAMES)):
        best = np.logaddexp(np.tanh(best), table[t])
    return best.sum()


def test_a_loop_that_takes_the_second_row_first_begins_in_the_second_time_step():
    loss = best_path(scores(np.stack))
    folded = sources(loss, "best⁽ᵗ⁾", fold=True)
    assert ("row⁽ᵗ⁾", "") in folded
    assert sources(loss, "best⁽¹⁾", fold=True) == {("row⁽ᵗ⁾", "t=1")}
    assert sources(loss, "best⁽²⁾") == {("best⁽¹⁾", ""), ("row⁽²⁾", "")}
    assert sources(loss, "best⁽⁴⁾") == {("best⁽³⁾", ""), ("row⁽⁴⁾", "")}


def test_what_a_recurrence_begins_with_stands_in_its_own_time_step():
    scene = viz.draw(best_path(scores(list)), view="variables").scene
    column = {node.label: scene.columns[node.column].label for node in scene.nodes if node.column is not None}
    assert [column[f"best⁽{t}⁾"] for t in "¹²³⁴"] == ["t = 1", "t = 2", "t = 3", "t = 4"]


def test_a_loop_over_the_rows_of_an_array_has_their_time_steps():
    table = scores(np.stack)
    emitted = table @ tg.parameter(np.eye(2))
    loss = best_path(emitted)
    assert sources(loss, "best⁽²⁾") == {("best⁽¹⁾", ""), ("emitted", "")}
    assert sources(loss, "loss") == {("best⁽⁴⁾", "")}


def test_a_loop_that_stops_before_the_end_begins_with_the_first_time_step():
    table = scores(np.stack)
    best = table[0] / 2
    for t in range(2):
        best = np.logaddexp(np.tanh(best), table[t + 1])
    assert sources(best.sum(), "best⁽¹⁾") == {("best⁽⁰⁾", ""), ("row⁽²⁾", "")}


def test_what_takes_all_of_a_stack_reads_the_stack():
    table = scores(np.stack)
    total = np.exp(table[:]) + table[::-1]
    assert sources(total.sum(), "total") == {("table", "")}

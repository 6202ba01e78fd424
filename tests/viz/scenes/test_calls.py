"""Calls of the program's own functions as one node each, and opened on demand."""

import numpy as np
import pytest

import tinygraph as tg
import viz
from tests.programs.in_styles import (
    T,
    a_cell_that_returns_a_pair,
    classes,
    closures,
    layers_in_a_list,
    lstm_of_a_dict,
    unpacked_from_a_function,
)


def calls(program, **options):
    scene = viz.draw(program(), view="calls", **options).scene
    return [(node.label, node.detail) for node in scene.nodes if node.id.startswith("c")]


def test_a_helper_is_one_node_each_time_it_is_called():
    drawn = calls(lstm_of_a_dict)
    assert drawn[:4] == [("sigmoid", "i⁽¹⁾"), ("sigmoid", "f⁽¹⁾"), ("sigmoid", "o⁽¹⁾"), ("sigmoid", "i⁽²⁾")]
    assert len(drawn) == 3 * T


def test_a_cell_is_one_node_a_time_step_named_by_the_call_and_opened_on_demand():
    assert {name for name, _ in calls(a_cell_that_returns_a_pair)} == {"cell"}
    assert len(calls(a_cell_that_returns_a_pair)) == T
    assert {name for name, _ in calls(a_cell_that_returns_a_pair, opened="cell")} == {"sigmoid"}
    opened = viz.draw(a_cell_that_returns_a_pair(), view="calls", opened=["cell", "sigmoid"]).scene
    ops = viz.draw(a_cell_that_returns_a_pair()).scene
    assert [node.label for node in opened.nodes] == [node.label for node in ops.nodes]


def test_an_object_is_called_by_its_variable_and_a_closure_too():
    assert {name for name, _ in calls(classes)} == {"gru"}
    assert {name for name, _ in calls(closures)} == {"forward", "backward"}
    assert len(calls(layers_in_a_list)) == 2 * T


def test_what_goes_in_and_comes_out_of_a_call_is_drawn():
    scene = viz.draw(a_cell_that_returns_a_pair(), view="calls").scene
    label = {node.id: node.label for node in scene.nodes}
    column = {node.id: node.column for node in scene.nodes}
    cell = next(node.id for node in scene.nodes if node.label == "cell" and node.column == 2)
    sources = {label[edge.source] for edge in scene.edges if edge.target == cell}
    assert sources == {"W_x", "W_h", "b", "INPUTS⁽²⁾", "cell"}
    assert all(edge.source in label and edge.target in label for edge in scene.edges)
    assert [column[edge.target] for edge in scene.edges if edge.source == cell] == [3]


def test_ops_outside_of_calls_stay_and_numbers_inside_go():
    scene = viz.draw(lstm_of_a_dict(), view="calls").scene
    assert "c⁽¹⁾" in {node.label for node in scene.nodes}
    assert "1" not in {node.label for node in scene.nodes}


def test_without_calls_all_is_as_op_by_op():
    calls_, ops = (viz.draw(unpacked_from_a_function(), view=view).scene for view in ("calls", "ops"))
    assert [node.label for node in calls_.nodes] == [node.label for node in ops.nodes]


def test_what_cannot_be_opened_is_refused_and_the_calls_there_are_are_named():
    with pytest.raises(ValueError, match="no call of 'lstm'; those there are: .*'cell'.*'sigmoid'"):
        viz.draw(a_cell_that_returns_a_pair(), view="calls", opened="lstm")
    with pytest.raises(ValueError, match="view='calls' shows"):
        viz.draw(lstm_of_a_dict(), opened="sigmoid")
    with pytest.raises(ValueError, match="excludes fold"):
        viz.draw(lstm_of_a_dict(), view="calls", fold=True)


def test_one_array_given_to_several_ops_is_one_node():
    W, U, h = tg.parameter(np.eye(2)), tg.parameter(np.eye(2) / 2), np.zeros(2)
    for x in np.ones((2, 2)) * [[1.0], [2.0]]:
        h = np.tanh(W @ h + x) * np.tanh(U @ h + x)
    for options in ({}, {"view": "variables"}, {"fold": True}, {"view": "variables", "fold": True}):
        labels = [node.label for node in viz.draw(h, **options).scene.nodes]
        assert labels.count("h⁽⁰⁾") == 1
        assert all(labels.count(label) == 1 for label in labels if label.startswith("x"))

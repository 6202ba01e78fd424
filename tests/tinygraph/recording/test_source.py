"""Names and expressions are read from the program's own source, with no annotation."""

import numpy as np

import rnn
import tinygraph as tg


def ops(output):
    return [node for node in tg.graph(output).nodes if node.kind == "op"]


def described(output):
    return [(node.expression, node.name) for node in ops(output)]


W = tg.parameter(np.eye(2) / 2)
U = tg.parameter(np.ones((2, 3)))
b = tg.parameter(np.zeros(2))
x = np.arange(3.0)


def test_each_sub_expression_of_one_line_and_the_name_of_its_result():
    h = tg.tensor([1.0, 2.0])
    h = np.tanh(W @ h + U @ x + b)
    assert described(h) == [
        ("W @ h", None),
        ("U @ x", None),
        ("W @ h + U @ x", None),
        ("W @ h + U @ x + b", None),
        ("np.tanh(W @ h + U @ x + b)", "h"),
    ]


def test_leaves_are_named_by_assignment_and_constants_by_their_expression():
    nodes = tg.graph(U @ x + b).nodes
    assert [node.name for node in nodes if node.kind == "parameter"] == ["U", "b"]
    assert [node.name for node in nodes if node.kind == "constant"] == ["x"]


def test_an_explicit_name_wins():
    named = tg.parameter([1.0], name="gain")
    y = named * 2
    y.name = "output"
    assert [node.name for node in tg.graph(y).nodes] == ["gain", "2", "output"]


def test_augmented_assignment_names_its_target():
    loss = W.sum()
    loss += b.sum()
    assert described(loss)[-1] == ("loss += b.sum()", "loss")


def test_tuples_conditionals_walrus_attributes_and_items():
    first, second = np.exp(b), np.sin(b)
    assert (first.name, second.name) == ("first", "second")
    chosen = np.exp(b) if True else np.sin(b)
    assert chosen.name == "chosen"
    if (held := b * 2) is not None:
        assert held.name == "held"

    class Box:
        pass

    box = Box()
    box.state = b * 3
    assert box.state.name == "state"
    outputs = {}
    outputs["o"] = b * 4
    assert outputs["o"].name == "o"


def helper(h):
    return np.tanh(W @ h)


def test_what_a_function_returns_has_the_name_that_its_caller_gives_it():
    state = helper(np.ones(2))
    assert ops(state)[-1].name == "state"
    double = (lambda v: v * 2)(b)
    assert double.name == "double"


def test_a_call_over_several_lines():
    y = np.tanh(
        W
        @ b
    )  # fmt: skip
    assert described(y) == [("W @ b", None), ("np.tanh( W @ b )", "y")]


def test_positions_are_characters_where_names_are_not_ascii():
    ŷ = W @ b; z̄ = ŷ * 2  # noqa: E702 # fmt: skip
    assert described(z̄) == [("W @ b", "ŷ"), ("ŷ * 2", "z̄")]


def test_cells_name_their_states_and_modules_their_parameters():
    cell = rnn.ElmanCell(3, 2, rng=0)
    h = cell(np.zeros(2), x)
    assert h.name == "h"
    assert {node.name for node in tg.graph(h).parameters} == {"W", "U", "b"}


def test_code_without_source_records_all_the_same():
    space = {"np": np, "W": W, "b": b}
    exec("y = np.tanh(W @ b)", space)
    nodes = ops(space["y"])
    assert [node.op.name for node in nodes] == ["matmul", "tanh"]
    assert [(node.expression, node.name) for node in nodes] == [("", None), ("", None)]


def test_the_source_marks_the_sub_expression():
    h = np.tanh(W @ b)
    source = ops(h)[0].source
    assert source.marked().splitlines() == ["h = np.tanh(W @ b)", "            ^^^^^"]
    assert source.filename == __file__
    assert source.function.endswith("test_the_source_marks_the_sub_expression")


def test_what_the_backward_pass_records_shows_the_rule_that_ran():
    gradient = tg.grad(lambda v: np.sum(np.tanh(v)))(b)
    expressions = [node.expression for node in ops(gradient)]
    assert "y * y" in expressions
    assert "g * (1 - y * y)" in expressions

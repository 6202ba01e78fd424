"""Finding a value by a name, an op or a piece of the program: the page's own logic, run without a browser."""

import pytest

from tests.tools.javascript import ask

pytestmark = pytest.mark.slow


def found(trace, logic, text, k=-1):
    index = ask(logic, f"find(trace, {text!r}, {k})?.index ?? null")
    return None if index is None else trace.graph.nodes[index]


@pytest.mark.parametrize("name", ["h[3]", "W", "loss"])
def test_by_name(trace, logic, name):
    assert found(trace, logic, name) is trace.node(name)


def test_by_op_the_next_from_here_and_around(trace, logic):
    steps = [k for k, node in enumerate(trace.nodes) if node.op == "tanh"]
    for k, expected in [(-1, steps[0]), (steps[0], steps[1]), (steps[-1], steps[0])]:
        assert found(trace, logic, "tanh", k) is trace.nodes[expected]


@pytest.mark.parametrize("text", ["W @ h", "W@h", " W @h "])
def test_by_expression_however_it_is_spaced(trace, logic, text):
    node = found(trace, logic, text)
    assert (node.op, node.expression, node.timestep) == ("matmul", "W @ h", 4)


def test_by_a_piece_of_an_expression(trace, logic):
    assert "x + b" in found(trace, logic, "x + b").expression


@pytest.mark.parametrize("text", ["", "  ", "nothing", "h[9]", "(((", "\\"])
def test_what_is_not_there_is_not_found(trace, logic, text):
    assert found(trace, logic, text) is None


def test_names_ops_and_expressions_are_offered_and_no_numbered_values(trace, logic):
    offers = ask(logic, "offers(trace)")
    assert {"h[1]", "W", "tanh", "W @ h"} <= set(offers)
    assert offers.index("h[1]") < offers.index("tanh") < offers.index("W @ h")
    assert len(offers) == len(set(offers))
    assert not any(text.startswith("v") and text[1:].isdecimal() for text in offers)

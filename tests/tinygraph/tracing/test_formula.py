"""Formulas: the rule that runs, with the names of the program."""

import ast

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.graphs.symbols import Symbol, Symbols, barred, plain_name
from tinygraph.tracing.formula import Formula, parsed


def formulas(loss):
    trace = tg.trace(loss)
    return [str(formula) for k in range(len(trace)) for formula in trace.formulas(k)]


def only(loss, step=0):
    return tg.trace(loss).formulas(step)


def test_row_c2_of_the_lectures_reads_as_the_lectures_write_it():
    W, V = tg.parameter(np.eye(2), name="W"), tg.parameter(np.eye(2), name="V")
    h = tg.tensor([1.0, 2.0], name="h")
    for t in (1, 2, 3):
        with tg.timestep(t):
            z = W @ h
            h = np.tanh(z)
            o = V @ h
    texts = formulas(o.sum())
    assert "V̄ = ō⁽³⁾ ⊗ h⁽³⁾" in texts
    assert "h̄⁽³⁾ = Vᵀ ō⁽³⁾" in texts
    assert "z̄⁽³⁾ = h̄⁽³⁾ ⊙ (1 − h⁽³⁾ ⊙ h⁽³⁾)" in texts
    assert "W̄ += z̄⁽³⁾ ⊗ h⁽²⁾" in texts
    assert "h̄⁽²⁾ = Wᵀ z̄⁽³⁾" in texts
    assert "W̄ += z̄⁽¹⁾ ⊗ h⁽⁰⁾" in texts


def test_batches_use_products_and_transposes():
    X, W, b = (
        tg.tensor(np.ones((5, 3)), name="X"),
        tg.parameter(np.ones((3, 2)), name="W"),
        tg.parameter([0.0, 0.0], name="b"),
    )
    Z = X @ W + b
    texts = formulas(Z.sum())
    assert "b̄ = Σ₀ Z̄" in texts
    assert any(text.startswith("W̄ = Xᵀ ") for text in texts)


@pytest.mark.parametrize(
    ("make", "text", "ascii_text"),
    [
        (lambda x: np.exp(x), "x̄ = ȳ ⊙ y", "dx = dy * y"),
        (lambda x: -x, "x̄ = −ȳ", "dx = -dy"),
        (lambda x: x / 2, "x̄ = ȳ / 2", "dx = dy / 2"),
        (lambda x: x - x, "x̄ += −ȳ", "dx += -dy"),
        (lambda x: np.maximum(x, 0), "x̄ = ȳ ⊙ [x = y]", None),
        (lambda x: tg.relu(x), "x̄ = ȳ ⊙ [x > 0]", "dx = dy * (x > 0)"),
        (lambda x: x[1:], "x̄[1:] = ȳ", "dx[1:] = dy"),
        (lambda x: x.sum(), "x̄ = ȳ · ones(3)", None),
        (lambda x: x.mean(), "x̄ = ȳ / 3 · ones(3)", None),
        (lambda x: x**2, "x̄ = ȳ · 2 ⊙ x", None),
        (lambda x: x**3, "x̄ = ȳ · 3 ⊙ x²", None),
        (lambda x: tg.softmax(x), "x̄ = y ⊙ (ȳ − Σ ȳ ⊙ y)", None),
    ],
)
def test_ops(make, text, ascii_text):
    x = tg.parameter([0.1, 0.2, 0.3], name="x")
    y = make(x)
    y.name = "y"
    trace = tg.trace(y, np.ones(y.shape))
    formula = trace.formulas(0)[-1]
    assert formula.text == text
    if ascii_text is not None:
        assert formula.ascii == ascii_text


def test_a_vector_before_a_matrix_is_written_as_the_transpose_times_the_vector():
    x, W = tg.parameter([1.0, 2.0], name="x"), tg.tensor(np.ones((3, 2)), name="W")
    y = tg.linear(x, W)
    [formula] = tg.trace(y, np.ones(3)).formulas(0)
    assert formula.text == "x̄ = Wᵀ ȳ"


def test_softmax_with_cross_entropy_is_row_c1():
    o = tg.parameter([0.1, 0.2, 0.3], name="o")
    L = tg.softmax_cross_entropy(o, np.array(1))
    assert "− 1[1]" in only(L)[0].text


def test_broadcasting_is_shown_as_a_sum():
    b, X = tg.parameter([1.0, 2.0], name="b"), tg.tensor(np.ones((4, 2)), name="X")
    Y = X * b
    assert [str(f) for f in tg.trace(Y, np.ones((4, 2))).formulas(0)] == ["b̄ = Σ₀ Ȳ ⊙ X"]


def test_the_formula_is_made_from_the_rule_and_cannot_drift():
    """Change the rule, and the formula changes."""
    for rule, text in (
        (lambda g, y, x: g * 3 * x * x, "x̄ = ȳ · 3 · x · x"),
        (lambda g, y, x: g * (2 - x), "x̄ = ȳ · (2 − x)"),
    ):
        cube = tg.op(lambda x: x**3, vjp=rule, name="cube_of_test")
        x = tg.parameter(2.0, name="x")
        y = cube(x)
        assert str(only(y)[0]) == text


def test_a_rule_of_several_lines_is_named_not_guessed():
    def rule(g, y, x):
        twice = 2 * x
        return g * twice

    x = tg.parameter(2.0, name="x")
    y = tg.op(lambda x: x * x, vjp=rule, name="squared_of_test")(x)
    assert isinstance(only(y)[0], Formula)
    assert only(y)[0].text.startswith("x̄ = ")


def test_a_helper_of_the_program_is_not_taken_for_ours():
    def rows(x):
        return 2 * x

    x = tg.parameter([2.0, 1.0], name="x")
    y = tg.op(lambda x: x * x, vjp=lambda g, y, x: g * rows(x), name="doubled_of_test")(x)
    [formula] = tg.trace(y, np.ones(2)).formulas(0)
    assert formula.text == "x̄ = ȳ ⊙ rows(x)"
    z = tg.op(lambda x: x + 0, vjp=lambda g, y, x: g + 0 * np.sum(x, axis=0), name="summed_of_test")(x)
    assert "sum(x, axis=0)" in tg.trace(z, np.ones(2)).formulas(0)[0].text


def test_ascii_forms_are_python():
    x, W = tg.parameter([0.1, 0.2], name="x"), tg.parameter(np.eye(2), name="W")
    for t in (1, 2):
        with tg.timestep(t):
            x = np.tanh(W @ x) * 2
    for k in range(len(trace := tg.trace(x.sum()))):
        for formula in trace.formulas(k):
            left, _, right = formula.ascii.replace("+=", "=").partition(" = ")
            ast.parse(right)
            assert left.startswith("d")
            assert formula.ascii.isascii()


def test_every_rule_of_the_registry_can_be_written():
    from tinygraph.graphs.graph import Graph
    from tinygraph.recording.node import StoredNode
    from tinygraph.tracing.notation import Operand, Printer

    for ops in list(tg.registry.values()):
        for op in ops:
            ones = np.ones((2, 2))
            inputs = [StoredNode(i, "parameter", None, (), ones, requires_grad=True) for i in range(len(op.rules))]
            node = StoredNode(len(inputs), "op", op, tuple(inputs), ones, requires_grad=True)
            Graph([*inputs, node], [node])
            for argument, rule in enumerate(op.rules):
                tree = None if rule is None else parsed(op.formula(argument))
                if tree is not None:
                    names = {name: Operand(name, name, 2) for name in op.parameters(argument)}
                    text = Printer(node, names, argument).whole(tree)
                    assert text
                    assert text.count("(") == text.count(")")


# -- symbols ----------------------------------------------------------------------------------------------------------


def test_symbols_are_told_apart_and_found_again():
    x = tg.parameter([1.0, 2.0], name="x")
    h = x
    for t in range(1, 4):
        with tg.timestep(t):
            h = h * 2
            h = np.tanh(h)
    graph = tg.graph(h)
    symbols = Symbols(graph)
    written = [symbols.of(node) for node in graph.nodes if not (node.kind == "constant" and node.shape == ())]
    assert len({str(symbol) for symbol in written}) == len(written)
    for node in graph.nodes:
        if not (node.kind == "constant" and node.shape == ()):
            assert symbols.find(symbols.of(node).ascii) is node
            assert symbols.find(str(symbols.of(node))) is node
            assert symbols.find(f"#{node.index}") is node
    assert symbols.find("h").index == graph.nodes[-1].index
    assert symbols.find("h3") is symbols.find("h@3") is symbols.find("h⁽³⁾")


def test_unknown_names_are_told_with_the_nearest():
    symbols = Symbols(tg.graph(tg.parameter(1.0, name="weight") * 2))
    with pytest.raises(LookupError, match="no node is called 'weigth'; did you mean weight"):
        symbols.find("weigth")
    with pytest.raises(LookupError, match="there is no node #99: the graph has 3"):
        symbols.find("#99")


def test_names_that_could_not_be_read_are_told_how_to_be_given():
    typed = {"tg": tg}
    exec(compile("W = tg.parameter(1.0)\nloss = W * 2", "<stdin>", "exec"), typed)  # as at a prompt: its text is gone
    with pytest.raises(LookupError, match="no node is called 'W'; the program's text is not there .* name='W'"):
        tg.trace(typed["loss"]).contributions("W")
    typed["W"].name = "W"
    assert tg.trace(typed["W"] * 2).contributions("W").total == 2


def test_bars_stand_over_letters():
    assert barred("h") == "h̄"
    assert barred("ŷ").startswith("ŷ"[0]) or "̄" in barred("ŷ")
    assert barred("W_F").endswith("_F")
    assert barred("loss").count("\u0305") == 4
    assert Symbol("h", 7, 12).ascii == "h7[12]"
    assert plain_name("self.cells[0]") == "cells"

"""Laws of folding on random recurrent programs, written as source text and run."""

from __future__ import annotations

from functools import reduce
from textwrap import indent

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tests.tools.folds import assert_honest, assert_unrolls, structure
from tinygraph.folding.fold import fold
from tinygraph.folding.recurrence import recurrences

pytestmark = pytest.mark.slow

STATES = ["a", "b", "c"]
WEIGHTS = [f"W[{k}]" for k in range(4)]

HELPERS = """
def cell(h, x, W):
    return np.tanh(W * h + x)

def gate(h, W):
    return twice(h, W) * 0.5

def twice(h, W):
    return W * h + W

def states(h, xs, W):
    for x in xs:
        h = cell(h, x, W)
        yield h

def down(h, W, t):
    return h if t <= 0 else down(np.tanh(W * h), W, t - 1)

def up(h, W, t):
    return h if t <= 0 else np.tanh(W * up(h, W, t - 1))
"""

state = st.sampled_from(STATES)
weight = st.sampled_from(WEIGHTS)


@st.composite
def op(draw) -> str:
    """A statement without a loop."""
    to, h, g, W = draw(state), draw(state), draw(state), draw(weight)
    expression = draw(
        st.sampled_from(
            [
                f"np.tanh({W} * {h} + {g})",
                f"{h} + {g}",
                f"cell({h}, x, {W})",
                f"cell({h}, {g}, {W})",
                f"gate({h}, {W})",
                f"{h} * 0.5 + x",
                f"np.mean(np.stack([{h}, {g}, {W}]), axis=0)",
            ]
        )
    )
    return f"{to} = {expression}"


@st.composite
def loop_in_an_expression(draw) -> str:
    """A statement that loops by other means than ``for`` and ``while``."""
    to, h, W = draw(state), draw(state), draw(weight)
    xs = draw(st.sampled_from(["X[:T]", "X[T - 1::-1]", "X[:3]"]))
    return draw(
        st.sampled_from(
            [
                f"{to} = reduce(lambda h, x: np.tanh({W} * h + x), {xs}, {h})",
                f"{to} = sum([{W} * ({h} + x) for x in {xs}])",
                f"{to} = sum({W} * ({h} + x) for x in {xs})",
                f"{to} = sum(map(lambda x: {W} * {h} * x, {xs}))",
                f"{to} = sum(states({h}, {xs}, {W}))",
                f"{to} = np.mean(np.stack(list(states({h}, {xs}, {W}))), axis=0)",
                f"{to} = down({h}, {W}, T)",
                f"{to} = up({h}, {W}, T)",
            ]
        )
    )


@st.composite
def block(draw, depth: int, branches: bool) -> str:
    kinds = [op(), op(), loop_in_an_expression()] + [loop(depth, branches)] * 2 * bool(depth)
    if branches:
        kinds += [branch(), st.sampled_from(["if t * t % 5 == 1: continue", "if t * t % 7 == 4: break"])]
    return "\n".join(draw(st.lists(st.one_of(kinds), min_size=1, max_size=4)))


@st.composite
def branch(draw) -> str:
    return f"if (t * t + k) % 5 < 2:\n{indent(draw(op()), '    ')}\nelse:\n{indent(draw(op()), '    ')}"


@st.composite
def loop(draw, depth: int, branches: bool) -> str:
    heads = [
        "for t, x in enumerate(X[:T]):",
        "for t, x in enumerate(X[T - 1::-1]):",
        "for t, x in zip(range(T), X):",
        "for k in range(3):",
        "for V in W[:3]:\n    a = np.tanh(V * a + x)",
        "for x in X[:2 + k % 3]:",
        f"n{depth} = 0\nwhile n{depth} < T:\n    n{depth} += 1",
    ]
    head = draw(st.sampled_from(heads))
    return f"{head}\n{indent(draw(block(depth - 1, branches)), '    ')}"


@st.composite
def programs(draw, branches: bool = True) -> str:
    """The source of ``program(T)``: loops in loops, helpers, layers, generators, recursion, and maybe branches."""
    body = draw(loop(2, branches))
    before = "\n".join(draw(st.lists(op(), max_size=2)))
    start = "t = k = 0\nx, a, b, c = X[0], X[1], W[0], X[2] + W[1]"
    text = f"{start}\n{before}\n{body}\nreturn (a + b + c).sum() + W[0].sum()"
    return f"def program(T):\n{indent(text, '    ')}\n"


def run(source: str, T: int) -> tg.Graph:
    weights = [tg.parameter(np.full(2, 0.1 * (k + 1))) for k in range(4)]
    space = {"np": np, "reduce": reduce, "W": weights, "X": list(np.sin(np.arange(40.0)).reshape(20, 2))}
    exec(HELPERS + source, space)
    return tg.graph(space["program"](T))


@settings(max_examples=150, deadline=None)
@given(programs(), st.integers(1, 6))
def test_unrolling_is_exact_and_no_node_mixes_parameters(source, T):
    graph = run(source, T)
    recurrence = assert_unrolls(graph)
    assert_honest(recurrence)
    for node in graph.nodes:  # an initial state stands at 0
        assert node.timestep is None or node.timestep >= (node.kind == "op")
    assert isinstance(recurrence.report(), str)
    assert len(recurrences(recurrence)) <= len(recurrence.nodes)


@settings(max_examples=100, deadline=None)
@given(programs(branches=False))
def test_the_recurrence_does_not_depend_on_the_length(source):
    short, long = fold(run(source, 7)), fold(run(source, 11))
    assert [(node.kind, node.op) for node in short.nodes] == [(node.kind, node.op) for node in long.nodes]
    assert len(short.edges) == len(long.edges)


@settings(max_examples=50, deadline=None)
@given(programs(), st.integers(1, 6))
def test_folding_twice_gives_the_same(source, T):
    unrolled = fold(run(source, T)).unroll()
    again = fold(unrolled)
    assert structure(again.unroll()) == structure(unrolled)
    assert again.size == fold(run(source, T)).size

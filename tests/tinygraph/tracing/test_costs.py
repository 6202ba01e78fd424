"""What it costs to look: in proportion to what is there, also for ops of many arguments and functions of many lines."""

import linecache
import sys
import time

import numpy as np
import pytest

import tinygraph as tg
import viz
from tinygraph.backward.replay import pull
from tinygraph.tracing import recorded_pass
from viz.terminal.session import Session


def instructions(action):
    """Return how many calls of functions it takes to run an action: a measure of time that does not vary."""
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def stacked(T):
    W, h, states = tg.parameter(0.5, name="W"), tg.tensor(np.ones(3)), []
    for _ in range(T):
        h = np.tanh(W * h)
        states.append(h)
    return np.sum(np.stack(states) ** 2)


def concatenated(count):
    return np.sum(np.concatenate([tg.parameter(np.ones(2), name=f"p{i}") for i in range(count)]) ** 2)


def screens(loss):
    session = Session(viz.Debugger(loss))
    for command in ("where", "next", "next", "next"):
        assert session.run(command).kind == "stop"


def walk(loss):
    for step in tg.trace(loss):
        assert step.adjoint is not None


def long_function(lines):
    """Return the result of a function of so many lines that no other function has run before."""
    text = "def program(x):\n" + "    x = np.tanh(x * 0.5)\n" * lines + "    return x\n"
    filename = f"<{lines} lines>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space = {"np": np}
    exec(compile(text, filename, "exec"), space)
    return space["program"](tg.parameter(1.0, name="x"))


def names(result):
    called = {node.name for node in tg.graph(result).nodes}
    assert called - {"few", "many"} == {"x", "0.5", None}  # the last is called as the caller calls it


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "look"),
    [(stacked, screens), (stacked, walk), (concatenated, screens), (long_function, names)],
    ids=["screens of a stack", "all steps around a stack", "screens of a concatenation", "a long function"],
)
def test_four_times_as_much_costs_four_times_as_much(make, look):
    few, many = make(150), make(600)
    look(make(20))  # imports and caches
    assert instructions(lambda: look(many)) < 5.5 * instructions(lambda: look(few))


@pytest.mark.slow
def test_positions_in_a_long_function_are_read_once():
    """Reading them is one call of C, which counting calls does not see."""
    result = long_function(2_500)
    start = time.process_time()
    names(result)
    assert time.process_time() - start < 3


def test_a_stack_is_pulled_back_once_for_all_that_it_is_made_of(monkeypatch):
    loss, pulled = stacked(50), []
    trace = tg.trace(loss)

    def counted(node, adjoint, argument=None):
        pulled.append(node.op)
        return pull(node, adjoint, argument)

    monkeypatch.setattr(recorded_pass, "pull", counted)
    for step in trace:
        assert step.after is not None
    assert pulled.count("stack") == 1


def test_what_is_remembered_of_a_stack_is_what_the_pass_computed():
    trace = tg.trace(stacked(20))
    for node in trace.graph.nodes:
        terms = trace.contributions(node)
        assert terms.exact or not len(terms)


def test_a_screen_shows_the_first_of_many_terms_and_says_how_many_there_are():
    session = Session(viz.Debugger(stacked(500)))
    lines = [line.plain for line in session.run("next 2").lines]
    assert len(lines) < 60
    assert sum("488 more" in line for line in lines) == 2
    assert len(session.run("where").data["terms"]) == 500


def test_the_formula_of_a_long_sequence_names_its_ends():
    trace = tg.trace(concatenated(50))
    k = next(k for k, node in enumerate(trace.nodes) if node.op == "concatenate")
    texts = trace.formulas(k)
    assert len(texts) == 50
    assert max(map(len, map(str, texts))) < 120

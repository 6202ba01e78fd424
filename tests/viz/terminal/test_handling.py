"""What makes the prompt easy to handle: names as the screen writes them, moves as in pdb, help on one screen."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

import rnn
import tinygraph as tg
import viz
from tests.programs.labelled import with_losses
from viz.terminal.session import COMMANDS, GROUPS, Session
from viz.terminal.terminal import debug  # noqa: F401 - it registers the commands


def cell(W, h, bias_that_has_a_long_name_which_makes_the_line_longer_than_any_terminal_is_wide=0.1):
    return np.tanh(W @ h + bias_that_has_a_long_name_which_makes_the_line_longer_than_any_terminal_is_wide)


def two_weights():
    weights = [tg.parameter([[0.5, 0.1], [-0.2, 0.3]]) for _ in range(3)]
    h = tg.tensor([1.0, -0.5], name="h")
    for t in range(1, 4):
        with tg.timestep(t):
            for W in weights:
                h = cell(W, h)
    return np.sum(h)


@pytest.fixture
def session():
    return Session(viz.Debugger(with_losses()), 80)


def text(answer):
    return "\n".join(line.plain for line in answer.lines)


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("h⁽³⁾", "h[3]"),
        ("h3", "h[3]"),
        ("norm(h⁽³⁾) + h⁽²⁾[0]", "norm(h[3]) + h[2][0]"),
        ("h̄⁽³⁾", "h[3].grad"),
        ("W̄", "W.grad"),
        ("l̅o̅s̅s̅⁽²⁾ * 2", "loss[2].grad * 2"),
        ("W.transpose() @ h⁽³⁾", "W.T @ h[3]"),
    ],
)
def test_names_are_taken_as_the_screen_writes_them(session, typed, means):
    session.run("goto 99")
    session.run(f"goto {session.debugger.last}")
    answers = [session.run(f"p {words}").data for words in (typed, means)]
    assert answers[0] == answers[1]
    assert answers[0]["value" if "value" in answers[0] else "values"] is not None


def test_lowered_numbers_are_part_of_a_name():
    session = Session(viz.Debugger(two_weights()))
    symbols = [str(session.trace.symbols.of(node)) for node in session.trace.graph.parameters]
    assert len(set(symbols)) == 3
    for symbol in symbols:
        assert session.run(f"p {symbol}").kind == "value", symbol
        assert session.run(f"con {symbol}").kind == "contributions"


@pytest.mark.parametrize(
    "command", ["goto hh[3]", "p hh", "con hh", "why hh", "break ho", "watch WW", "info hh", "flow hh", "set hh 0"]
)
def test_unknown_names_get_the_nearest(session, command):
    answer = session.run(command)
    assert answer.kind == "error"
    assert "did you mean" in text(answer)


def test_break_of_a_variable_stops_at_every_value(session):
    assert "every h" in text(session.run("break h"))
    timesteps = [session.run("c").data["timestep"] for _ in range(4)]
    assert timesteps == [4, 3, 2, 1]
    assert session.run("c").data["reason"] == "the end of the backward pass"
    session.run("goto 0")
    session.run("delete")
    session.run("break h[2]")
    assert session.run("c").data["timestep"] == 2


def test_until_runs_to_another_line_or_to_one(session):
    lines = [session.run("until").data["source"]["line"] for _ in range(3)]
    assert all(a != b for a, b in zip(lines, lines[1:], strict=False))
    session.run("goto 0")
    stop = session.run(f"until {lines[2]}").data
    assert (stop["source"]["line"], stop["reason"]) == (lines[2], f"line {lines[2]}")
    assert "no later step stands on line 9999" in text(session.run("until 9999"))
    assert session.run("until x").kind == "error"


def test_up_and_down_go_through_the_calls():
    session = Session(viz.Debugger(two_weights()))
    session.run("n")
    inner = session.run("l").data["line"]
    answer = session.run("up")
    assert answer.data["lines"][str(answer.data["line"])].strip() == "h = cell(W, h)"
    assert "two_weights" in text(answer)
    assert session.run("l").data["line"] == answer.data["line"]
    assert session.run("down").data["line"] == inner
    assert session.run("down").kind == "error"
    session.run("up")
    session.run("n")
    assert session.level == 0  # a new stop
    while session.run("up").kind != "error":
        pass
    assert session.level > 0


@pytest.mark.parametrize("width", [40, 80])
def test_list_shows_lines_whole(width):
    session = Session(viz.Debugger(two_weights()), width)
    session.run("n")
    lines = [line.plain for line in session.run("list").lines]
    assert max(map(cell_len, lines)) <= width
    assert "…" not in "".join(lines)
    whole = "".join(line[9:] for line in lines)
    assert "_terminal_is_wide)" in whole
    assert "which_makes_the_line_longer_than_any_terminal_is_wide=0.1" in whole


def test_help_fits_24_rows_and_has_a_page_for_each_group(session):
    lines = session.run("help").lines
    assert len(lines) < 24
    shown = text(session.run("help"))
    for name in COMMANDS:
        assert name in shown
    for group in GROUPS:
        answer = session.run(f"help {group}")
        assert answer.data["group"] == group
        assert len(answer.lines) < 24, group
        assert all(cell_len(line.plain) <= 80 for line in answer.lines)
    assert {command.group for command in COMMANDS.values()} == set(GROUPS)


def test_completion_knows_the_words_of_the_new_commands(session):
    assert "set" in session.complete("what-if ")
    assert "backward" in session.complete("draw ")
    assert "moving" in session.complete("help ")


def in_a_library():
    return rnn.mse(np.tanh(tg.parameter([[0.5], [0.2]], name="W") @ np.ones((1, 3))), np.zeros((2, 3)))


def test_list_and_until_take_a_line_of_any_file_of_the_pass():
    session = Session(viz.Debugger(in_a_library()))
    inner, here = Path(session.run("list").data["file"]).name, Path(__file__).name
    assert inner != here
    first = in_a_library.__code__.co_firstlineno
    answer = session.run(f"list {here}:{first}")
    assert answer.data["lines"][str(first)] == "def in_a_library():"
    assert here in text(answer)
    assert "->" not in text(answer)
    count = len(Path(__file__).read_text().splitlines())
    assert f"{here} has no line 9999: it has {count} lines" in text(session.run(f"list {here}:9999"))
    for command in ("list", "until", "break"):
        assert "no file of this pass is called 'foo.py'; they are: " in text(session.run(f"{command} foo.py:3"))
    for command in ("until", "break"):
        assert session.run(f"{command} 3, 4").kind == "error"
    assert session.run(f"until {here}:{first + 1}").data["source"]["line"] == first + 1
    assert f"no later step stands on {inner}:1" in text(session.run(f"until {inner}:1"))


def test_list_goes_on_and_takes_ranges():
    session = Session(viz.Debugger(with_losses()))
    numbers = lambda command: list(map(int, session.run(command).data["lines"]))
    first = numbers("list")
    assert len(first) == 11
    assert numbers("l")[0] == first[-1] + 1  # as in pdb
    assert numbers("list .") == first
    session.run("next")
    assert numbers("list")[5] == session.debugger.node.source.lineno  # anew at each stop
    assert numbers("list 3, 7") == numbers("list 3 7") == numbers("list 3-7") == [3, 4, 5, 6, 7]
    assert numbers("list 30, 2") == [30, 31, 32]  # so many more
    assert numbers("list")[0] == 33
    assert numbers("list labelled.py:4, 6") == [4, 5, 6]
    last = with_losses.__code__.co_firstlineno + len(inspect.getsource(with_losses).splitlines()) - 1
    assert numbers("ll") == list(range(with_losses.__code__.co_firstlineno, last + 1))
    session.run("list 1, 9999")
    assert "that was the end of labelled.py; `list .`" in text(session.run("list"))


def test_a_variable_that_is_not_recorded_is_told_from_a_wrong_name():
    words = [2, 0, 1]
    loss = np.sum(np.tanh(tg.parameter(np.ones((3, 2)), name="E")[np.array(words)]))
    session = Session(viz.Debugger(loss))
    for command in ("p words", "p max(words)", "info words", "mix words", "break words"):
        said = " ".join(text(session.run(command)).split())
        assert "words is a variable of the program (line" in said
        assert "only what meets a Tensor is recorded; near there: " in said
    assert "no node is called 'quux'" in text(session.run("p quux"))
    assert "getitem is an op, not a value: `break op getitem`" in text(session.run("break getitem"))


def test_lines_of_another_file_than_the_scripts_are_named_with_it():
    h = rnn.GRUCell(2, 3, rng=0)(np.zeros((4, 3)), np.ones((4, 2)))
    session = Session(viz.Debugger(rnn.mse(h[::-1], np.zeros((4, 3)))), 100)
    shown = text(session.run("net"))
    assert "gated.py:" in shown
    assert shown.count(" line ") == 1  # that of h[::-1]
    assert " line " in text(Session(viz.Debugger(with_losses()), 100).run("net"))


def test_a_step_in_a_library_says_from_where_it_was_called():
    session = Session(viz.Debugger(in_a_library()))
    line = in_a_library.__code__.co_firstlineno + 1
    stop = session.run("where")
    assert f"called from test_handling.py:{line}   return rnn.mse(" in text(stop)
    assert stop.data["called_from"]["line"] == line
    own = session.run("goto #2")
    assert own.data["called_from"] is None
    assert "called from" not in text(own)


def detached_everywhere():
    W, u, v = tg.parameter(np.eye(2) / 2), tg.parameter([0.3, 0.1]), tg.parameter([1.0, -1.0])

    def run(h, loss=0.0):
        for x in (1.0, 0.5, -1.0, 2.0):
            h = np.tanh(W @ h.detach() + u * x)
            loss = loss + (v @ h) ** 2
        return loss

    return run(tg.tensor(np.zeros(2)))


@pytest.mark.parametrize("command", ["lag", "lag h", "flow", "flow h"])
def test_where_states_were_detached_the_errors_point_to_cuts(command):
    answer = Session(viz.Debugger(detached_everywhere())).run(command)
    assert answer.kind == "error"
    line = detached_everywhere.__code__.co_firstlineno + 5
    assert f"detach() of h, line {line}, took it out of the graph; `cuts` says more" in text(answer)

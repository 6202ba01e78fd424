"""What if, at the prompt: set, cut and swap, and the way back."""

import numpy as np
import pytest
from rich.cells import cell_len

import tinygraph as tg
import viz
from tests.programs.labelled import with_last_state
from viz.terminal.session import Session
from viz.terminal.terminal import debug  # noqa: F401 - it registers the commands


@pytest.fixture
def session():
    return Session(viz.Debugger(with_last_state()), 80)


def text(answer):
    return "\n".join(line.plain for line in answer.lines)


def test_set_replays_and_goes_on_in_the_replay(session):
    recorded = session.trace
    session.run("goto h[2]")
    answer = session.run("set h[2] 0")
    assert answer.kind == "what-if"
    assert "what if h⁽²⁾ = 0" in text(answer)
    assert session.trace.original is recorded
    expected = tg.what_if(recorded, {"h[2]": 0})
    assert answer.data["effects"][0]["after"] == float(expected.output.data)
    assert [effect["of"] for effect in answer.data["effects"]][1:] == [
        recorded.symbols.of(node).bar for node in recorded.graph.parameters
    ]
    assert session.run("w").lines[0].plain.startswith("── what if h⁽²⁾ = 0 ──")


def test_the_words_of_what_if_and_those_alone_are_the_same(session):
    for words in ("set h[2] 2 * h[1]", "cut h[1] -> h[2]", "swap tanh relu"):
        alone = session.run(words)
        session.run("undo")
        assert session.run(f"what-if {words}").data == alone.data
        session.run("undo")


def test_undo_goes_back_to_where_the_change_was_made(session):
    recorded = session.trace
    session.run("n 3")
    session.run("swap tanh relu")
    session.run("n")
    assert session.run("undo").kind == "stop"
    assert session.run("undo").data["step"] == 3
    assert session.trace is recorded
    session.run("undo")
    assert session.debugger.position == 0
    assert "nothing to undo" in text(session.run("undo"))


def test_off_goes_back_to_what_was_recorded(session):
    recorded = session.trace
    session.run("set h[2] 0")
    session.run("swap tanh relu")
    assert text(session.run("what-if")).count("what if") == 2
    session.run("what-if off")
    assert session.trace is recorded
    assert session.run("what-if").kind == "error"


def test_a_replay_is_saved_from_the_prompt(session, tmp_path):
    session.run("cut h[2] -> h[3]")
    session.run(f"save {tmp_path / 'there.trace'}")
    loaded = tg.load_trace(tmp_path / "there.trace")
    for node in loaded.graph.parameters:
        np.testing.assert_array_equal(loaded.gradient(node), session.trace.gradient(node.name))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("set h[2]", "to what?"),
        ("set hh[2] 0", "did you mean"),
        ("set h[2] [1, 2, 3, 4, 5]", "has shape"),
        ("cut h[1]", "cut what?"),
        ("swap tanh", "swap what?"),
        ("swap tahn relu", "did you mean tanh"),
        ("what-if get h[2]", "set"),
        ("what-if set", "set what?"),
        ("set h[2] W.grad", "not computed yet"),
    ],
)
def test_what_is_missing_or_wrong_is_said(session, line, said):
    answer = session.run(line)
    assert answer.kind == "error"
    assert said in text(answer)


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_what_changed_fits_the_screen(width, ascii_only):
    session = Session(viz.Debugger(with_last_state()), width, ascii_only)
    for line in ("set h[2] 0", "cut h[2] -> h[3]", "swap tanh relu", "w"):
        for row in session.run(line).lines:
            assert cell_len(row.plain) <= width, row.plain

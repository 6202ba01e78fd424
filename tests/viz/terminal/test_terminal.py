"""Sessions of the debugger, as text and as JSON."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

import tinygraph as tg
import viz
from tests.programs.labelled import with_last_state
from viz.terminal.session import COMMANDS, Session
from viz.terminal.terminal import debug


def transcript(*lines, **options):
    output = io.StringIO()
    debug(with_last_state(), stdin=io.StringIO("\n".join(lines) + "\n"), stdout=output, **options)
    return output.getvalue()


def answers(*lines):
    return [json.loads(line) for line in transcript(*lines, as_json=True).splitlines()]


def test_a_session_through_a_pipe_reads_as_a_transcript():
    text = transcript("next W", "p norm(W.grad)", "", "q", width=80)
    assert "(tinygraph) next W\n" in text
    assert "W̄ += " in text
    assert "■ W̄ is written, 1 of 3" in text
    assert text.count("0.") > 3
    assert "\x1b" not in text


def test_a_value_in_a_list_is_its_numbers():
    [_, value, several] = answers("p h[3]", "p [h[3], 2]")
    assert several["value"] == [value["values"], 2]


def test_an_empty_line_repeats():
    replies = answers("n", "", "", "q")
    assert [each["step"] for each in replies if each["answer"] == "stop"] == [0, 1, 2, 3]


def test_json_gives_one_object_a_line_for_everything():
    lines = [
        "n",
        "b op tanh",
        "c",
        "p grad",
        "p W.grad",
        "con W",
        "grads",
        "flow",
        "lag",
        "who W",
        "nan",
        "l",
        "info",
        "info W",
        "help",
        "help next",
        "help expressions",
        "foo",
        "b if norm(",
        "goto 999",
        "display t",
        "w",
        "f",
        "verify",
        "q",
    ]
    replies = answers(*lines)
    assert len(replies) == len(lines) + 1  # and the first stop
    kinds = {line: each["answer"] for line, each in zip(lines, replies[1:], strict=True)}
    assert kinds["foo"] == kinds["b if norm("] == kinds["goto 999"] == "error"
    assert kinds["c"] == "stop"
    assert kinds["q"] == "end"
    assert "error" not in {kinds[line] for line in lines if line not in ("foo", "b if norm(", "goto 999")}


def test_what_is_not_computed_yet_is_never_shown_as_zero():
    replies = answers("p W.grad", "con W", "grads")
    assert replies[1] == {"answer": "value", "value": None, "computed": False}
    assert replies[2]["gradients"][0]["done"] == 0  # of terms that are known all the same
    assert all(term["norm"] > 0 for term in replies[2]["gradients"][0]["terms"])
    assert replies[3]["gradients"][0] == {"of": "W", "status": "not yet", "terms": 0, "of_terms": 3, "norm": None}
    assert "not computed yet" in transcript("con W", "grads", "p W.grad")


def test_contributions_end_with_the_check():
    assert "the sum equals the gradient of the pass to the last bit" in transcript("c", "con W")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nxet", "unknown command 'nxet'; did you mean net or next?"),
        ("con 3 x", "no node is called"),
        ("dis", "did you mean disable or display?"),
        ("help nxt", "there is no command 'nxt'; did you mean next?"),
        ("goto hh[2]", "did you mean"),
        ("goto 1000", "step 1000 is out of range: the steps are 0 to"),
        ("break op tnah", "did you mean tanh?"),
        ("break 9999", "nothing was recorded on line 9999; the nearest is"),
        ("break t x", "a time step is a number or a range"),
        ("break jump 0.5", "a factor above 1"),
        ("break if norm(grd) > 1", "did you mean grad?"),
        ("watch h[0]", "no gradient reaches h⁽⁰⁾: it is an input"),
        ("delete 7", "there is no breakpoint 7"),
        ("ignore 1", "ignore takes a breakpoint's number and a count"),
        ("p", "print what?"),
        ("diff nowhere.trace", "No such file"),
        ("save /nowhere/x.trace", "No such file"),
        ("flow q", "no value called 'q'"),
        ("help foo", "there is no command 'foo'"),
    ],
)
def test_bad_input_is_answered(line, message):
    [_, answer] = answers(line)
    assert answer["answer"] == "error"
    assert message in answer["error"]


def test_lines_fit_in_80_columns():
    output = io.StringIO()
    debug(
        with_last_state(12),
        stdin=io.StringIO("next W\ncon W\nflow\nlag\nhelp\nhelp break\ngrads\nl\nwho W\nb op tanh\nc\n"),
        stdout=output,
        width=80,
    )
    assert max(cell_len(line) for line in output.getvalue().splitlines()) <= 80


def test_ascii_where_the_terminal_has_no_more():
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    debug(with_last_state(), stdin=io.StringIO("next W\ncon W\nq\n"), stdout=output)
    output.flush()
    text = output.buffer.getvalue().decode("ascii")
    assert "dW += outer(" in text


def test_completion():
    session = Session(viz.Debugger(with_last_state()))
    assert session.complete("con") == ["condition", "continue", "contributions"]
    assert "W" in session.complete("contributions ")
    assert session.complete("goto h[") == ["h[0]", "h[1]", "h[2]", "h[3]"]
    assert session.complete("nonsense x") == []


def test_save_and_post_mortem(tmp_path):
    path = tmp_path / "run.trace"
    transcript(f"save {path}")
    output = io.StringIO()
    debug(tg.load_trace(path), stdin=io.StringIO("next W\nl\nq\n"), stdout=output)
    assert "W̄ is written, 1 of 3" in output.getvalue()
    assert "-> " in output.getvalue()
    assert "the two runs are the same" in transcript(f"diff {path}")


HUGE = "9" * 30


ARGUMENTS = st.text(max_size=6) | st.sampled_from(
    ["", "W", "h[2]", "3", "-1", "t", "t 2", "op tanh", "if t", "\x00", HUGE, "if", "1 1", "jump", "nan", "🙂"]
)


def test_an_integer_beyond_64_bits_is_printed():
    assert answers(f"p {HUGE}")[1]["value"] == int(HUGE)


@pytest.mark.slow
@given(st.lists(st.sampled_from([*COMMANDS, "n", "b", "p", "rc"]), min_size=1, max_size=6), st.data())
@settings(max_examples=120, deadline=None)
def test_fuzz_no_line_brings_the_session_down(words, data):
    session = Session(viz.Debugger(with_last_state()))
    for word in words:
        if word in ("save", "draw", "verify"):
            continue
        argument = data.draw(ARGUMENTS)
        answer = session.run(f"{word} {argument}")
        assert answer.kind
        assert json.dumps(answer.data, allow_nan=False)
        assert 0 <= session.debugger.position <= session.debugger.last


def test_interrupting_a_long_run_gives_the_prompt_back(monkeypatch):
    debugger = viz.Debugger(with_last_state())
    session = Session(debugger)

    def interrupted(direction=1):
        raise KeyboardInterrupt  # a signal would be ignored where the tests run in the background

    monkeypatch.setattr(debugger, "resume", interrupted)
    assert session.run("continue").kind == "interrupted"

"""The network at the prompt: as equations, and drawn into a file."""

import pytest
from rich.cells import cell_len

import viz
from tests.programs import ALL
from tests.programs.labelled import with_losses
from viz.terminal.session import Session
from viz.terminal.terminal import debug  # noqa: F401 - it registers the commands


def text(answer):
    return "\n".join(line.plain for line in answer.lines)


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("name", ["layers_around_time", "lstm"])
def test_equations_fit_the_screen(name, width, ascii_only):
    answer = Session(viz.Debugger(ALL[name](6)), width, ascii_only).run("net")
    assert all(cell_len(line.plain) <= width for line in answer.lines)
    assert ("h[t]" if ascii_only else "⁽ᵗ⁾") in text(answer).replace("hn[", "h[")
    assert len(answer.data["equations"]) == {"layers_around_time": 2, "lstm": 6}[name]


def test_net_says_what_a_state_is_made_of():
    answer = Session(viz.Debugger(with_losses())).run("net")
    assert "h⁽ᵗ⁾    ← a⁽ᵗ⁾" in text(answer)
    assert "a⁽ᵗ⁾    ← W, h⁽ᵗ⁻¹⁾" in text(answer)
    assert answer.data["equations"][0]["line"] == 19


@pytest.mark.parametrize("words", ["", "fold", "variables backward", "calls"])
def test_draw_writes_a_new_file_and_says_where(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = Session(viz.Debugger(with_losses(scopes=True)))
    answers = [session.run(f"draw {words}") for _ in range(2)]
    assert [answer.data["path"] for answer in answers] == [str(tmp_path / "graph.svg"), str(tmp_path / "graph-2.svg")]
    assert text(answers[0]) == f"  wrote {tmp_path / 'graph.svg'}"
    assert (tmp_path / "graph.svg").read_text().startswith("<svg")


def test_draw_in_a_replay_draws_the_replay(tmp_path):
    session = Session(viz.Debugger(with_losses()))
    session.run(f"draw {tmp_path / 'before.svg'}")
    session.run("swap tanh sin")
    session.run(f"draw {tmp_path / 'after.svg'}")
    assert "sin" in (tmp_path / "after.svg").read_text()
    assert "sin" not in (tmp_path / "before.svg").read_text()


@pytest.mark.parametrize("words", ["foo", "x.foo", "fold backward", "a.svg b.svg", "/nowhere/x.svg"])
def test_what_cannot_be_drawn_is_said(words):
    assert Session(viz.Debugger(with_losses())).run(f"draw {words}").kind == "error"

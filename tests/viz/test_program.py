"""A training loop under the debugger: from one backward pass of interest to the next."""

import json
import re

import pytest

from viz.cli import main

LOOP = """
import numpy as np, tinygraph as tg
w = tg.parameter([0.5, 0.25], name="w")
for update in range(6):
    h = np.tanh(w * (1.0 + update))
    loss = np.sum(np.log(h - 0.35 * update + 0.7))
    w.grad = None
    loss.backward()
    w.data = w.data - 0.01 * w.grad
print("done", update)
"""
FIT = """
import numpy as np, rnn
model = rnn.Forecaster(4, 8, rng=0)
data = rnn.windows(np.sin(np.arange(40.0)), 4)
rnn.fit(model, data, epochs=30, optimizer=rnn.Adam(model, 1e200))
"""


@pytest.fixture
def debug(tmp_path, monkeypatch, capsys):
    """Run `tinygraph debug` on a script with commands at its prompt; return status, answers and what is complained."""
    monkeypatch.chdir(tmp_path)

    def run(script, *commands, when=None):
        (tmp_path / "train.py").write_text(script)
        path = tmp_path / "commands"
        path.write_text("\n".join(commands))
        with path.open() as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            status = main(["debug", "--json", *(["--when", when] if when else []), "train.py"])
        said = capsys.readouterr()
        return status, [json.loads(line) for line in said.out.splitlines()], said.err

    return run


FORGETFUL = """
import numpy as np, tinygraph as tg
u, v = tg.parameter([0.5, 0.2], name="u"), tg.parameter([0.1, 0.3], name="v")
for k in range(6):
    u.grad = v.grad = None
    loss = np.mean((np.tanh(u) * 2 + v - np.ones(2) * k) ** 2)
    loss.backward()
    u.data = u.data - 0.1 * u.grad
"""


def test_what_is_wrong_between_passes_stands_below_the_screen_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(FORGETFUL)
    path = tmp_path / "commands"
    path.write_text("\n".join(["when update == 4", "c", "c", "when update == 5", "c", "c", "doctor", "q"]))
    with path.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert main(["debug", "train.py"]) == 0
    first, fourth, fifth = re.split("■ backward pass [45]", capsys.readouterr().out)
    assert "not updated" not in first
    assert "! not updated: v has not changed in 3 updates of u" in fourth
    screen, doctor = fifth.split("(tinygraph) doctor")
    assert "not updated" not in screen
    assert "! not updated: v has not changed in 4 updates of u" in doctor


def passes(answers):
    """Return the numbers of the passes that the debugger opened at."""
    return [answer["update"] for answer in answers if answer["answer"] == "stop" and "update" in answer]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "when",
    [
        "isnan(loss)",
        "update == 3",
        "loss < lowest - 0.1 and update > 2",
        "norm(w.grad) > 10",
        "loss < median",
        "max(abs(w)) < 0.5",
    ],
)
def test_the_program_stops_at_the_first_pass_for_which_it_holds(debug, when):
    status, answers, said = debug(LOOP, "q", when=when)
    assert status == 0
    assert passes(answers) == [expected_first(when)]
    assert passes(answers)[0] > 1
    assert "done 5" in said  # `quit` leaves: the program goes on


def expected_first(when):
    """Run the loop in plain NumPy, and evaluate the condition as Python."""
    import numpy as np

    w, losses = np.array([0.5, 0.25]), []
    for update in range(6):
        h = np.tanh(w * (1.0 + update))
        inner = h - 0.35 * update + 0.7
        loss = np.sum(np.log(inner))
        grad = (1.0 + update) * (1 - h * h) / inner
        names = {
            "loss": loss,
            "update": update + 1,
            "median": np.median(losses) if losses else np.nan,
            "lowest": min(losses, default=np.nan),
            "gradient": grad,
            "w": w,
            "norm": np.linalg.norm,
            "isnan": np.isnan,
            "max": np.max,
            "abs": np.abs,
        }
        if eval(when.replace("w.grad", "gradient"), {}, names):
            return update + 1
        losses.append(loss)
        w = w - 0.01 * grad
    return None


@pytest.mark.filterwarnings("ignore")
def test_continue_at_the_end_goes_to_the_next_pass_with_breakpoints_and_displays(debug):
    commands = ["b op tanh", "display norm(grad)", "c", "c", "c", "c", "p update", "break", "q"]
    _, answers, _ = debug(LOOP, *commands)
    stops = [answer for answer in answers if answer["answer"] == "stop"]
    assert passes(answers) == [2]
    assert [stop["op"] for stop in stops] == ["sum", "tanh", "multiply", "sum", "tanh"]
    assert "the next one" in stops[2]["reason"]
    [point] = answers[-2]["breakpoints"]
    assert (point["what"], point["hits"]) == ("op tanh", 2)


@pytest.mark.filterwarnings("ignore")
def test_when_changes_the_condition_and_restart_runs_the_program_again(debug):
    _, answers, said = debug(LOOP, "when update == 5", "restart", "restart", "when update == 2", "restart", "q")
    assert passes(answers) == [5, 5, 2]
    assert said.count("done") == 1


@pytest.mark.filterwarnings("ignore")
def test_conditions_on_all_gradients(debug):
    _, answers, _ = debug(LOOP, "q", when="norm(grad) > norm(w.grad) * 0.99")
    assert passes(answers) == [1]
    text = "import numpy as np, tinygraph as tg\nw = tg.parameter([1.0, 2.0])\nfor k in (1, 0, 1):\n"
    text += "    w.grad = None; np.sum(np.sqrt(w * k)).backward(); w.data = w.data - w.grad\n"
    _, answers, _ = debug(text, "nan", "q", when="nonfinite(grad)")
    assert passes(answers) == [2]  # the pass that begins it, before its loss or a parameter is NaN


@pytest.mark.filterwarnings("ignore")
def test_a_condition_that_never_holds_is_said_with_what_there_was(debug):
    status, answers, said = debug(LOOP, "q", when="update == 99")
    assert (status, answers) == (2, [])
    assert "update == 99 held at none of its 6 backward passes, with losses from" in said
    assert "from pass 5 they are not finite: not isfinite(loss) stops there" in said


@pytest.mark.parametrize(
    ("when", "status", "message"),
    [
        ("isnan(", 2, "--when: '(' was never closed"),
        ("lss > 3", 1, "unknown name lss; did you mean loss?"),
        ("norm(W.gradient) > 3", 2, "unknown attribute .gradient; did you mean grad?"),
    ],
)
def test_a_malformed_condition_is_refused(debug, when, status, message):
    got, answers, said = debug(LOOP, "q", when=when)
    assert (got, answers) == (status, [])
    assert message in said


def test_a_trace_has_no_passes(debug, tmp_path, capsys):
    debug(LOOP, f"save {tmp_path / 'run.trace'}", "q")
    assert main(["debug", "--when", "isnan(loss)", str(tmp_path / "run.trace")]) == 2
    assert "a trace is one backward pass" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_fit_is_a_training_loop_too_and_shows_the_loss_that_ends_it(debug):
    status, answers, said = debug(FIT, "nan", "q", when="not isfinite(loss)")
    assert status == 1  # the script's own: fit raises
    assert passes(answers) == [2]
    assert answers[1]["found"]
    assert "NonfiniteLossError: the loss is inf after 1 updates" in said


@pytest.mark.filterwarnings("ignore")
def test_abort_ends_the_program(debug):
    with pytest.raises(SystemExit):
        debug(LOOP, "c", "c", "abort")


@pytest.mark.filterwarnings("ignore")
def test_commands_for_programs_are_refused_without_one(debug, capsys):
    import numpy as np

    import tinygraph as tg
    import viz
    from viz.terminal.session import Session

    session = Session(viz.Debugger(np.tanh(tg.parameter(0.5))))
    for command in ("restart", "when isnan(loss)"):
        assert session.run(command).kind == "error"

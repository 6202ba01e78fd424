"""`rnn.fit(..., debug=...)`: the debugger opens on the graph of the update in question, without rnn knowing viz."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import rnn
import viz.program
from tinygraph.backward import watching
from tinygraph.backward.backprop import is_observed
from viz.cli import main
from viz.debugging.expressions import ExpressionError

DATA = rnn.windows(np.sin(np.arange(40.0)), 4)


@pytest.fixture
def prompt(tmp_path, monkeypatch, capsys):
    """Train with commands at the debugger's prompt; return the history or the error, and what was on the screen."""

    def run(*commands, data=DATA, model=None, **options):
        path = tmp_path / "commands"
        path.write_text("\n".join(commands))
        model = model or rnn.Forecaster(4, 8, rng=0)
        with path.open() as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            try:
                result = rnn.fit(model, data, **{"epochs": 30, "quiet": True, **options})
            except Exception as error:
                result = error
        return result, capsys.readouterr().out

    return run


def exploding(**options):
    model = rnn.Forecaster(4, 8, rng=0)
    return {"model": model, "optimizer": rnn.Adam(model, 1e200), **options}


def test_it_stops_at_the_first_update_for_which_the_condition_holds_and_goes_on_after_quit(prompt):
    history, screen = prompt("p update", "q", debug="update == 7")
    assert "■ backward pass 7" in screen and "update == 7" in screen
    assert history.epochs == 30
    assert screen.count("■ backward pass") == 1
    assert not is_observed()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_not_finite_is_shown_once(prompt):
    error, screen = prompt("q", "q", debug="not isfinite(loss)", **exploding())
    assert isinstance(error, rnn.NonfiniteLossError)
    assert screen.count("■") == 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_update_that_raises_is_shown_whatever_the_condition(prompt):
    error, screen = prompt("p loss", "q", debug="update == 999", **exploding())
    assert isinstance(error, rnn.NonfiniteLossError)
    assert "■ the update fails: NonfiniteLossError: the loss is" in screen


def test_a_forward_pass_that_raises_shows_the_newest_value_that_it_had(prompt):
    class Wrong(rnn.Forecaster):
        def __call__(self, xs):
            outputs = super().__call__(xs)
            doubled = outputs[-1] * 2.0
            return doubled @ np.ones((5, 5))

    error, screen = prompt("where", "q", model=Wrong(4, 8, rng=0), debug="isnan(loss)")
    assert isinstance(error, ValueError)
    assert "■ the update fails: ValueError" in screen
    assert "doubled" in screen


def test_the_user_who_has_quit_is_left_alone(prompt):
    calls = []

    def loss(outputs, targets):
        calls.append(1)
        if len(calls) == 5:
            raise ValueError("too many")
        return rnn.mse(outputs, targets)

    error, screen = prompt("q", loss=loss, debug="update == 2")
    assert str(error) == "too many"
    assert screen.count("■") == 1
    calls.clear()
    error, screen = prompt("c", "c", "q", loss=loss, debug="update == 2")
    assert screen.count("■ the update fails: ValueError: too many") == 1


def test_true_stops_at_the_first_update_and_there_is_no_program_to_run_again(prompt):
    history, screen = prompt("restart", "q", debug=True, epochs=2)
    assert "there is no program to run again" in screen
    assert history.epochs == 2


def test_abort_ends_the_program(prompt):
    with pytest.raises(SystemExit):
        prompt("abort", debug="update == 2")


def test_a_condition_that_means_nothing_is_said_before_training(prompt):
    error, _ = prompt(debug="isnan(")
    assert isinstance(error, ExpressionError)


def test_shards_are_looked_at_in_this_process(prompt):
    wide = (np.ones((3, 4, 4)), np.ones((3, 4, 1)))
    _, screen = prompt("p update", "q", data=wide, shards=2, workers=2, debug="update == 3", epochs=3)
    assert "■ backward pass 3" in screen


def test_looking_changes_no_bit(prompt):
    models = [rnn.Forecaster(4, 8, rng=0) for _ in range(2)]
    a, _ = prompt("c", "c", "c", "c", "q", model=models[0], debug="norm(W.grad) > 0", epochs=5)
    b, _ = prompt(model=models[1], epochs=5)
    assert a == b
    for name, parameter in models[0].parameters().items():
        np.testing.assert_array_equal(parameter.data, models[1].parameters()[name].data)


def test_under_tinygraph_debug_that_debugger_alone_looks(tmp_path, monkeypatch, capsys):
    (tmp_path / "train.py").write_text(
        "import numpy as np, rnn\n"
        "rnn.fit(rnn.Forecaster(4, 8, rng=0), rnn.windows(np.sin(np.arange(40.0)), 4), epochs=5, debug='update == 2')\n"
    )
    (tmp_path / "commands").write_text("q\n")
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "commands").open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        assert main(["debug", "--json", "--when", "update == 4", "train.py"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["update"] for answer in answers if "update" in answer] == [4]


def test_without_a_debugger_it_says_what_to_import(monkeypatch):
    monkeypatch.setattr(watching, "_installed", [])
    monkeypatch.setattr(watching, "entry_points", lambda group: [])
    with pytest.raises(RuntimeError, match="none is there: import viz"):
        rnn.fit(rnn.Forecaster(4, 8, rng=0), DATA, debug="isnan(loss)", quiet=True)


def test_the_reference_by_which_viz_is_found_is_right(monkeypatch):
    project = tomllib.loads(Path(viz.__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]
    [reference] = project["entry-points"]["tinygraph.debugger"].values()
    monkeypatch.setattr(watching, "_installed", [])
    watching.install_debugger(reference)
    with watching.watched("update == 3") as watch:
        assert isinstance(watch, viz.program.Watch)
    assert not is_observed()


@pytest.mark.slow
def test_rnn_alone_imports_no_viz():
    code = "import rnn, sys; assert not any(name.split('.')[0] == 'viz' for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_failed_update_without_any_tensor_is_no_matter_for_the_debugger(prompt):
    def loss(outputs, targets):
        raise LookupError("nothing was recorded")

    def forward(model, batch):
        return []

    error, screen = prompt(loss=loss, forward=forward, debug="isnan(loss)")
    assert isinstance(error, LookupError)
    assert "■" not in screen

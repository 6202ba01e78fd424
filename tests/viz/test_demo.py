"""The main job, end to end, on the real series."""

import re

import numpy as np
import pytest

import rnn
from viz import demo
from viz.cli import main


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "bptt.svg"
    import contextlib
    import io

    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        assert main(["demo", "-o", str(path)]) == 0
    return output.getvalue(), path.read_text()


def test_the_series_is_the_one_that_was_published():
    data = demo.sunspots()
    assert (len(data.values), data.years[0], data.years[-1], data.years[data.split]) == (309, 1700, 2008, 1925)
    assert data.values[[0, -1]].tolist() == [5.0, 2.9]


def test_baselines_are_those_of_the_lectures():
    data = demo.sunspots()
    assert demo.rmse(data.values[data.split - 1 : -1], data) == pytest.approx(31.1, abs=0.05)
    assert demo.autoregression(data) == pytest.approx(20.7, abs=0.05)
    assert demo.autoregression(data, 9) == pytest.approx(17.7, abs=0.05)
    assert demo.autoregression(data, 9, roots=True) == pytest.approx(15.7, abs=0.05)


def test_the_order_of_the_regression_is_not_chosen_by_the_test_years():
    data = demo.sunspots()
    spoiled = demo.Sunspots(data.years, data.values.copy(), data.split)
    spoiled.values[data.split :] = 1e6
    assert demo.best_order(spoiled) == demo.best_order(data) == 8


def test_nothing_of_the_test_years_is_learned_from():
    data = demo.sunspots()
    spoiled = demo.Sunspots(data.years, data.values.copy(), data.split)
    spoiled.values[data.split :] = 1e6
    assert demo.scaler(spoiled) == demo.scaler(data)
    for ours, theirs in zip(demo.windows(data), demo.windows(spoiled), strict=True):
        known = data.split - demo.WINDOW
        np.testing.assert_array_equal(ours[:known], theirs[:known])


@pytest.mark.slow
def test_the_table_reports_the_network_beside_the_baselines(told):
    text, _ = told
    rows = dict(re.findall(r"│ (\S.*?)\s+│ (\d+\.\d) │", text))
    assert rows["persistence"] == "31.1"
    assert rows["AR(4)"] == "20.7"
    assert (rows["AR(8) on square roots"], rows["AR(9) on square roots"]) == ("17.2", "15.7")
    network = float(rows["RNN, 521 parameters"])
    verdict = re.search(r"the network beats (.*), not (.*) on these years", " ".join(text.split()))
    errors = {name: float(rows[f"{name} on square roots"]) for name in ("AR(4)", "AR(8)", "AR(9)")}
    assert verdict[1] == " and ".join(name for name in errors if network < errors[name])
    assert verdict[2] == " and ".join(name for name in errors if network >= errors[name])
    assert float(rows["RNN, 521 parameters"]) < 31.1
    assert rnn.Forecaster(demo.WINDOW, demo.HIDDEN).num_parameters() == 521


@pytest.mark.slow
def test_the_walk_ends_with_the_gradient(told):
    text, _ = told
    assert [int(t) for t in re.findall(r"contribution \d of 4 to W̄, of time step (\d)", text)] == [4, 3, 2, 1]
    assert "contribution 4 of 4 to W̄, of time step 1: 0, since the state before the first time step is 0" in " ".join(
        text.split()
    )
    assert "W̄ += " in text
    assert "ā⁽³⁾ = h̄⁽³⁾ ⊙ (1 − h⁽³⁾ ⊙ h⁽³⁾)" in text
    assert "running sum is W.grad" in text
    assert re.search(r"difference\s+0\.", text)
    assert "tinygraph debug script.py" in text


@pytest.mark.slow
def test_the_drawing_is_that_of_four_time_steps(told):
    _, svg = told
    assert "t = 4" in svg
    assert "t = 5" not in svg

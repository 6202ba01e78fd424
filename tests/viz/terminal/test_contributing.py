"""What a gradient is the sum of, at the prompt and in Python: outliers, cancellation, and the way to the cause."""

import numpy as np
import pytest
from rich.cells import cell_len

import tinygraph as tg
import viz
from tests.programs.labelled import with_losses
from viz.terminal.session import Session
from viz.terminal.terminal import debug  # noqa: F401 - it registers the commands

GUILTY = 7  # the input of this time step is a thousand times the others


def spiked(timesteps=40, spike=1000.0):
    U = tg.parameter([[0.5, 0.1]], name="U")
    X = np.sin(np.arange(2.0 * timesteps)).reshape(timesteps, 2) + 2
    X[GUILTY - 1] *= spike
    loss = 0.0
    for t in range(timesteps):
        with tg.timestep(t + 1):
            y = U @ X[t]
            loss = loss + np.sum(y)
    return loss


def cancelling():
    W, h = tg.parameter([0.1, 0.2, 0.3], name="W"), np.array([1.0, 2.0, 3.0])
    y = W * h
    loss = np.sum(y * 0.1) + np.sum(y * 0.2) - np.sum(y * 0.3)
    return loss


def text(answer):
    return "\n".join(line.plain for line in answer.lines)


@pytest.fixture
def session():
    return Session(viz.Debugger(spiked()), 80)


@pytest.mark.parametrize("position", [0, 60, 118])
@pytest.mark.parametrize("words", ["con U", "con U by size", "con U sorted"])
def test_the_guilty_row_is_never_left_out_and_says_where_to_go(session, position, words):
    session.run(f"goto {position}")
    [row] = [line.plain for line in session.run(words).lines if "← " in line.plain]
    terms = session.trace.contributions("U")
    [guilty] = [term for term in terms if term.timestep == GUILTY]
    ratio = float(guilty.norm / np.median([term.norm for term in terms]))
    assert row.split("← ")[1] == f"{ratio:.3g} × the median; goto {guilty.step}"
    assert ratio > 500
    session.run(row.split("; ")[1])
    assert session.debugger.node.timestep == GUILTY


def test_terms_are_sorted_by_size_on_request(session):
    first = [line.plain.split()[0] for line in session.run("con U by size").lines[2:]]
    steps = [int(word) for word in first if word.isdigit()]
    terms = sorted(session.trace.contributions("U"), key=lambda term: -term.norm)
    assert steps == [term.step for term in terms[:12]]


def test_all_terms_are_shown_before_the_first_step():
    session = Session(viz.Debugger(with_losses()), 80)
    answer = session.run("con W")
    assert len(answer.data["gradients"][0]["terms"]) == 4
    assert "sum of 4 terms, 0 so far" in text(answer)
    assert "not computed yet" not in text(answer)


def test_shares_of_a_sum_that_is_only_rounding_are_no_percentages():
    trace = tg.trace(cancelling())
    terms = trace.contributions("y")
    assert 0 < np.linalg.norm(terms.total) < 1e-15
    assert terms.cancels
    assert "%" not in repr(terms)
    assert "the terms cancel: of ‖terms‖ up to" in repr(terms)
    assert "%" not in text(Session(viz.Debugger(trace)).run("con y"))
    assert not tg.trace(with_losses()).contributions("W").cancels


def test_the_table_is_the_repr_in_python(session):
    shown = repr(session.trace.contributions("U"))
    assert shown.splitlines()[0] == "Ū = sum of 40 terms"
    assert "× the median; goto" in shown
    assert len(shown.splitlines()) < 20


def test_a_term_that_is_nan_is_an_outlier():
    with np.errstate(all="ignore"):
        loss = spiked() + np.sum(np.sqrt(tg.parameter([-1.0], name="p")))
        trace = tg.trace(loss)
    [place] = trace.contributions("p").outliers
    assert "not finite; goto" in repr(trace.contributions("p"))
    assert place == 0


def test_a_variable_lists_its_values_by_time_step_to_choose_from():
    session = Session(viz.Debugger(with_losses()), 80)
    answer = session.run("con h")
    assert [row["of"] for row in answer.data["values"]] == ["h⁽¹⁾", "h⁽²⁾", "h⁽³⁾", "h⁽⁴⁾"]
    for row in answer.data["values"]:
        assert row["norm"] == pytest.approx(np.linalg.norm(session.trace.gradient(f"h[{row['timestep']}]")))
    assert session.run("con h⁽²⁾").data["gradients"][0]["of"] == "h⁽²⁾"


@pytest.mark.parametrize("factor", [0.05, 0.3, 0.8, 1.0, 1.5, 20.0])
@pytest.mark.parametrize("timesteps", [5, 12, 40])
def test_terms_of_all_sizes_are_no_outliers(factor, timesteps):
    W, h = tg.parameter([[factor]], name="W"), tg.tensor([1.0], name="h")
    for _ in range(timesteps):
        h = 0.9 * (W @ h) + 1.0
    assert tg.trace(np.sum(h)).contributions("W").outliers == []


def test_follow_goes_to_the_largest_term_and_again_to_the_loss(session):
    stop = session.run("follow U")
    assert stop.data["timestep"] == GUILTY
    assert "the largest of 40 terms" in stop.data["reason"]
    for _ in range(200):
        here = session.debugger.position
        if not session.run("follow").data["moved"]:
            break
        assert session.debugger.position < here
    assert session.debugger.position == 0
    assert "begins with" in text(session.run("follow"))


def test_why_is_the_same_way_without_moving(session):
    answer = session.run("why U")
    assert session.debugger.position == 0
    steps = [link["step"] for link in answer.data["chain"]]
    assert steps[0] == session.run("follow U").data["step"]
    assert steps[-1] == 0
    assert ": U @ X[t]" in text(answer)
    assert session.run("why X").kind == "error"


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_it_fits_the_screen(width, ascii_only):
    session = Session(viz.Debugger(spiked()), width, ascii_only)
    for line in ("con U", "con U by size", "con y", "why U", "con loss"):
        for row in session.run(line).lines:
            assert cell_len(row.plain) <= width, row.plain


def test_terms_from_several_lines_name_them():
    W, h = tg.parameter(np.eye(2) / 2, name="W"), np.ones(2)
    for _ in range(3):
        h = np.tanh(W @ h)
    fit = np.sum((h - 1.0) ** 2)
    size = np.sum(h * h)
    session = Session(viz.Debugger(fit + 5.0 * size), 80)
    rows = [line.plain for line in session.run("con h[3] by size").lines[2:5]]
    lines = [int(row.rpartition("line ")[2]) for row in rows]
    assert sorted(lines) == [min(lines), max(lines), max(lines)]  # h is read twice in h * h
    assert max(lines) == min(lines) + 1
    assert all(len(row) <= 80 for row in rows)
    assert "line" not in text(session.run("con W")).partition("so far")[2]

"""What doctor, mix and nan say at the prompt."""

import io

import numpy as np
from rich.cells import cell_len

import tinygraph as tg
import viz
from tests.tinygraph.diagnosing.networks import classifier, regression
from tinygraph.diagnosing import doctor, flow
from viz.terminal.session import Session


def opened(loss, *lines):
    output = io.StringIO()
    viz.debug(loss, stdin=io.StringIO("\n".join(lines)), stdout=output, width=80)
    return output.getvalue()


def test_findings_stand_below_the_first_screen():
    text = opened(regression((16,)))
    assert "! broadcast: subtract of 16×1 with 16 gives 16×16" in text
    assert "! " not in opened(regression((16, 1)))


def test_a_gradient_that_is_infinite_in_several_time_steps_names_them_all():
    W, h, total = tg.parameter(np.full((2, 2), 0.5)), np.zeros(2), 0.0
    for x in (0.0, 0.0, 1.0, 2.0):
        new = h + W @ np.full(2, x)
        total = total + np.sqrt(np.sum((new - h) ** 2))
        h = new
    with np.errstate(all="ignore"):
        trace = tg.trace(total)
    [symptom] = [each for each in doctor(trace) if each.kind == "not finite"]
    assert symptom.timesteps == [1, 2]
    assert "time steps 1–2" in symptom.place
    answer = Session(viz.Debugger(trace)).run("nan")
    assert answer.data["timesteps"] == [1, 2]
    assert "it begins so in time steps 1–2" in answer.lines[-1].plain


def test_a_finding_in_another_file_than_the_scripts_names_it():
    [symptom] = doctor(tg.trace(regression((16,))))
    assert symptom.place == f"line {symptom.line}"
    assert symptom._replace(script="/home/ada/main.py").place == f"networks.py:{symptom.line}"


def test_the_commands():
    text = opened(classifier(mixing=lambda h: h[::-1]), "doctor", "mix x 0", "mix h[1]")
    assert "! mixed: getitem joins examples: example 0 of x reaches example 7" in text
    assert "the 8 rows of axis 0 of x read one another" in text
    assert "joined first by getitem" in text
    assert "row 0 reaches row 7" in text
    assert "no check finds anything\n" in opened(classifier(), "doctor")
    assert max(map(cell_len, text.splitlines())) <= 80


def test_mix_concludes():
    text = opened(classifier(mixing=lambda h: h[::-1]), "mix x")
    assert "each row reads the one that is as far from the other end" in text
    assert "row 0 reaches row 7\n  and 7 more rows likewise" in text
    text = opened(classifier(softmax_axis=0), "mix h[1]")
    assert "each row reads all others\n  rows 0–7 reach rows 0–7\n" in text
    text = opened(classifier(mixing=lambda h: np.cumsum(h, axis=0) / 4), "mix x")
    assert "each row reads itself and earlier ones, none a later one" in text


def test_nan_says_what_the_op_read_and_of_a_parameter_how_to_stop_where_it_began():
    w = tg.parameter([1.0, 0.0, 2.0], name="w")
    with np.errstate(all="ignore"):
        assert "there w is exactly 0" in opened(np.sum(np.sqrt(w)), "nan")
        assert "there 1 - w is exactly 0" in opened(np.sum(np.log(1 - w)), "nan")
        wide = tg.parameter(np.arange(40.0), name="wide")
        assert "… 0.5, 1 not finite" in opened(np.sum(np.sqrt(wide)), "nan")
    w.data = np.array([np.nan, 1.0, 1.0])
    text = " ".join(opened(np.sum(w * w), "nan", "doctor").split())
    assert "an update before this pass has put it in, unless the parameter was made so" in text
    assert "the parameter w holds nan" in text


def linear(factor, leave=lambda h, t: h, timesteps=14):
    W, h = tg.parameter(np.eye(3) * factor), np.ones(3)
    for t in range(timesteps):
        h = W @ leave(h, t)
    return np.sum(h)


def test_without_symptoms_it_points_to_what_other_commands_know():
    assert "also" not in opened(linear(1.0), "doctor")
    text = opened(linear(1.9), "doctor")
    assert "flow: exploding ×1.9 a step, of h · `flow`" in text
    assert "no check finds anything, but see also:" in text
    cut_once = linear(1.0, lambda h, t: h.detach() if t == 7 else h)
    assert doctor(tg.trace(cut_once)) == []  # truncated backpropagation is no symptom
    text = opened(cut_once, "doctor")
    assert text.count("no gradient goes back") == 1  # by the command, not below the first screen
    assert "cuts: 1 place, no gradient goes back through it to W · `cuts`" in text


def test_a_state_of_the_pass_before_is_told_from_one_that_is_cut():
    W, h = tg.parameter(np.eye(3), name="W"), np.ones(3)
    for _ in range(2):
        h = h.detach() if isinstance(h, tg.Tensor) else h
        for x in np.linspace(-0.4, 0.4, 14):
            h = np.tanh(W @ h + x)
        loss = np.sum(h)
        trace = tg.trace(loss)
    said = " ".join(opened(trace, "doctor", "cuts").split())
    assert f"cuts: h (line {h_line()}) is of the pass before: right if the data go on, wrong if" in said
    assert "came back in W @ h" in said
    assert "no gradient goes back" not in said
    assert flow(trace).verdict != "cut"  # nothing of this pass is cut off


def h_line():
    return test_a_state_of_the_pass_before_is_told_from_one_that_is_cut.__code__.co_firstlineno + 3


def test_the_answers_are_data():
    session = Session(viz.Debugger(regression((16,))))
    [symptom] = session.run("doctor").data["symptoms"]
    assert (symptom["kind"], symptom["op"], symptom["timesteps"]) == ("broadcast", "subtract", [])
    assert session.run("mix").kind == "error"


def test_a_trace_from_a_file_is_examined_too(tmp_path):
    trace = tg.trace(classifier(softmax_axis=0, scale=3))
    trace.save(tmp_path / "run.trace")

    def facts(trace):
        return [(s.kind, s.line, s.timesteps, s.command) for s in doctor(trace)]

    assert facts(tg.load_trace(tmp_path / "run.trace")) == facts(trace)

"""The command verify: what is wrong, where it is written and used, and what could not be checked."""

import numpy as np

import tinygraph as tg
import viz
from tests.tools.ops import unregistered
from viz.terminal.session import Session


def verified(loss):
    session = Session(viz.Debugger(loss))
    answer = session.run("verify")
    return session, answer, "\n".join(line.plain for line in answer.lines)


def steps(op, count=4):
    h = tg.parameter(np.array([0.5, -0.2]), name="h")
    for t in range(1, count + 1):
        with tg.timestep(t):
            h = op(h)
    return np.sum(h)


def test_a_wrong_rule_is_named_with_its_line_and_all_time_steps():
    wrong = unregistered(np.tanh, lambda g, y, x: g * (1 - y))
    session, answer, text = verified(steps(wrong))
    [told] = answer.data["wrong"]
    assert told["timesteps"] == [1, 2, 3, 4]
    assert f"line {wrong.rules[0].__code__.co_firstlineno}" in text
    assert "time steps 1–4" in text
    assert session.debugger.position == answer.data["step"]


def test_a_pass_that_is_not_finite_is_never_called_right():
    with np.errstate(all="ignore"):
        loss = steps(np.log)
    _, answer, text = verified(loss)
    assert answer.data["nonfinite"]
    assert "every rule agrees" not in text
    assert "not finite, so not checked: log" in text
    assert "`nan`" in text


def test_all_is_well():
    _, answer, text = verified(steps(np.tanh))
    assert answer.data["wrong"] == []
    assert answer.data["checked"] == 5
    assert "every rule agrees (5 checked)" in text

"""Random expressions and commands: the prompt answers each of them, in words and as JSON, and comes back."""

import io
import json
import warnings
from contextlib import suppress

import numpy as np
import pytest

from tests.attacks.campaign import report, rounds
from tests.programs.labelled import with_losses
from viz.debugging.debugger import Debugger
from viz.debugging.expressions import Expression, ExpressionError
from viz.debugging.names import ARRAY_ATTRIBUTES, FUNCTIONS, NAMES, VALUE_ATTRIBUTES
from viz.terminal.screen import Screen
from viz.terminal.session import COMMANDS, Session

pytestmark = pytest.mark.slow

NUMBERS = [
    "0",
    "1",
    "-1",
    "3",
    "1.5",
    "1e308",
    "1e999",
    "nan",
    "99999999999999999999",
    "2**64",
    "9**9**9",
    "True",
    "None",
]
ATOMS = [
    *NUMBERS,
    *NAMES,
    "W",
    "V",
    "h",
    "h[3]",
    "W.grad",
    "h[3].grad",
    "'tanh'",
    "''",
    "()",
    "[]",
    "x",
    "…",
    "1j",
    "...",
]
SIGNS = [
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "@",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "not in",
    "is",
    "is not",
    "and",
    "or",
    "//",
    "<<",
]
ATTRIBUTES = [*ARRAY_ATTRIBUTES, *VALUE_ATTRIBUTES]
ODD = [
    "p 99999999999999999999",
    "p -99999999999999999999",
    "p (1,(W,2))",
    "p [W,[None,'a']]",
    "p ('a',(W.grad,))",
    "p [None][0:1]",
    "p ['a'][0:1]",
    "p [99999999999999999999]",
    "p [1,'a'][0]",
    "p " + "-" * 390 + "1",
    "p " + "(" * 150 + "1" + ")" * 150,
    "p " + "(" * 390,
    "p " + "not " * 90 + "W",
    "p mean([])",
    "p max(())",
    "p W[99999999999999999999]",
    "p W[None,None,None]",
    "p '\\d'",
    "p 1is 1",
    "p W > 0",
    "p W.grad.grad",
    "p W.T.T.shape.T",
    "p len(t)",
    "p '\x1b[31m'",
    "p \ud800",
    "b if W",
    "b if ['a']",
    "b if ()",
    "b if 99999999999999999999",
    "b if [None][0:1]",
    "display (1,(W,None))",
    "display 99999999999999999999",
    "display W.grad",
    "n 99999999999999999999",
    "goto -99999999999999999999",
    "goto ²",
    "goto --5",
    "l 99999999999999999999",
    "l ²",
    "ignore 1 99999999999999999999",
    "break t -1--5",
    "break t 99999999999999999999",
    "break jump nan",
    "break jump inf",
    "break 99999999999999999999",
    "next \0",
    "c",
    "rc",
]


def expression(rng, depth=0):
    if depth > 4 or rng.random() < 0.3:
        return ATOMS[rng.integers(len(ATOMS))]
    parts = [expression(rng, depth + 1) for _ in range(3)]
    first, second, third = parts
    return [
        f"{first} {SIGNS[rng.integers(len(SIGNS))]} {second}",
        f"({first}, {second})",
        f"[{first}, {second}, {third}]",
        f"{first}[{second}]",
        f"{first}[{second}:{third}]",
        f"{list(FUNCTIONS)[rng.integers(len(FUNCTIONS))]}({first})",
        f"({first}).{ATTRIBUTES[rng.integers(len(ATTRIBUTES))]}",
        f"{first} if {second} else {third}",
        f"-({first})",
        f"not {first}",
        f"~({first})",
    ][rng.integers(11)]


def garbled(text, rng):
    start, end = sorted(int(place) for place in rng.integers(len(text) + 1, size=2))
    return text[:start] + "".join(map(chr, rng.integers(32, 0x2100, size=rng.integers(4)))) + text[end:]


def line(rng):
    words = [
        "p",
        "p",
        "display",
        "b if",
        "condition 1",
        "undisplay",
        "watch",
        "goto",
        "who",
        "con",
        "flow",
        "lag",
        "l",
        "n",
    ]
    names = [name for name in COMMANDS if name not in ("save", "draw", "abort", "quit")]
    word = words[rng.integers(len(words))] if rng.random() < 0.8 else names[rng.integers(len(names))]
    text = expression(rng)
    return f"{word} {garbled(text, rng) if rng.random() < 0.2 else text}"


@pytest.fixture(scope="module")
def session():
    return Session(Debugger(with_losses(3, scopes=True)))


def answered(session, text):
    """Give a line to the session; its answer is printed and is JSON, and is no fault of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer = session.run(text)
    printed = io.StringIO()
    for as_json in (False, True):
        Screen(printed, as_json, 60).show(answer)
    assert "a fault of tinygraph" not in printed.getvalue(), (text, printed.getvalue())
    json.loads(printed.getvalue().splitlines()[-1] if answer.kind != "nothing" else "{}")
    assert max(map(len, answer.lines[-1].plain.split("\n")), default=0) < 2000 if answer.lines else True
    return answer


@pytest.mark.parametrize("text", ODD, ids=lambda text: ascii(text[:40]))
def test_odd_lines_are_answered(text):
    session = Session(Debugger(with_losses(3, scopes=True)))
    answered(session, "b t 2")
    answered(session, text)
    assert answered(session, "where").kind == answered(session, "n").kind == "stop"


def test_random_lines_are_answered(session):
    count, kinds = rounds(700, 30_000), {}
    for seed in range(count):
        rng = np.random.default_rng(seed)
        answer = answered(session, line(rng))
        kinds[answer.kind] = kinds.get(answer.kind, 0) + 1
        if len(session.debugger.displays) > 5 or len(session.debugger.breakpoints) > 5:
            session.debugger.displays.clear()
            session.debugger.breakpoints.clear()
    report("lines at the prompt", **kinds)
    assert kinds["value"] > count / 50


def test_random_expressions_have_a_value_or_an_error_of_their_own(session):
    count, values = rounds(1000, 60_000), 0
    for seed in range(count):
        rng = np.random.default_rng(10**6 + seed)
        text = expression(rng)
        with warnings.catch_warnings(), suppress(ExpressionError):
            warnings.simplefilter("error")
            parsed = Expression(text)
            with suppress(ExpressionError):
                assert parsed.holds(session.debugger.moment) in (True, False)
            parsed(session.debugger.moment)
            values += 1
    report("expressions", tried=count, with_a_value=values)


def test_a_fault_of_ours_is_said_and_the_prompt_comes_back(session, monkeypatch):
    for error in (TypeError("x"), KeyError("x"), RecursionError("x"), OverflowError("x"), MemoryError("x")):
        monkeypatch.setattr(Debugger, "next", lambda *args, error=error: (_ for _ in ()).throw(error))
        answer = session.run("next")
        assert answer.kind == "error" and "please report it" in answer.data["error"]
    monkeypatch.undo()
    assert session.run("next").kind == "stop"

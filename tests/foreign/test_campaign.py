"""A small campaign of random programs, the same in every run; and the campaign itself, on an op with a wrong rule."""

import numpy as np
import pytest

import tinygraph as tg
from tests.foreign import campaign
from tests.foreign.campaign import OPEN, STYLES, Statement, fewest_lines, source, verdict_on, written
from tests.foreign.program import REFUSED, RIGHT, WRONG

SEEDS = range(100, 125)
SOME_ARE_REFUSED = {"tables of zeros", "tables like an argument", "rows of tables", *OPEN}


@pytest.mark.parametrize(
    "style",
    [
        pytest.param(style, marks=pytest.mark.xfail(reason=OPEN[style], strict=True)) if style in OPEN else style
        for style in STYLES
    ],
)
def test_random_programs(style):
    if "special" in STYLES[style]:
        pytest.importorskip("scipy")
    allowed = {RIGHT, REFUSED} if style in SOME_ARE_REFUSED else {RIGHT}
    for seed in SEEDS:
        program = written(seed, style, 4 + seed % 9)
        verdict = verdict_on(program, seed)
        assert verdict.kind in allowed, f"{verdict}\n{source(program)}"


def test_programs_differ_and_are_the_same_in_every_run():
    texts = {source(written(seed, style)) for style in STYLES for seed in SEEDS}
    assert len(texts) > 0.9 * len(STYLES) * len(SEEDS)
    assert source(written(3, "lists")) == source(written(3, "lists"))


def test_a_wrong_rule_is_found_and_the_program_cut_down(monkeypatch):
    wrong = tg.op(lambda z: np.tanh(z), vjp=lambda g, y, z: g * (1 - y), name="tanh with a wrong rule")
    monkeypatch.setattr(campaign, "_SMOOTH", ("np.wrong({})",))
    monkeypatch.setattr(np, "wrong", lambda z: wrong(z) if isinstance(z, tg.Tensor) else np.tanh(z), raising=False)
    try:
        seed = next(seed for seed in SEEDS if verdict_on(written(seed, "lists", 8), seed).kind == WRONG)
        program = written(seed, "lists", 8)
        small = fewest_lines(program, seed, WRONG)
        assert len(small) <= len(program) // 2
        assert "np.wrong" in source(small) and verdict_on(small, seed).kind == WRONG
    finally:
        del tg.registry["tanh with a wrong rule"]


def test_statements_are_indented_with_their_bodies():
    inner = Statement("for j in range(2):", (Statement("out += x[j]"),))
    text = source((Statement("if x[0] > -9:", (inner,)),))
    assert "        for j in range(2):\n            out += x[j]\n" in text
    assert campaign.function((Statement("if x[0] > -9:", (inner,)),))(np.array([1.0, 2.0]), None) == 3.0

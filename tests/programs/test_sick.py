"""Each sick program is sick, its healthy twin is not, and the healthy ones are well: shown without the debugger."""

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygraph as tg
from tests.programs import sick
from tests.programs.sick import CASES, WELL

ROOT = Path(__file__).parents[2]
EVIDENCE = {"rule", "cut", "values", "wiring", "intent", "update", "later"}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_sick_program(case):
    case.proof()


@pytest.mark.parametrize("program", WELL.values(), ids=WELL)
def test_healthy_program(program):
    program.proof()
    assert program.path.read_text().count(program.line) == 1


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_truth_points_into_the_program(case):
    text, mended = case.source, case.healthy_source()
    assert case.evidence in EVIDENCE and set(case.lines) <= set(case.shown_lines)
    assert any(name in text for name in case.names)
    steps = case.timesteps
    assert steps in ("all", "none") or [int(t) for t in steps.split()] == sorted({int(t) for t in steps.split()})
    changed = [n for n, (a, b) in enumerate(zip(text.splitlines(), mended.splitlines()), 1) if a != b]
    assert changed[0] in [*case.lines, case.lines[-1] + 1]  # a mend may add a line below the sick one
    assert "sick" not in text.lower() and "bug" not in text.lower()  # it does not tell


def test_every_program_is_registered():
    files = {path.stem for path in (ROOT / "tests/programs/sick").glob("[sh][0-9][0-9]_*.py")}
    assert files == {*CASES, *WELL}
    assert len({case.kind for case in CASES.values()}) >= 24


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_both_twins_record_a_loss(case):
    with np.errstate(all="ignore"):
        for module in (case.sick(), case.healthy()):
            loss = module.main()
            assert isinstance(loss, tg.Tensor) and loss.shape == () and loss.requires_grad
            loss.backward()


def test_the_docstring_is_true():
    assert doctest.testmod(sick) == (0, 5)


def test_a_program_runs_as_a_script():
    for path in (CASES["s12_entropy_zero_log"].path, WELL["h09_tied_weights"].path):
        subprocess.run([sys.executable, "-W", "ignore", path], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=True)

"""Sick programs by somebody who had not seen the checks, and their healthy twins: what `doctor` says of them."""

import io
import os
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import tinygraph as tg
from tinygraph.diagnosing import doctor
from viz.script import Then, run_to_backward

FOLDER = Path(__file__).parent / "unseen"
NAMED = {  # at their first backward pass; the causes of the others show later, or lie outside of what is recorded
    "s02": "broadcast",
    "s03": "directions",
    "s04": "put to 0",
    "s06": "cut",
    "s07": "cancellation",
    "s09": "softmax",
    "s10": "rule",
    "s13": "softmax",
    "s17": "saturated",
    "s18": "same value",
    "s20": "equal units",
    "s21": "index",
    "s23": "copy",
    "s24": "saturated",
    "s27": "future",
}


def findings(path: Path) -> set[str]:
    """What the doctor finds in the first backward pass of a script."""
    kinds: set[str] = set()

    def look(met) -> Then:
        recorded = met.recorded if isinstance(met.recorded, tg.Trace) else tg.trace(met.recorded)
        kinds.update(symptom.kind for symptom in doctor(recorded))
        return Then.END

    folder = os.getcwd()
    try:
        with redirect_stdout(io.StringIO()):
            run_to_backward(str(path), [], look)
    finally:
        os.chdir(folder)
    return kinds


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", sorted(FOLDER.glob("h*.py")), ids=lambda path: path.stem)
def test_the_doctor_is_silent_on_what_is_healthy(path):
    assert findings(path) == set()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMED)
def test_the_doctor_names_what_the_first_pass_shows(name):
    assert NAMED[name] in findings(FOLDER / f"{name}.py")

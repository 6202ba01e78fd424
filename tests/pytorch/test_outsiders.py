"""Torch scripts by somebody who had not seen the project: left alone, agreed with, drawn, and nothing false said."""

import warnings
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed")

import tinygraph.pytorch
from tests.pytorch.corpus import examine, run
from tinygraph.diagnosing import doctor

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

OUTSIDERS = sorted((Path(__file__).parent / "outsiders").glob("t*.py"))


NARROW = {"t18"}  # adds up in bfloat16
CHECKPOINTED = {"t15"}  # what a reentrant checkpoint adds to a parameter by a pass of its own is no term


def test_there_are_eighteen():
    assert len(OUTSIDERS) == 18


@pytest.mark.parametrize("path", OUTSIDERS, ids=lambda path: path.stem)
def test_outsider(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        row = examine(path)
    limit = 2e-2 if path.stem in NARROW else 1.0 if path.stem in CHECKPOINTED else 1e-6
    assert row.gap <= limit
    assert row.inside <= (2e-2 if path.stem in NARROW else 1e-6)


@pytest.mark.parametrize("path", OUTSIDERS, ids=lambda path: path.stem)
def test_the_doctor_has_nothing_to_say_of_programs_that_learn(path):
    symptoms = []

    def look(trace, reason=""):
        assert trace is not None, reason
        if len(symptoms) < 2:
            symptoms.append(doctor(trace))

    run(path, lambda: tinygraph.pytorch.record(on_pass=look))
    assert symptoms == [[], []]

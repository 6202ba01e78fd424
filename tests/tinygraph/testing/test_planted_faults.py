"""A sample of the planted faults: the laws catch what is wrong, so they are able to fail."""

import random
from functools import cache

import pytest

from tests.tools.faults import Fault, faults
from tests.tools.planted_faults import caught
from tests.tools.survivors import explanation
from tinygraph.testing.strategies import ops

pytestmark = pytest.mark.slow
OPS = ops()  # before tests register ops of their own
SIZE = 60


@cache
def all_faults() -> list[Fault]:
    return faults(OPS)


@cache
def sample() -> list[Fault]:
    return random.Random(20).sample(all_faults(), SIZE)


def test_there_are_many_faults_of_every_kind():
    assert len(all_faults()) >= 200
    kinds = {fault.kind for fault in all_faults()}
    assert {"sign", "factor", "swapped operand", "dropped transpose", "missing sum", "dropped rule"} <= kinds


@pytest.mark.parametrize("number", range(SIZE))
def test_a_planted_fault_is_caught(number):
    fault = sample()[number]
    assert caught(fault) or explanation(fault), str(fault)


def code_of(fault: Fault):
    return fault.function.__code__ if fault.function else (fault.ops[0].rules, fault.ops[0].pull)


def test_what_was_planted_is_there_and_is_taken_out_again():
    for fault in sample():
        before = code_of(fault)
        with fault.planted():
            assert code_of(fault) != before
        assert code_of(fault) == before

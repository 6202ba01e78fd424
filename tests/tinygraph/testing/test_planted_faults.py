"""A sample of the planted faults: the laws catch what is wrong, so they are able to fail."""

import random

import pytest

from tests.tools.planted_faults import caught, explanation, faults
from tinygraph.testing.laws import check_op
from tinygraph.testing.strategies import ops

PLANTED = faults(ops())
SAMPLE = random.Random(20).sample(PLANTED, 60)


def test_there_are_many_faults_of_every_kind():
    assert len(PLANTED) >= 200
    kinds = {fault.kind for fault in PLANTED}
    assert {"sign", "factor", "swapped operand", "dropped transpose", "missing sum", "dropped rule"} <= kinds


@pytest.mark.parametrize("fault", SAMPLE, ids=str)
def test_a_planted_fault_is_caught(fault):
    assert caught(fault) or explanation(fault)


@pytest.mark.slow
def test_what_was_planted_is_taken_out_again():
    for op in {op for fault in SAMPLE for op in fault.ops[:1]}:
        check_op(op)

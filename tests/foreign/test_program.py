"""The judge of programs: it tells right from wrong, and a clear refusal from an unclear one."""

import numpy as np
import pytest

import tinygraph as tg
from tests.foreign.program import REFUSED, RIGHT, UNCLEAR, WRONG, Programs, expect_honest, expect_refused, judge

x = np.array([0.5, -1.2, 0.3])


@pytest.fixture
def tripled():
    yield tg.op(lambda x: 3.0 * x, vjp=lambda g, y, x: g * 3.001, name="tripled, with a wrong rule")
    del tg.registry["tripled, with a wrong rule"]


def test_a_right_program():
    assert judge(lambda x: np.sum(np.sin(x) * x[::-1]), x).kind == RIGHT


def test_a_gradient_that_is_off_by_a_thousandth(tripled):
    verdict = judge(lambda x: np.sum(tripled(x)) if isinstance(x, tg.Tensor) else np.sum(3.0 * x), x)
    assert verdict.kind == WRONG
    assert "3.001" in verdict.text and "differences give 3" in verdict.text


def test_one_wrong_element_among_arguments_of_many():
    def program(a, b):
        return np.sum(a * a) + (float(b[1].data) if isinstance(b, tg.Tensor) else b[1]) + np.sum(b[:1])

    verdict = judge(program, np.ones((5, 5)), np.ones(2))
    assert verdict.kind == WRONG
    assert verdict.text.startswith("(1, (1,)): 0")


def test_another_value():
    assert judge(lambda x: np.sum(x) + (1.0 if isinstance(x, tg.Tensor) else 0.0), x).kind == WRONG


def test_refusals_with_and_without_the_program_s_own_line():
    def refused(x):
        return np.abs(np.roots(x)).sum()

    def unclear(x):
        return x.no_such_attribute if isinstance(x, tg.Tensor) else x.sum()

    assert judge(refused, x).kind == REFUSED
    assert judge(unclear, x).kind == UNCLEAR
    expect_refused(refused, x, says="np.roots")
    expect_honest(refused, x, says="np.roots")
    for wrong in (lambda: expect_refused(refused, x, says="np.stack"), lambda: expect_honest(unclear, x, says="")):
        with pytest.raises(AssertionError):
            wrong()


def test_an_error_of_the_program_itself_is_not_the_engine_s():
    with pytest.raises(ZeroDivisionError):
        judge(lambda x: 1 / 0, x)


def test_what_is_expected_of_each_program():
    programs = Programs()
    programs.right(x)(lambda x: np.sum(x * x))
    programs.refused(x, says="np.roots")(lambda x: np.abs(np.roots(x)).sum())
    programs.fooled(x, reason="an example")(lambda x: x.no_such_attribute if isinstance(x, tg.Tensor) else x.sum())
    right, refused, fooled = programs.cases
    right.values[0]()
    refused.values[0]()
    assert fooled.marks[0].kwargs["strict"]
    with pytest.raises(AssertionError, match="unclearly"):
        fooled.values[0]()

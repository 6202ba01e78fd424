"""The runner of other libraries' tests, on two tiny suites: every verdict is the one that it should be."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.foreign.standin import Missing, NoCounterpart
from tests.foreign.suite import VERDICTS

ROOT = Path(__file__).parents[2]

AUTOGRAD = """
import autograd.numpy as np
from autograd import grad, jacobian
from autograd.extend import defvjp, primitive
from autograd.misc import const_graph
from autograd.test_util import check_grads, combo_check


def test_both_modes_and_the_second_order():
    check_grads(lambda x, y: np.sum(np.sin(x) * np.array([y, y * y])), argnum=(0, 1))(np.ones(2), 0.5)


def test_real_combinations_count_where_others_are_complex():
    combo_check(np.exp, [0])([0.5, np.ones(2)])
    combo_check(np.log1p, [0])([1j, 0.5])


def test_jacobian_is_that_of_numpy():
    assert np.allclose(jacobian(lambda x: x**2)(np.array([1.0, 2.0])), np.diag([2.0, 4.0]))


def test_a_wrong_expectation_fails():
    assert grad(lambda x: x * x)(3.0) == 5.0


def test_a_wrong_rule_fails():
    doubled = primitive(lambda x: 2.0 * x)
    defvjp(doubled, lambda ans, x: lambda g: g * 2.001)
    check_grads(doubled, modes=["rev"])(1.0)


def test_what_the_engine_does_not_support():
    check_grads(np.roots)(np.array([1.0, 2.0]))


def test_complex_values():
    combo_check(np.log1p, [0])([1j, 2j])


def test_of_autograd_s_own_graphs():
    const_graph(lambda x: x)(1.0)


def test_that_uses_a_name_of_autograd_s():
    np.nothing_of_that_name(1.0)
"""

MYGRAD = """
import numpy as np
import mygrad as mg
from mygrad import Tensor
from tests.wrappers.uber import backprop_test_factory, fwdprop_test_factory


@fwdprop_test_factory(mygrad_func=mg.cos, true_func=np.cos, num_arrays=1, index_to_bnds={0: (-3, 3)})
def test_a_right_value():
    pass


@backprop_test_factory(mygrad_func=mg.multiply, true_func=np.multiply, num_arrays=2, default_bnds=(-9, 9))
def test_a_right_gradient():
    pass


@fwdprop_test_factory(mygrad_func=mg.cos, true_func=np.sin, num_arrays=1, index_to_bnds={0: (-3, 3)})
def test_a_wrong_value():
    pass


@backprop_test_factory(
    mygrad_func=mg.sum, true_func=lambda x, axis: 2 * np.sum(x, axis), num_arrays=1, default_bnds=(-3, 3),
    index_to_arr_shapes={0: (2, 3)}, kwargs={"axis": 1}, vary_each_element=True,
)
def test_a_wrong_gradient():
    pass


def test_that_no_factory_made():
    raise AssertionError("never runs")
"""


def verdicts(suite, folder):
    command = [sys.executable, "-m", "tests.foreign", suite, str(folder)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300).stdout
    return printed, re.search(r"^all .*$", printed, re.MULTILINE)[0]


def counts(line):
    columns = line.removeprefix("all")[-15 * len(VERDICTS) :]
    cells = [columns[15 * i : 15 * (i + 1)].strip() for i in range(len(VERDICTS))]
    return {verdict: int(cell) for verdict, cell in zip(VERDICTS, cells, strict=True) if cell}


@pytest.mark.slow
def test_every_verdict_on_a_suite_of_autograd(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_tiny.py").write_text(AUTOGRAD)
    printed, last = verdicts("autograd", tmp_path)
    assert counts(last) == {"passed": 3, "failed": 2, "refused": 1, "complex": 1, "no counterpart": 2}, printed
    reasons = {line.strip() for line in printed.splitlines()[4:]}
    assert any("(VJP) check of <lambda> failed" in line for line in reasons)
    assert any("const_graph" in line for line in reasons)
    assert "test_what_the_engine_does_not_support" in reasons


@pytest.mark.slow
def test_values_and_gradients_of_a_suite_of_mygrad(tmp_path):
    pytest.importorskip("hypothesis")
    for package in ("tests", "tests/wrappers"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "tests" / "test_tiny.py").write_text(MYGRAD)
    printed, last = verdicts("mygrad", tmp_path)
    assert counts(last) == {"passed": 2, "failed": 2}, printed


def test_a_name_without_counterpart_has_no_elements():
    with pytest.raises(NoCounterpart, match=r"mygrad\.registered"):
        sorted(Missing("mygrad.registered"))

"""Bad input: the message names the op, what it was given, and the user's own source line."""

from functools import partial

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.testing import LawError, check_op

W = tg.parameter(np.ones((3, 4)))
v = tg.parameter(np.ones(5))


def message(kind, run):
    with pytest.raises(kind) as caught:
        run()
    return str(caught.value)


@pytest.mark.parametrize(
    ("run", "kind", "words"),
    [
        (lambda: W + v, ValueError, ["add", "(3, 4)", "(5,)", "W + v"]),
        (lambda: np.ones((3, 4)) * v, ValueError, ["multiply", "(3, 4)", "(5,)", "np.ones((3, 4)) * v"]),
        (lambda: W @ v, ValueError, ["matmul", "(3, 4)", "(5,)", "W @ v"]),
        (lambda: tg.linear(v, W), ValueError, ["linear", "(5,)", "(3, 4)"]),
        (lambda: np.concatenate([W, v]), ValueError, ["concatenate", "(3, 4)", "(5,)"]),
        (lambda: W.reshape(5, 5), ValueError, ["reshape", "(3, 4)", "W.reshape(5, 5)"]),
        (lambda: W[7], IndexError, ["getitem", "(3, 4)", "W[7]"]),
        (lambda: np.sum(W, axis=5), ValueError, ["sum", "(3, 4)"]),
        (lambda: tg.softmax_cross_entropy(v, np.array(9)), IndexError, ["softmax_cross_entropy", "(5,)"]),
        (lambda: tg.softmax_cross_entropy(v, np.array(-1)), ValueError, ["softmax_cross_entropy", "between 0 and 4"]),
        (lambda: tg.parameter([1, 2]), TypeError, ["parameter", "int64", "floating-point", "tg.parameter([1, 2])"]),
        (lambda: tg.tensor([1], requires_grad=True), TypeError, ["tensor", "int64"]),
        (lambda: tg.tensor(["a"]), TypeError, ["tensor", "expected numbers"]),
        (lambda: tg.tensor(np.ma.masked_array([1.0], [True])), TypeError, ["masked"]),
        (lambda: v.backward(), ValueError, ["backward", "(5,)", "grad="]),
        (lambda: v.sum().backward([1.0, 2.0]), ValueError, ["backward", "()", "(2,)"]),
        (lambda: tg.tensor(1.0).backward(), RuntimeError, ["requires a gradient"]),
        (lambda: np.roots(v), TypeError, ["roots", "not supported"]),
        (lambda: np.add.at(v, 0, 1.0), TypeError, ["np.add.at", "written in place"]),
        (lambda: np.sum(v, out=np.empty(())), TypeError, ["sum", "out="]),
        (lambda: np.exp(v, out=np.empty(5)), TypeError, ["exp", "out="]),
        (lambda: np.asarray(v), TypeError, ["plain array", "t.numpy()"]),
        (lambda: v.__setitem__(0, 1.0), TypeError, ["not written in place", "leaf"]),
        (lambda: setattr(v, "data", np.ones(3)), ValueError, ["(5,)", "(3,)"]),
        (lambda: tg.grad(lambda a: a * a)(3), TypeError, ["grad", "int64"]),
        (lambda: tg.grad(lambda a: a * 2)(np.ones(2)), ValueError, ["grad", "one scalar", "(2,)"]),
        (lambda: tg.scope(3), TypeError, ["scope", "int"]),
        (lambda: tg.timestep("a"), TypeError, ["timestep", "str"]),
    ],
)
def test_bad_input_is_named(run, kind, words):
    said = message(kind, run)
    for word in words:
        assert word in said


def test_an_error_shows_file_line_and_marked_expression():
    said = message(ValueError, lambda: W @ v)
    assert f'File "{__file__}", line' in said
    assert said.splitlines()[-1].strip() == "^^^^^"


def test_writing_into_a_recorded_value_names_the_op_that_made_it():
    y = np.exp(v)
    said = message(TypeError, lambda: y.__setitem__(0, 1.0))
    assert "value of exp" in said
    assert "np.exp(v)" in said


def test_an_op_says_what_its_facts_are_and_that_it_needs_a_name():
    rule = {"vjp": lambda g, y, x: g}
    said = message(TypeError, lambda: tg.op(lambda x: x * 1, **rule, name="mine", kinks=True))
    assert "tg.op(mine): kinks=True; expected a sentence" in said
    assert "say name=" in message(TypeError, lambda: tg.op(partial(np.multiply, 2), **rule))


def test_a_rule_may_be_a_partial():
    def scaled(factor, g, y, x):
        return factor * g

    double = tg.op(lambda x: 2 * x, vjp=partial(scaled, 2), name="double by a partial")
    wrong = tg.op(lambda x: 2 * x, vjp=partial(scaled, 3), name="double by a wrong partial")
    assert float(tg.grad(double)(1.0)) == 2.0
    assert double.formula(0) == "factor * g"
    check_op(double)
    said = message(LawError, lambda: check_op(wrong))
    assert "rule: factor * g" in said
    assert "test_errors.py" in said

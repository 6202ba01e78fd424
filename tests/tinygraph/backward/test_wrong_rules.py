"""Rules of a program's own ops: what is no contribution is named, and never broadcast into a wrong gradient."""

from __future__ import annotations

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.recording.pullback import RuleError


def squares(rule, **options):
    return tg.op(lambda x: x * x, vjp=rule, name="squares", **options)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda g, y, x: np.sum(2 * x * g), r"a contribution of shape \(\), the argument has shape \(3,\)"),
        (lambda g, y, x: (2 * x * g)[None], r"a contribution of shape \(1, 3\), the argument has shape \(3,\)"),
        (lambda g, y, x: 3.0, r"a contribution of shape \(\), the argument has shape \(3,\)"),
        (lambda g, y, x: None, "None"),
    ],
)
@pytest.mark.parametrize("run", [lambda loss: loss.backward(), tg.trace], ids=["backward", "trace"])
def test_a_rule_of_the_wrong_shape_names_op_argument_and_source_line(rule, said, run):
    w = tg.parameter([1.0, 2.0, 3.0])
    loss = np.sum(squares(rule)(w) * 2.0)
    with pytest.raises(RuleError, match=rf"squares: the rule for argument 0 \(x\) gave {said}") as caught:
        run(loss)
    assert "loss = np.sum(squares(rule)(w) * 2.0)" in str(caught.value)
    assert w.grad is None


def test_where_a_rule_is_written_is_said():
    def doubled(g, y, x):
        return (2 * g).sum()

    w = tg.parameter([1.0, 2.0, 3.0])
    with pytest.raises(RuleError, match=rf"written in File .*, line {doubled.__code__.co_firstlineno}\n  recorded"):
        np.sum(tg.op(lambda x: 2 * x, vjp=doubled, name="doubled")(w)).backward()


def test_a_contribution_that_cannot_be_summed_to_its_argument_names_it():
    rules = (lambda g, y, a, b: g * b, lambda g, y, a, b: np.ones(5))
    scaled = tg.op(lambda a, b: a * b, vjp=rules, name="scaled", elementwise=True)
    with pytest.raises(RuleError, match=r"scaled: the rule for argument 1 \(b\) gave a contribution of shape \(5,\)"):
        np.sum(scaled(tg.parameter(np.ones((2, 3))), tg.parameter(np.ones(3)))).backward()


def test_a_rule_that_raises_is_named_with_its_place():
    rules = (lambda g, y, a, b: g @ b.T, lambda g, y, a, b: a @ g)
    product = tg.op(lambda a, b: a @ b, vjp=rules, name="product")
    with pytest.raises(ValueError, match="matmul") as caught:
        np.sum(product(tg.parameter(np.ones((2, 3))), tg.parameter(np.ones((3, 4))))).backward()
    notes = "\n".join(caught.value.__notes__)
    assert "raised by product: the rule for argument 1 (b)\n  rule: a @ g\n  written in File" in notes
    assert "recorded here" in notes


def test_the_second_of_two_rules_is_named():
    product = tg.op(
        lambda a, b: a @ b, vjp=(lambda g, y, a, b: g @ b.T, lambda g, y, a, b: (a.T @ g).T), name="product"
    )
    a, b = tg.parameter(np.ones((2, 3))), tg.parameter(np.ones((3, 4)))
    with pytest.raises(RuleError, match=r"product: the rule for argument 1 \(b\)") as caught:
        np.sum(product(a, b)).backward()
    assert "rule: (a.T @ g).T" in str(caught.value)


def test_a_right_rule_of_a_program_is_let_pass():
    w = tg.parameter([1.0, 2.0])
    np.sum(squares(lambda g, y, x: 2 * x * g)(w)).backward()
    np.testing.assert_array_equal(w.grad, [2.0, 4.0])
    assert float(tg.grad(tg.grad(lambda x: squares(lambda g, y, x: 2 * x * g)(x)))(3.0)) == 2.0


def test_a_rule_that_gives_objects_is_refused():
    wrong = squares(lambda g, y, x: np.array([None] * 3))
    w = tg.parameter(np.ones(3))
    for run in (lambda: wrong(w).sum().backward(), lambda: tg.grad(lambda x: wrong(x).sum())(np.ones(3))):
        with pytest.raises(ValueError, match="gave object, expected float64"):
            run()
    assert w.grad is None

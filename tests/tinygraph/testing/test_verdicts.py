"""What is raised for a wrong rule: named by op, argument, expected and given, in all ways to check it."""

import traceback

import numpy as np
import pytest

import tinygraph as tg
from tests.tools.ops import unregistered
from tinygraph.testing import GradientError, LawError, check_gradients, check_laws, check_op

FACTOR = tg.tensor(2.0)


def raising(g, y, x):
    raise KeyError("inside")


MISFITS = {
    "None": (lambda g, y, x: None, "gives None, so no contribution; expected an array of shape (3,)"),
    "float": (lambda g, y, x: 2.0, "gives a float, expected an array of shape (3,)"),
    "Tensor": (lambda g, y, x: g * FACTOR, "gives a Tensor for plain arrays: does it use a Tensor"),
    "shape": (lambda g, y, x: np.sum(g), "gives shape (), expected (3,)"),
    "axis": (lambda g, y, x: g[None], "gives shape (1, 3), expected (3,)"),
    "raises": (raising, "raises KeyError: 'inside'"),
    "objects": (lambda g, y, x: np.array([None] * 3), "gives object, expected float64"),
}


def op_with(rule, forward=lambda x: x * 2, **facts):
    return unregistered(forward, rule, samples=(((3,),),), **facts)


def headline(run, kind):
    with pytest.raises(kind) as caught:
        run()
    return str(caught.value).partition("\n")[0]


@pytest.mark.parametrize("name", MISFITS)
def test_a_rule_that_does_not_fit_is_named_by_every_check(name):
    rule, what = MISFITS[name]
    op = op_with(rule)
    expected = f"op of a test: the rule for x {what}"
    assert headline(lambda: check_op(op), LawError).startswith(expected)
    if name not in ("None", "Tensor"):  # which are linear
        assert headline(lambda: check_op(op, laws=["linearity"]), LawError).startswith(expected)
    assert headline(lambda: check_gradients(op, np.ones(3)), GradientError).startswith(expected)
    assert headline(lambda: check_gradients(lambda x: np.tanh(op(x)), np.ones(3)), GradientError).startswith(expected)
    [finding] = tg.verify(np.tanh(op(tg.parameter(np.ones(3)))))
    assert finding.headline.startswith(expected)
    assert finding.argument == 0
    assert "np.tanh(op(tg.parameter(np.ones(3))))" in str(finding)


def test_of_several_arguments_the_wrong_one_is_named():
    op = unregistered(lambda a, b: a @ b, (lambda g, y, a, b: g @ b.T, lambda g, y, a, b: g @ a))
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda p: op(p["a"], p["b"]), {"a": np.ones((2, 3)), "b": np.ones((3, 4))})
    said = str(caught.value)
    assert said.startswith("op of a test: the rule for b raises ")
    assert "rule: g @ a\n" in said
    assert "p['a'] = " in said


def test_a_contribution_that_broadcasting_sums_is_no_misfit():
    op = unregistered(np.multiply, (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a), elementwise=True)
    assert tg.verify(op(tg.parameter(np.ones((2, 3))), tg.parameter(np.ones(3)))) == []


def names_rule_and_place(run, op):
    with pytest.raises(ValueError, match=r"^op of a test: the rule for argument 0 \(x\) ") as caught:
        run(lambda x: np.tanh(op(x)))
    assert "np.tanh(op(x))" in str(caught.value)


@pytest.mark.parametrize("name", ["None", "float", "shape", "axis", "Tensor"])
def test_plain_backward_names_the_rule_too(name):
    names_rule_and_place(lambda f: np.sum(f(tg.parameter(np.ones(3)))).backward(), op_with(MISFITS[name][0]))


@pytest.mark.parametrize("name", ["None", "float", "shape", "axis"])
def test_grad_names_the_rule_too(name):
    names_rule_and_place(lambda f: tg.grad(lambda z: np.sum(f(z)))(np.ones(3)), op_with(MISFITS[name][0]))


def test_an_error_of_a_rule_is_noted_with_op_and_place():
    loss = np.sum(op_with(MISFITS["raises"][0])(tg.parameter(np.ones(3))))
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the rule raises
        loss.backward()
    assert any("in the rule of op of a test" in note and "loss = " in note for note in caught.value.__notes__)


def test_a_rule_whose_derivative_is_wrong_is_blamed_though_its_numbers_are_right():
    frozen = op_with(lambda g, y, x: g * 2 * getattr(x, "data", x), np.square)
    said = headline(lambda: check_gradients(lambda x: np.tanh(frozen(np.sin(x))), np.ones(3)), GradientError)
    assert said.startswith("op of a test: the rule for x gives right numbers, but not by recorded ops")


def test_a_rule_that_raises_when_it_is_differentiated_is_blamed():
    def rule(g, y, x):
        if isinstance(x, tg.Tensor) and not isinstance(g, np.ndarray) and g.requires_grad:
            raise RuntimeError("no second order")
        return g * 2

    said = headline(lambda: check_gradients(lambda x: np.tanh(op_with(rule)(x)), np.ones(3)), GradientError)
    assert said == "op of a test: the rule for x cannot be differentiated: it raises RuntimeError: no second order"


def test_where_no_rule_is_wrong_the_gradient_is_named():
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda W, h: W * W.detach() + h, np.ones((2, 2)), np.ones(2))
    first, hint, *_ = str(caught.value).split("\n")
    assert first.startswith("the gradient of W is ")
    assert first.endswith(" (extrapolated differences), order 1")
    assert "not recorded (.data" in hint


def test_what_backward_gives_is_checked_where_only_there_the_rule_is_wrong():
    by_kind = op_with(lambda g, y, x: g * (3.0 if isinstance(g, np.ndarray) else 2.0))
    said = headline(lambda: check_gradients(by_kind, np.ones(3), order=1), GradientError)
    assert said.startswith("op of a test: the rule for x gives ")


def test_a_check_leaves_the_gradients_of_others_alone():
    W, b = tg.parameter(np.ones((2, 2))), tg.parameter(np.ones(2))
    b.grad = np.array([5.0, 6.0])
    check_gradients(lambda x: np.tanh(W @ x + b), np.ones(2))
    assert W.grad is None
    np.testing.assert_array_equal(b.grad, [5.0, 6.0])


@pytest.mark.parametrize(
    "check", [check_op, lambda op: check_laws(op, np.ones(3)), lambda op: check_gradients(op, np.ones(3))]
)
def test_an_error_comes_alone(check):
    with pytest.raises(AssertionError) as caught:
        check(op_with(lambda g, y, x: np.sum(g)))
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    frames = traceback.extract_tb(error.__traceback__)
    assert sum("testing" in frame.filename and frame.filename != __file__ for frame in frames) == 1
    assert traceback.format_exception_only(error)[0].startswith("tinygraph.testing.")


def test_errors_are_what_the_package_exports():
    for error in (GradientError, LawError):
        assert getattr(tg.testing, error.__name__) is error
        assert error.__module__ == "tinygraph.testing"


def test_hidden_state_is_found_also_in_a_function():
    seen = {}

    def forward(x):
        seen["sign"] = np.sign(x)
        return np.abs(x)

    op = op_with(lambda g, y, x: g * seen["sign"], forward, domain="nonzero")
    with pytest.raises(LawError, match="law: hidden_state"):
        check_laws(lambda x: op(x) * 2, np.array([0.5, -1.0, 2.0]), laws=["hidden_state"])
    pure = op_with(lambda g, y, x: g * np.sign(x), np.abs, domain="nonzero")
    check_laws(lambda x: pure(x) * 2, np.array([0.5, -1.0, 2.0]), laws=["hidden_state"])


def test_a_law_that_is_not_there_is_refused_with_the_names_of_those_that_are():
    with pytest.raises(ValueError, match="no law 'adjiont'; expected one of adjoint, "):
        check_laws(np.tanh, np.ones(2), laws=["adjiont"])
    with pytest.raises(TypeError, match="expected an op that tg.op made, got builtin_function_or_method"):
        check_op(len)


def test_no_calls_are_none_to_fail():
    check_op(tg.tanh, calls=[])


def test_a_function_that_rounds_is_not_called_wrong():
    with pytest.raises(ValueError, match="rounds to float16") as caught:
        check_gradients(lambda x: np.tanh(x.astype(np.float16)), np.linspace(-1, 1, 7))
    assert "np.tanh(x.astype(np.float16))" in str(caught.value)
    check_gradients(lambda x: np.tanh(x.astype(np.float64)), np.linspace(-1, 1, 7, dtype=np.float32))

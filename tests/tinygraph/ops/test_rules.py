"""Every rule of the registry, at its own samples: first and second order against differences, dtypes, purity."""

import numpy as np
import pytest

import tinygraph as tg
from tests.tools.differences import slope
from tinygraph.testing.domains import example_calls

LAPACK = {  # NumPy's LAPACK has no float16
    "cholesky", "det", "eig_vectors", "eigenvectors", "eigvals", "eigvalsh", "inv", "left_singular_vectors",
    "logabsdet", "lstsq", "pinv", "qr_q", "qr_r", "right_singular_vectors", "solve", "svdvals",
}  # fmt: skip
CASES = [
    pytest.param(op, number, id=f"{name}-{which}-{number}")
    for name, ops in list(tg.registry.items())
    for which, op in enumerate(ops)
    for number in range(len(list(example_calls(op, np.random.default_rng(0)))))
]


def call(op, arrays, attributes):
    return op(list(arrays), **attributes) if op.sequence else op(*arrays, **attributes)


def example(op, number, seed=0):
    arrays, attributes = list(example_calls(op, np.random.default_rng(seed)))[number]
    rules = op.rules * len(arrays) if op.variadic else op.rules
    floating = [isinstance(a, np.ndarray) and a.dtype.kind == "f" for a in arrays]
    return arrays, attributes, [i for i, rule in enumerate(rules) if rule is not None and floating[i]]


def scalar_of(op, arrays, attributes, i, weights):
    def function(x):
        return np.sum(call(op, [*arrays[:i], x, *arrays[i + 1 :]], attributes) * weights)

    return function


@pytest.mark.parametrize(("op", "number"), CASES)
def test_first_and_second_order_agree_with_differences(op, number):
    arrays, attributes, wanted = example(op, number)
    rng = np.random.default_rng(3)
    weights = rng.normal(size=np.shape(call(op, arrays, attributes)))
    for i in wanted:
        f = scalar_of(op, arrays, attributes, i, weights)
        x, direction = arrays[i], rng.normal(size=arrays[i].shape)
        _, pull = tg.vjp(lambda x: call(op, [*arrays[:i], x, *arrays[i + 1 :]], attributes), x)
        gradient = pull(weights)[0]
        assert gradient.shape == x.shape
        expected = slope(lambda t: f(x + t * direction))
        assert np.sum(gradient * direction) == pytest.approx(expected, rel=1e-7, abs=1e-8)
        second = tg.hvp(f, (x,), (direction,))
        expected = slope(lambda t: np.sum(tg.grad(f)(x + t * direction) * direction))
        assert np.sum(second * direction) == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize(("op", "number"), CASES)
def test_output_and_gradients_keep_the_dtype(op, number, dtype):
    if dtype == "float16" and op.name in LAPACK:
        pytest.skip("no float16 in LAPACK")
    arrays, attributes, wanted = example(op, number)
    if op == "astype":
        attributes = {"dtype": dtype}
    floating = [isinstance(a, np.ndarray) and a.dtype.kind == "f" for a in arrays]
    arrays = [a.astype(dtype) if floats else a for a, floats in zip(arrays, floating, strict=True)]
    arguments = [tg.parameter(a) if i in wanted else a for i, a in enumerate(arrays)]
    y = call(op, arguments, attributes)
    assert y.dtype == dtype
    y.backward(np.ones(y.shape))
    assert [arguments[i].grad.dtype for i in wanted] == [dtype] * len(wanted)
    assert [arguments[i].grad.shape for i in wanted] == [arrays[i].shape for i in wanted]


@pytest.mark.parametrize(("op", "number"), CASES)
def test_neither_inputs_nor_the_adjoint_are_changed_or_shared(op, number):
    arrays, attributes, wanted = example(op, number)
    arguments = [tg.parameter(a) if i in wanted else a for i, a in enumerate(arrays)]
    y = call(op, arguments, attributes)
    value, adjoint = y.numpy(), np.random.default_rng(5).normal(size=y.shape)
    adjoint_before = adjoint.copy()
    y.backward(adjoint)
    np.testing.assert_array_equal(adjoint, adjoint_before)
    np.testing.assert_array_equal(y.data, value)
    for i in wanted:
        np.testing.assert_array_equal(arguments[i].data, arrays[i])
        assert not np.shares_memory(arguments[i].grad, adjoint)
        assert not np.shares_memory(arguments[i].grad, arguments[i].data)
        assert arguments[i].grad.flags.writeable


@pytest.mark.parametrize(("op", "number"), CASES)
def test_integers_are_constants(op, number):
    arrays, attributes, wanted = example(op, number)
    integers = [np.round(a * 2).astype(int) + 1 if i in wanted else a for i, a in enumerate(arrays)]
    with np.errstate(all="ignore"):
        try:
            expected = call(op, integers, attributes)
        except (TypeError, ValueError, np.linalg.LinAlgError):
            pytest.skip("not for integers")
        y = call(op, [tg.tensor(a) if i in wanted else a for i, a in enumerate(integers)], attributes)
    assert not y.requires_grad
    np.testing.assert_array_equal(y.data, expected)


def test_every_op_says_what_it_is():
    for ops in tg.registry.values():
        for op in ops:
            rule = next((rule for rule in op.rules if rule is not None), None)
            if rule is None or not (rule.__module__ or "").startswith("tinygraph.ops"):
                continue  # other tests register ops of their own
            assert op.__doc__, op
            assert not op.facts.get("kinks") or op.facts["kinks"] in op.__doc__
            assert all(op.formula(i) for i, rule in enumerate(op.rules) if rule is not None)


@pytest.mark.parametrize(("op", "number"), CASES)
def test_what_a_pass_adds_up_is_what_its_steps_show_to_the_last_bit(op, number):
    arrays, attributes, wanted = example(op, number)
    tensors = [tg.parameter(a) if i in wanted else a for i, a in enumerate(arrays)]
    y = sum(factor * call(op, tensors, attributes) for factor in (1.0, 0.7, 0.4))  # each leaf receives three times
    adjoint = np.random.default_rng(1).normal(size=y.shape) if wanted else None
    for i in wanted:
        shown = tg.trace(y, adjoint).gradient(tensors[i])
        tensors[i].grad = None
        y.backward(adjoint)
        np.testing.assert_array_equal(tensors[i].grad, shown)

"""Every op of the registry keeps every law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygraph as tg
from tests.tools.extra_calls import extra_calls, extra_laws
from tinygraph.testing.domains import DOMAINS, example_calls
from tinygraph.testing.law_checks import check_at_kinks, check_op
from tinygraph.testing.laws import LAWS
from tinygraph.testing.strategies import calls, ops

OPS = ops()


def named(op):
    form = op.facts.get("form")
    return op.name if form is None else f"{op.name} {form}"


@pytest.mark.slow
@pytest.mark.parametrize("op", OPS, ids=named)
def test_every_op_keeps_every_law_on_its_samples(op):
    check_op(op, seed=1)  # with this one, and the calls below, every planted fault is caught


@pytest.mark.parametrize("op", [op for op in OPS if extra_calls(op)], ids=named)
def test_every_op_keeps_every_law_where_its_rules_branch(op):
    check_op(op, laws=extra_laws(op), calls=extra_calls(op))


@pytest.mark.slow
@pytest.mark.parametrize("op", [op for op in OPS if op.elementwise], ids=named)
@settings(max_examples=8)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_elementwise_ops_keep_every_law_on_shapes_that_broadcast(op, data, seed):
    check_op(op, calls=[data.draw(calls(op))], seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("op", [op for op in OPS if "kinks" in op.facts], ids=named)
@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_at_a_kink_the_gradient_lies_between_the_slopes_on_both_sides(op, seed):
    check_at_kinks(op, seed=seed)


def test_the_registry_is_as_wide_as_promised():
    assert len({op.name for op in OPS}) >= 120


@pytest.mark.parametrize("op", OPS, ids=named)
def test_every_op_has_a_sample_that_reaches_each_of_its_rules(op):
    reached = set()
    for given_arrays, _ in example_calls(op, np.random.default_rng(0)):
        for i, x in enumerate(given_arrays):
            if isinstance(x, np.ndarray) and x.dtype.kind == "f":
                reached.add(0 if op.variadic else i)
    assert {i for i, rule in enumerate(op.rules) if rule is not None} <= reached


@pytest.mark.parametrize("name", DOMAINS)
def test_domains_draw_floats_of_the_shape_asked_for(name):
    x = DOMAINS[name](np.random.default_rng(0), (3, 3))
    assert x.shape == (3, 3)
    assert x.dtype == np.float64


def test_laws_have_names_and_say_what_they_check():
    assert {"adjoint", "second_order", "linearity", "shared_inputs", "purity", "dtypes_and_shapes"} <= set(LAWS)
    assert all(law.__doc__ for law in LAWS.values())


def test_all_functions_of_tg_are_polymorphic():
    x = np.array([0.3, 0.6])
    for op in OPS:
        if op.elementwise and len(op.arguments) == 1 and op.facts.get("domain", "real") in ("real", "unit", "positive"):
            assert not isinstance(op(x), tg.Tensor)
            assert isinstance(op(tg.tensor(x)), tg.Tensor)


def test_what_nan_to_num_and_logsumexp_do_at_infinity():
    x = tg.parameter([np.inf, -np.inf, np.nan, 2.0])
    np.nan_to_num(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 0.0, 1.0])
    z = tg.parameter([-np.inf, -np.inf])
    assert tg.logsumexp(z).item() == -np.inf

"""What tg.op may be told about an op, and how a mistake in it is answered."""

import numpy as np
import pytest

import tinygraph as tg
from tests.tools.ops import unregistered
from tinygraph.testing import DOMAINS, arrays, check_op, tensors
from tinygraph.testing.domains import as_domain, check_facts, domain_of, example_calls


def op_with(rules=lambda g, y, x: 2 * g, forward=lambda x: 2 * x, **facts):
    return unregistered(forward, rules, **facts)


TWO = (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
MISTAKES = [
    ({"domain": "positve"}, ValueError, "there is no domain 'positve'; expected one of 'real', 'positive', 'nonzero'"),
    ({"domain": 3}, TypeError, "domain=3 is of type int; expected one of 'real'"),
    ({"domain": ("real", "real")}, ValueError, "has 2 parts, the op 1 arguments"),
    ({"domain": ()}, ValueError, "has 0 parts"),
    ({"domain": ("unti",)}, ValueError, "there is no domain 'unti'"),
    ({"kinks": ()}, TypeError, "expected a sentence that says where"),
    (
        {"kinks": "zero", "sample": ((3,),)},
        TypeError,
        "unknown argument sample=; what tests know of is domain=, samples=",
    ),
    ({"samples": ((3, 4),)}, ValueError, r"sample \(3, 4\) has 2 arguments; expected a tuple of calls"),
    ({"samples": (3,)}, TypeError, "sample 3; expected a tuple of calls"),
    ({"samples": 3}, TypeError, "samples=3; expected a tuple of calls"),
    ({"samples": (((3,), {"axis": 0}),)}, ValueError, "has the attribute axis; expected none"),
    (
        {"domain": lambda rng, shape: np.zeros(7)},
        ValueError,
        r"expected floats of shape \(3, 4\), .* gave float64 \(7,\)",
    ),
    ({"domain": lambda rng, shape: np.zeros(shape, int)}, ValueError, "gave int64"),
    ({"samples": ((3.0,),)}, ValueError, "no call of op of a test has a floating-point array"),
]


@pytest.mark.parametrize(("facts", "kind", "said"), MISTAKES)
def test_a_mistake_is_answered_before_anything_is_tried(facts, kind, said):
    with pytest.raises(kind, match=said) as caught:
        check_op(op_with(**facts))
    assert "op of a test" in str(caught.value) or "domain" in str(caught.value)


@pytest.mark.parametrize("name", DOMAINS)
def test_all_names_are_in_the_answer(name):
    with pytest.raises(ValueError, match="there is no domain") as caught:
        as_domain("elsewhere")
    assert repr(name) in str(caught.value)
    assert f'"{name}"' in tg.testing.__doc__


def test_names_functions_and_tuples_of_them_are_domains():
    sevens = lambda rng, shape: np.full(shape, 7.0)
    op = op_with(TWO, lambda a, b: a * b, domain=("positive", sevens))
    rng = np.random.default_rng(0)
    assert (domain_of(op, 0)(rng, (50,)) > 0).all()
    assert (domain_of(op, 1)(rng, (50,)) == 7).all()
    assert (domain_of(op, 5)(rng, (2,)) == 7).all()  # the last one serves the rest
    check_op(op)


def test_the_ops_that_tinygraph_brings_are_told_right():
    for forms in tg.registry.values():
        for op in forms:
            check_facts(op)


@pytest.mark.parametrize("name", [name for name, domain in DOMAINS.items() if domain.contains is not None])
def test_what_a_domain_draws_lies_in_it(name):
    for seed in range(20):
        assert DOMAINS[name].contains(DOMAINS[name](np.random.default_rng(seed), (3, 4)))


@pytest.mark.parametrize("name", [name for name, domain in DOMAINS.items() if domain.guard])
def test_a_guard_brings_any_array_into_the_domain(name):
    x = np.random.default_rng(0).normal(size=100) * 3
    for op, constant in DOMAINS[name].guard:
        x = getattr(np, op)(x) if constant is None else getattr(np, op)(x, constant)
    assert DOMAINS[name].contains(x)


def test_strategies_refuse_an_unknown_domain_when_they_are_made():
    for strategy in (lambda: arrays((2,), domain="positve"), lambda: tensors("N", domain="positve")):
        with pytest.raises(ValueError, match="there is no domain 'positve'"):
            strategy()


def test_samples_are_drawn_from_the_domain():
    op = op_with(domain="above one", samples=(((2, 3),), ((),)))
    shapes = [x.shape for (x,), _ in example_calls(op, np.random.default_rng(0)) if (x > 1).all()]
    assert shapes == [(2, 3), ()]

"""The tools for testing gradients: they find what is wrong, name it, and pass over kinks."""

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from scipy import special

import tinygraph as tg
from tests.tools.ops import unregistered
from tests.tools.processes import run_python
from tinygraph.testing import GradientError, LawError, check_gradients, check_laws, check_op, laws
from tinygraph.testing.oracle import bend, complex_step, richardson

SMOOTH = [
    (np.exp, np.exp),
    (np.sin, np.cos),
    (np.tanh, lambda t: 1 - np.tanh(t) ** 2),
    (lambda t: t**3 - 2 * t, lambda t: 3 * t**2 - 2),
    (lambda t: 1 / (1 + t * t), lambda t: -2 * t / (1 + t * t) ** 2),
]


# -- oracles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("f", "slope"), SMOOTH)
@given(at=st.floats(-2, 2))
def test_both_oracles_find_derivatives_of_analytic_functions(f, slope, at):
    np.testing.assert_allclose(complex_step(lambda t: f(at + t)), slope(at), rtol=1e-13, atol=1e-13)
    found = richardson(lambda t: f(at + t))
    assert abs(found.value - slope(at)) <= max(1e-9, 4 * found.error)


def test_a_complex_step_is_refused_where_numbers_are_not_complex():
    assert complex_step(abs) is None
    assert complex_step(lambda t: np.hypot(t, 1.0)) is None


@given(jump=st.floats(0.1, 10), slope=st.floats(-5, 5))
def test_bends_are_measured(jump, slope):
    assert abs(bend(lambda t: slope * t + jump * abs(t)) - 2 * jump) < 1e-6
    assert bend(lambda t: slope * t + jump * t * t) == 0
    assert bend(lambda t: jump * (t > 0)) == np.inf
    assert bend(lambda t: jump * np.sign(t)) == np.inf
    assert bend(np.sqrt) == np.inf


def test_a_kink_near_by_does_not_mislead():
    assert abs(richardson(lambda t: abs(t - 1e-3)).value + 1) < 1e-9


def test_the_error_of_differences_knows_of_what_cancels_inside():
    for a in np.linspace(0.2, 5, 200):  # kl_div(a, a + t) is 0 with slope 0, but is made of terms as large as a
        slope = richardson(lambda t, a=a: special.kl_div(a, a + 0.7 * t), size=a)
        assert abs(slope.value) <= 4 * slope.error < 1e-8


# -- check_gradients -------------------------------------------------------------------------------------------------


def test_a_function_that_drops_imaginary_parts_is_not_believed():
    f = unregistered(lambda x: np.real(x) * 2.0, lambda g, y, x: 0.0 * g)
    with pytest.raises(GradientError, match="\\(extrapolated differences\\)"):
        check_gradients(f, np.array([1.0]))


def test_the_wrong_element_of_many_is_named():
    def rule(g, y, x):
        factor = np.ones(x.shape)
        factor[3, 7] = 1.5
        return g * 2 * x * factor

    wrong = unregistered(np.square, rule)
    x = np.random.default_rng(0).uniform(0.5, 1.5, (8, 50))
    with pytest.raises(GradientError) as caught:
        check_gradients(wrong, x, order=1)
    said = str(caught.value)
    assert said.startswith("op of a test: the rule for x gives ")
    assert " at (3, 7), expected " in said
    assert said.count(", expected ") == 1


def test_a_failure_names_rule_source_values_and_draws_the_graph():
    wrong = unregistered(np.sin, lambda g, y, x: -g * np.cos(x))
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x: np.tanh(wrong(x)), np.array([0.25, 0.5]))
    said = str(caught.value)
    assert said.startswith("op of a test: the rule for x gives ")
    for part in ("order 1", "rule: -g * np.cos(x)", "np.tanh(wrong(x))", "[0.25, 0.5", "●"):
        assert part in said


def test_a_rule_that_cannot_be_differentiated_rightly_fails_in_the_second_order():
    frozen = unregistered(np.square, lambda g, y, x: g * 2 * (x._value if isinstance(x, tg.Tensor) else x))
    check_gradients(frozen, np.array([1.0]), order=1)
    with pytest.raises(GradientError, match="order 2"):
        check_gradients(frozen, np.array([1.0]), order=2)


def test_kinks_are_reported_not_failed():
    report = check_gradients(lambda x: np.maximum(x, 0) + np.abs(x), np.array([0.0, 1.0, -1.0]), order=1)
    assert report.kinks == [(0, (0,))]
    steep = unregistered(np.abs, lambda g, y, x: g * (np.sign(x) + 2 * (x == 0)))
    with pytest.raises(GradientError):
        check_gradients(steep, np.array([0.0, 1.0]), order=1, subgradients=True)


def test_structures_integers_and_tensors_are_taken_as_grad_takes_them():
    def f(p, index, scale):
        return {"picked": p["a"][index] * scale, "count": np.sum(index), "rest": [p["b"] @ p["b"]]}

    point = {"a": np.arange(4.0), "b": tg.parameter([1.0, 2.0])}
    assert check_gradients(f, point, np.array([0, 0, 2]), 3).kinks == []


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_tolerances_suit_the_dtype(dtype):
    x = np.linspace(0.5, 1.5, 8).astype(dtype)
    check_gradients(lambda x: np.tanh(x * x).sum() / x, x, order=1)
    wrong = unregistered(np.square, lambda g, y, x: g * x * 2.5)
    with pytest.raises(GradientError):
        check_gradients(wrong, x, order=1)


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (lambda: check_gradients(np.tanh, np.array([1, 2])), TypeError),
        (lambda: check_gradients(lambda x: 3, np.array([1.0])), TypeError),
        (lambda: check_gradients(np.tanh, np.array([1.0]), order=0), ValueError),
        (lambda: check_gradients(np.tanh, np.array([1.0]), modes=("sideways",)), ValueError),
        (lambda: tg.testing.tensors("B, T"), ValueError),
        (lambda: tg.testing.axes_of((), none=False), ValueError),
        (lambda: tg.verify(3.0), TypeError),
    ],
)
def test_bad_input_is_refused(run, kind):
    with pytest.raises(kind):
        run()


# -- laws: each is broken by something that no other is made for -----------------------------------------------------


def changes_the_adjoint(g, y, x):
    if isinstance(g, np.ndarray) and g.flags.writeable and g.ndim:
        g *= 2
        return g / 2 + 0.0
    return g * 1.0


BROKEN = {
    "adjoint": lambda: unregistered(np.sin, lambda g, y, x: g * np.sin(x)),
    "linearity": lambda: unregistered(lambda x: x * 1.0, lambda g, y, x: g * np.abs(g)),
    "dtypes_and_shapes": lambda: unregistered(lambda x: x.astype(float) * 1.0, lambda g, y, x: g * 1.0),
    "purity": lambda: unregistered(lambda x: x * 1.0, changes_the_adjoint),
    "second_order": lambda: unregistered(np.square, lambda g, y, x: g * 2 * getattr(x, "_value", x)),
    "recording": lambda: unregistered(
        lambda x: x * 1.0, lambda g, y, x: g * (1.0 if isinstance(g, tg.Tensor) else 2.0)
    ),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_law_is_named(name):
    with pytest.raises(LawError, match=name):
        check_laws(BROKEN[name](), np.array([0.3, 1.2]), laws=[name])


def test_the_law_of_constants_is_broken_by_a_rule_that_asks_a_plain_array_to_record():
    f = unregistered(
        np.multiply,
        (lambda g, y, a, b: b.__array__() * g if isinstance(b, np.ndarray) else g * b, lambda g, y, a, b: g),
    )
    with pytest.raises(LawError):
        check_laws(f, np.array([0.3, 1.2]), np.array([1.0, 1.0]))


def test_the_law_of_broadcasting_is_broken_by_a_missing_sum():
    first_only = lambda g, y, a, b: (g * b)[..., :1] * np.ones(a.shape)
    f = unregistered(lambda a, b: a * b, (first_only, lambda g, y, a, b: g * a), elementwise=True)
    with pytest.raises(LawError, match="broadcasting|adjoint"):
        check_laws(f, np.array([[1.0], [2.0]]), np.array([3.0, 4.0]), broadcasts=True)


def test_an_argument_whose_rule_was_forgotten_is_found():
    f = unregistered(lambda a, b: a * b, (lambda g, y, a, b: g * b, None), samples=(((2,), (2,)),))
    with pytest.raises(LawError, match="no rule"):
        check_op(f)


@given(x=tg.testing.tensors("B I"), W=tg.testing.tensors("H I"), b=tg.testing.tensors("H"))
@settings(max_examples=10)
def test_a_layer_keeps_all_laws(x, W, b):
    check_laws(lambda x, W, b: np.tanh(tg.linear(x, W, b)), x, W, b)


def test_every_law_is_documented_on_the_page():
    for name in [*laws.LAWS, "broadcasting"]:
        assert f"- {name}:" in tg.testing.__doc__


# -- strategies ------------------------------------------------------------------------------------------------------


@given(
    x=tg.testing.tensors("B T D", T=(2, 6)),
    pair=tg.testing.tensors("D K", "K 3 ...", T=(2, 6)),
    lengths=tg.testing.tensors("B", dtype=np.int64),
)
def test_named_dimensions_agree_across_arguments(x, pair, lengths):
    W, V = pair
    assert x.shape[2] == W.shape[0]
    assert W.shape[1] == V.shape[0]
    assert V.shape[1] == 3
    assert 2 <= x.shape[1] <= 6
    assert lengths.shape == x.shape[:1]
    assert not lengths.requires_grad
    assert x.requires_grad


@given(data=st.data(), shape=tg.testing.shapes(max_dims=4))
def test_axes_and_indices_are_ones_that_numpy_takes(data, shape):
    x = np.zeros(shape)
    assert np.sum(x, axis=data.draw(tg.testing.axes_of(shape))).ndim <= x.ndim
    assert x[data.draw(tg.testing.indices_of(shape))].size >= 0


UNSHRUNK = settings(max_examples=5000, database=None, phases=[Phase.generate])


def test_indices_of_every_kind_are_drawn():
    for kind in (
        lambda i: isinstance(i, np.ndarray) and i.dtype == bool and i.any(),
        lambda i: isinstance(i, tuple) and any(part is None for part in i),
        lambda i: isinstance(i, tuple) and any(part is Ellipsis for part in i),
        lambda i: isinstance(i, tuple) and any(isinstance(p, np.ndarray) and len(set(p.tolist())) < len(p) for p in i),
        lambda i: isinstance(i, tuple) and any(isinstance(part, slice) and (part.step or 1) < 0 for part in i),
    ):
        index = find(tg.testing.indices_of((3, 2)), kind, settings=UNSHRUNK)
        assert kind(index)


@pytest.mark.slow
def test_a_wrong_op_shrinks_to_a_program_of_one_line():
    wrong = unregistered(np.cos, lambda g, y, x: g * np.sin(x))
    shared = [tg.tanh, tg.add, tg.multiply, wrong]

    def fails(program):
        try:
            check_gradients(program, *program.inputs, order=1)
        except GradientError:
            return True
        return False

    smallest = find(tg.testing.programs(ops=shared), fails, settings=settings(max_examples=2000, database=None))
    assert len(smallest.instructions) == 1
    assert len(smallest.inputs) == 1
    assert smallest.inputs[0].size <= 2


# -- verify ----------------------------------------------------------------------------------------------------------


def test_verify_names_the_wrong_op_in_a_long_network():
    wrong = unregistered(np.tanh, lambda g, y, x: g * (1 - y))
    W, h = tg.parameter(np.eye(2) * 0.5), tg.tensor([0.5, -0.5])
    with tg.scope("encoder"):
        for t in range(1, 21):
            with tg.timestep(t):
                a = W @ h
                h = wrong(a) if t == 7 else np.tanh(a)
    [finding] = tg.verify(h.sum())
    said = str(finding)
    for part in ("op of a test", "time step 7", "encoder", "wrong(a)", "rule: g * (1 - y)", __file__):
        assert part in said
    assert finding.argument == 0


def test_verify_finds_shapes_missing_contributions_and_rules_that_raise():
    x = tg.parameter(np.ones((2, 3)))

    def raises(g, y, x):
        raise KeyError("inside")

    for rule, word in (
        (lambda g, y, x: g.sum(), "shape"),
        (lambda g, y, x: None, "gives None"),
        (raises, "KeyError"),
    ):
        [finding] = tg.verify(unregistered(lambda x: x * 1.0, rule)(x).sum(), first=True)
        assert word in finding.reason


def test_verify_passes_over_kinks_and_replaced_parameters():
    w = tg.parameter([0.0, 1.0, -1.0])
    loss = (np.abs(w) * np.maximum(w, 0)).sum()
    w.data = np.full(3, 100.0)
    assert tg.verify(loss) == []


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_verify_in_every_dtype(dtype):
    W, x = tg.parameter(np.linspace(-1, 1, 12).reshape(3, 4).astype(dtype)), tg.tensor(np.ones(4, dtype))
    assert tg.verify(tg.softmax_cross_entropy(np.tanh(W @ x), np.array(1))) == []


def test_hypothesis_is_not_needed_for_checks_at_a_point():
    program = """
import sys
sys.modules["hypothesis"] = None
import numpy as np, tinygraph as tg
tg.testing.check_gradients(np.tanh, np.array([1.0]))
tg.testing.check_op(tg.exp)
try:
    tg.testing.tensors
except ImportError as error:
    assert "pip install hypothesis" in str(error)
else:
    raise SystemExit("tensors without Hypothesis")
"""
    ran = run_python("-c", program)
    assert ran.returncode == 0, ran.stderr

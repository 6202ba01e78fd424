"""How Hypothesis searches and shrinks: its profile, named dimensions, and how few calls a report takes."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

import tinygraph as tg
from tests.tools.ops import unregistered
from tinygraph.testing import arrays, check_gradients, profile, tensors

QUIET = settings(
    deadline=None, phases=[Phase.generate, Phase.shrink], database=None, derandomize=True, max_examples=100
)


@pytest.fixture
def profiles():
    """Let a test load profiles."""
    name, ours = settings.get_current_profile_name(), settings.get_profile("default")
    yield
    settings.register_profile("default", ours)
    settings.load_profile(name)


def shipped():
    return settings(
        settings.get_profile("default"),
        max_examples=100,
        derandomize=False,
        phases=tuple(Phase),
        suppress_health_check=(),
        deadline=200,
        print_blob=False,
    )


def test_the_profile_is_loaded_where_none_was_chosen(profiles):
    settings.register_profile("default", shipped())
    settings.load_profile("default")
    profile.use()
    assert settings.get_current_profile_name() == "tinygraph"
    assert settings.default.deadline is None
    assert Phase.explain not in settings.default.phases
    assert Phase.shrink in settings.default.phases
    assert HealthCheck.too_slow in settings.default.suppress_health_check
    assert settings.default.print_blob
    assert settings.default.max_examples == 100


def test_what_hypothesis_chooses_on_ci_is_kept(profiles):
    ci = settings(shipped(), derandomize=True, deadline=None, database=None, print_blob=True)
    settings.register_profile("default", ci)
    settings.load_profile("default")
    profile.use()
    assert settings.get_current_profile_name() == "tinygraph"
    assert settings.default.derandomize
    assert settings.default.database is None
    assert Phase.explain not in settings.default.phases


@pytest.mark.parametrize("chosen", [{"max_examples": 1000}, {"deadline": 500}, {"phases": (Phase.generate,)}])
def test_a_chosen_profile_is_left_alone(profiles, chosen):
    settings.register_profile("mine", shipped(), **chosen)
    settings.load_profile("mine")
    before = settings.default
    profile.use()
    assert settings.get_current_profile_name() == "mine"
    assert settings.default == before
    settings.load_profile("tinygraph")  # but is there to be chosen
    assert settings.default.deadline is None


def test_a_profile_named_on_the_command_line_is_left_alone(profiles, monkeypatch):
    monkeypatch.setitem(sys.modules, "tinygraph_pytest", SimpleNamespace(profile_chosen=True))
    settings.register_profile("default", shipped())
    settings.load_profile("default")
    profile.use()
    assert settings.get_current_profile_name() == "default"


def test_a_running_test_keeps_its_settings():
    @QUIET
    @given(st.integers())
    def test(n):
        before = settings.default
        profile.use()
        assert settings.default is before

    test()


@given(W=tensors("4H H", "4H 2 I"), h=tensors("H"), x=tensors("I"))
def test_a_number_before_a_name_multiplies_it(W, h, x):
    recurrent, other = W
    (H,), (D,) = h.shape, x.shape
    assert recurrent.shape == (4 * H, H)
    assert other.shape == (4 * H, 2, D)


@pytest.mark.parametrize("spec", ["B, T", "H4-", "4 -H", "-1"])
def test_a_spec_that_is_none_is_shown(spec):
    with pytest.raises(ValueError, match="expected names and numbers as in 'B T 3 4H'"):
        tensors(spec)


def test_real_arrays_are_dense_with_zeros_and_ties():
    seen = []

    @settings(QUIET, phases=[Phase.generate])
    @given(arrays((4, 4)))
    def look(x):
        seen.append(x)

    look()
    values = np.concatenate(seen)
    assert 0.1 < np.mean(values == 0) < 0.9
    assert set(np.unique(values)) <= set(np.arange(-96, 97) / 16)
    assert len(np.unique(values)) > 40
    assert np.any([len(np.unique(x[x != 0])) < np.count_nonzero(x) for x in seen])


@pytest.mark.parametrize(
    ("condition", "smallest"),
    [
        (lambda x: x[1] > 1, [0.0, 1.125]),
        (lambda x: x[1] < -1, [0.0, -1.125]),
        (lambda x: x[0] > x[1] > 0, [0.25, 0.125]),
    ],
)
def test_real_arrays_shrink_element_by_element(condition, smallest):
    assert find(arrays((2,)), condition, settings=QUIET).tolist() == smallest


def test_elements_stay_when_the_shape_shrinks():
    layer = tensors("H I", "I")
    W, x = find(layer, lambda pair: pair[0].data[0, 0] * pair[1].data[0] > 3, settings=QUIET)
    assert W.shape == (1, 1)
    assert x.shape == (1,)


def test_tensors_are_printed_as_code_that_makes_them():
    for x in (
        tg.parameter([[0.5, -1.0]]),
        tg.tensor([1, 2]),
        tg.tensor([0.1], dtype=np.float32, requires_grad=True),
        tg.tensor([True]),
    ):
        again = eval(pretty(x), {"tg": tg})
        np.testing.assert_array_equal(again.data, x.data)
        assert (again.dtype, again.requires_grad) == (x.dtype, x.requires_grad)
        assert "\n" not in pretty(x)


def lstm_cell(gate, W, U, b, h, c, x):
    n = len(h)
    a = W @ h + U @ x + b
    i, f, o = gate(a[:n]), gate(a[n : 2 * n]), gate(a[2 * n : 3 * n])
    c = f * c + i * np.tanh(a[3 * n :])
    return o * np.tanh(c), c


GATES = {
    "everywhere": lambda g, y, x: g * y * (1 + y),
    "for large x": lambda g, y, x: g * y * (1 - y) * (1 + (x > 1.5)),
    "in one element": lambda g, y, x: g * y * (1 - y) * np.where(np.arange(x.shape[-1]) == 2, 1.5, 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", GATES)
def test_a_wrong_cell_is_reported_after_few_calls(wrong):
    gate = unregistered(lambda x: 1 / (1 + np.exp(-x)), GATES[wrong])
    calls = 0

    @settings(QUIET, max_examples=300)
    @given(
        W=tensors("4H H", H=(1, 3)),
        U=tensors("4H 2", H=(1, 3)),
        b=tensors("4H", H=(1, 3)),
        h=tensors("H", H=(1, 3)),
        c=tensors("H", H=(1, 3)),
        x=tensors("2"),
    )
    def test(W, U, b, h, c, x):
        nonlocal calls
        calls += 1
        check_gradients(lambda *args: lstm_cell(gate, *args), W, U, b, h, c, x)

    with pytest.raises(AssertionError, match="^op of a test: the rule for x gives "):
        test()
    assert calls < 300  # each takes some hundredths of a second

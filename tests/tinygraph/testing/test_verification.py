"""verify: no false alarms, and what it could not check is counted and said."""

import numpy as np
import pytest

import tinygraph as tg
from tests.programs.healthy import HEALTHY, healthy_loss
from tests.tools.ops import unregistered
from tinygraph.testing.domains import example_calls
from tinygraph.testing.findings import Findings
from tinygraph.testing.law_checks import bound
from tinygraph.testing.strategies import ops

FLOATS = [np.float16, np.float32, np.float64]


@pytest.mark.parametrize("before", FLOATS)
@pytest.mark.parametrize("after", FLOATS)
def test_a_cast_is_right_in_every_direction(before, after):
    x = tg.parameter(np.linspace(-1, 1.3, 7).astype(before))
    findings = tg.verify((np.tanh(x).astype(after) * 3).sum())
    assert findings == []
    assert len(findings.checked) == 4


def test_a_cast_that_forgets_the_way_back_is_found():
    wrong = unregistered(lambda x, dtype=None: x.astype(dtype), lambda g, y, x, dtype=None: (2 * g).astype(x.dtype))
    x = tg.parameter(np.ones(3, np.float16))
    [finding] = tg.verify(wrong(x, dtype=np.float32).sum())
    assert finding.got == pytest.approx(2 * finding.expected, rel=1e-2)


@pytest.mark.parametrize("dtype", FLOATS)
def test_no_op_is_called_wrong_in_any_dtype(dtype):
    for op in ops():
        for arrays, attributes in example_calls(op, np.random.default_rng(0)):
            f, args = bound(op, arrays, attributes)
            try:
                y = f(*(tg.parameter(x.astype(dtype)) for x in args))
            except TypeError:  # np.linalg has no float16
                continue
            if args and y.requires_grad:
                findings = tg.verify(y)
                assert findings == []
                assert len(findings.checked) == 1


def test_what_is_not_finite_or_at_a_kink_is_counted_and_said():
    x = tg.parameter([0.0, 1.0, -1.0])
    with np.errstate(all="ignore"):
        loss = np.abs(x) * 2 + np.log(x) + np.exp(x)
    findings = tg.verify(loss)
    assert findings == []
    assert [str(node.op) for node in findings.kinks] == ["absolute"]
    assert [str(node.op) for node in findings.nonfinite] == ["log", "add", "add"]
    assert [str(node.op) for node in findings.checked] == ["absolute", "multiply", "exp"]
    assert (
        repr(findings)
        == str(findings)
        == "every rule that could be checked agrees (3 checked, 3 not finite, 1 at a kink)"
    )


def test_warnings_as_errors_make_no_rule_wrong():
    x = tg.parameter([0.0, 4.0])
    with np.errstate(all="raise"):
        findings = tg.verify(np.sqrt(x))
    assert findings == []
    assert len(findings.kinks) == 1


def test_a_slope_that_rounds_to_nothing_is_not_wrong():
    x = tg.parameter([-70.0, 0.5])
    assert tg.verify(np.sum(tg.softplus(x))) == []


def test_wrong_rules_are_printed_with_the_count():
    wrong = unregistered(np.tanh, lambda g, y, x: g * (1 - y))
    x = tg.parameter([0.5, 1.0])
    findings = tg.verify(wrong(wrong(x)) * np.abs(x))
    assert isinstance(findings, Findings)
    assert [str(finding.node.op) for finding in findings] == ["op of a test"] * 2
    said = str(findings)
    assert said.count("op of a test: the rule for x gives ") == 2
    assert said.endswith("the rules of 2 nodes are wrong (4 checked)")
    assert tg.verify(wrong(x)).summary == "the rules of 1 node are wrong (1 checked)"


def test_nothing_to_check_is_said():
    assert str(tg.verify(tg.tensor([1.0]) * 2)) == "nothing was checked (0 checked)"


def test_ops_from_a_file_are_said_to_be_unknown(tmp_path):
    mine = unregistered(lambda x: 2 * x, lambda g, y, x: 2 * g)
    x = tg.parameter([0.5, 1.0])
    trace = tg.trace(np.tanh(mine(x)).sum())
    trace.save(tmp_path / "run.trace")
    findings = tg.load_trace(tmp_path / "run.trace").verify()
    assert findings == []
    assert [str(node.op) for node in findings.unknown] == ["op of a test"]
    assert str(findings) == "every rule that could be checked agrees (2 checked, 1 whose rules are not here)"


def dropout_over(steps, fresh):
    """A mask in a buffer: drawn anew in every time step, as healthy programs do, or into the same array."""
    rng = np.random.default_rng(0)
    mask, h = np.ones(4), tg.parameter(np.linspace(0.5, 1.0, 4))
    for _ in range(steps):
        mask = rng.integers(0, 2, 4) * 2.0 if fresh else mask
        if not fresh:
            mask[:] = rng.integers(0, 2, 4) * 2.0
        drop = unregistered(lambda x, mask=mask: x * mask, lambda g, y, x, mask=mask: g * mask)
        h = drop(h + 1.0)
    return np.sum(h)


def test_a_rule_that_reads_what_has_changed_since_is_found_by_its_forward():
    findings = tg.verify(dropout_over(4, fresh=False))
    assert [finding.argument for finding in findings] == [None] * len(findings)
    assert 1 <= len(findings) <= 3  # in the last time step the buffer still holds its mask
    assert findings[0].got != findings[0].expected
    said = str(findings)
    assert "its forward function gives" in said
    assert "recorded was" in said
    assert "now give" in findings.summary
    assert 'forward in File "' in said
    assert tg.verify(dropout_over(4, fresh=True)) == []


def test_an_output_that_is_overwritten_later_is_found():
    buffer = np.empty(3)
    op = unregistered(lambda x: np.multiply(x, 2.0, out=buffer), lambda g, y, x: 2.0 * g)
    x = tg.parameter(np.ones(3))
    findings = tg.verify(np.sum(op(x) * op(x + 1.0)))
    assert {str(finding.node.op) for finding in findings} == {"op of a test"}


def test_a_wrong_rule_is_told_once_for_all_time_steps_with_its_own_line():
    wrong = unregistered(np.tanh, lambda g, y, x: g * (1 - y))
    rule_line = wrong.rules[0].__code__.co_firstlineno
    h = tg.parameter(np.array([0.5, -0.2]), name="h")
    for t in range(1, 6):
        with tg.timestep(t):
            h = wrong(h)
    findings = tg.verify(np.sum(h))
    assert len(findings) == 5
    [together] = findings.by_place
    assert len(together) == 5
    said = str(findings)
    assert said.count("op of a test: the rule for x gives") == 1
    assert f"line {rule_line}\n" in said
    assert "used in time steps 1–5, File" in said
    assert "h = wrong(h)" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", HEALTHY)
def test_no_rule_of_a_healthy_program_is_called_wrong(name):
    assert tg.verify(healthy_loss(name)) == []

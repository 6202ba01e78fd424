"""No call of the table is wrong; what is refused shows the call; where jax is installed, it agrees."""

import numpy as np
import pytest

from tests.foreign.numpy_calls import (
    calls,
    difference_from_numpy,
    disagreement_with_jax,
    second_order_fault,
    verdict_on,
)
from tests.foreign.program import REFUSED, RIGHT, UNCLEAR

CALLS = list(calls())
FAMILIES = list(dict.fromkeys(call.family for call in CALLS))
OTHER_DTYPES = (  # of float32: where NumPy computes in float64, or where a Python number widens here
    *("np.percentile(", "np.quantile(", "np.cov(", "np.corrcoef(", "np.vander(", "np.dot(x, 2.0)"),
    *("np.nanquantile(", "np.geomspace(", "special.beta", "special.xlogy(m34"),
    *("np.choose(", "np.insert(", "np.gradient("),
)
ALLOWED = {"": {RIGHT}, "!": {RIGHT, REFUSED}, "?": {RIGHT, REFUSED, UNCLEAR}}


def test_the_table_is_large_and_says_every_call_once():
    assert len({call.text for call in CALLS}) == len(CALLS) > 1000
    assert sum(call.mark == "" for call in CALLS) > 850


@pytest.mark.parametrize("family", FAMILIES)
def test_calls_are_right_or_refused_as_the_table_says(family):
    verdicts = {call: verdict_on(call) for call in CALLS if call.family == family and call.mark != "X"}
    unexpected = {call.text: verdict for call, verdict in verdicts.items() if verdict.kind not in ALLOWED[call.mark]}
    assert not unexpected


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_values_shapes_and_dtypes_are_numpy_s(dtype):
    right = [call for call in CALLS if not call.mark and call.names]
    differences = {call.text: difference_from_numpy(call, dtype) for call in right}
    different = {text for text, difference in differences.items() if difference}
    known = {text for text in different if text.startswith(OTHER_DTYPES)} if dtype is np.float32 else set()
    assert not {text: differences[text] for text in different - known}


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_second_derivatives_of_the_calls_that_are_right(family):
    faults = {call.text: second_order_fault(call) for call in CALLS if call.family == family and not call.mark}
    assert not {text: fault for text, fault in faults.items() if fault}


@pytest.mark.parametrize("call", [call for call in CALLS if call.mark == "X"], ids=lambda call: call.text)
@pytest.mark.xfail(reason="a number is cut off the graph, or is not NumPy's, without a word", strict=True)
def test_calls_that_are_wrong_today(call):
    assert verdict_on(call).kind in (RIGHT, REFUSED)


@pytest.mark.parametrize("family", FAMILIES)
def test_jax_agrees_where_it_is_installed(family):
    pytest.importorskip("jax")
    different = {call.text: disagreement_with_jax(call) for call in CALLS if call.family == family and not call.mark}
    assert not {text: difference for text, difference in different.items() if difference}

"""Section D of the lectures: three networks set by hand."""

from itertools import accumulate, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn


def parity(bits):
    return list(accumulate(bits, lambda before, bit: before ^ bit))


def test_d_sum():
    outputs = rnn.summing_network()([[2.0], [-0.5], [1.0], [1.0]])
    assert [o.data[0] for o in outputs] == [2, 1.5, 2.5, 3.5]


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
def test_d_sum_of_any_sequence(values):
    outputs = rnn.summing_network()(np.array(values)[:, None])
    np.testing.assert_allclose([o.data[0] for o in outputs], list(accumulate(values)), atol=1e-9)


def test_d_comparison():
    network = rnn.ComparingNetwork()
    xs = [[2.0, -2.0], [0.0, 3.5], [1.0, 2.2]]
    hidden, _ = rnn.unroll(network.network.layer, xs)
    np.testing.assert_allclose([h.data[0] for h in hidden], [4, 0.5, -0.7], atol=1e-12)
    assert [f"{ŷ.data[0]:.2f}" for ŷ in network(xs)] == ["1.00", "0.92", "0.03"]


def test_d_parity_of_every_bit_string_up_to_length_12():
    network = rnn.ParityNetwork()
    for length in range(1, 13):
        strings = np.array(list(product([0.0, 1.0], repeat=length)))
        outputs = np.stack([ŷ.data[:, 0] for ŷ in network(strings.T[:, :, None])])
        assert np.array_equal(outputs, np.cumsum(strings.T, axis=0) % 2)


@pytest.mark.parametrize("gain", [5, 8, 20])
@given(st.lists(st.integers(0, 1), min_size=100, max_size=100))
def test_d_parity_with_logistic_units_stays_exact_at_length_100(gain, bits):
    assert rnn.ParityNetwork(gain=gain).parity(bits) == parity(bits)

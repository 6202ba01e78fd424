"""Gradients have the dtype of their leaves."""

import numpy as np
from hypothesis import given

import tinygraph as tg
from tests.tools.ops import unregistered
from tinygraph.testing.strategies import tensors


@given(x=tensors("B I", dtype=np.float32), W=tensors("H I", dtype=np.float32), b=tensors("H", dtype=np.float32))
def test_float32_stays_float32_through_a_layer_and_back(x, W, b):
    h = np.tanh(tg.linear(x, W, b)) * 2 + 1
    loss = (h * h).mean()
    loss.backward()
    assert {h.dtype, loss.dtype, x.grad.dtype, W.grad.dtype, b.grad.dtype} == {np.dtype(np.float32)}


def test_mixed_dtypes_promote_forward_and_come_back_in_their_own():
    narrow, wide = tg.parameter(np.ones(3, np.float32)), tg.parameter(np.ones(3))
    y = narrow * wide
    y.sum().backward()
    assert y.dtype == np.float64
    assert narrow.grad.dtype == np.float32
    assert wide.grad.dtype == np.float64


def test_integers_and_booleans_are_constants():
    w = tg.parameter([1.0, 2.0])
    count, mask = tg.tensor([1, 2]), tg.tensor([True, False])
    y = (w * count * mask).sum()
    y.backward()
    np.testing.assert_allclose(w.grad, [1.0, 0.0])
    assert count.grad is None
    assert not (count + count).requires_grad


def test_a_rule_of_a_wider_dtype_leaves_a_gradient_of_the_leaf_s_own():
    wide = unregistered(lambda x: x * 2, lambda g, y, x: g * np.float64(2))
    x = tg.parameter(np.ones(3, np.float32))
    wide(x).sum().backward()
    assert x.grad.dtype == np.float32

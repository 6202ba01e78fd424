"""Ops with attributes, saved values, hidden state, and any number of arguments, each wrong in one way."""

import numpy as np
from hypothesis import given

import tinygraph as tg
from tinygraph.recording.op import each
from tinygraph.testing import check_gradients, check_op, tensors


def inverse_norm(x, eps=1e-5):
    return 1 / np.sqrt(np.mean(x * x, -1, keepdims=True) + eps)


def normalized(x, eps=1e-5):
    r = inverse_norm(x, eps)
    return x * r, r


class Mask:
    """Remembers where its last input was positive."""

    def forward(self, x):
        self.positive = x > 0
        return np.where(self.positive, x, x / 8)

    def rule(self, g, y, x):
        return g * np.where(self.positive, 1, 0.125).astype(x.dtype)  # of the last call, whichever that was


rms_norm = tg.op(
    normalized,
    vjp=lambda g, y, x, r, eps=1e-5: r * (g - y * np.mean(g, -1, keepdims=True)),  # the mean of g, to be that of g y
    saves=inverse_norm,
    name="rms_norm",
    samples=(((3, 4),), ((3, 4), {"eps": 0.1})),
)
weighted = tg.op(
    lambda *xs: sum((i + 1) * x for i, x in enumerate(xs)),
    vjp=each(lambda i, g, y, xs: (i + (i < 2)) * g),  # to be i + 1 for every i
    name="weighted",
    samples=(((3,), (3,)), ((3,), (3,), (3,))),
)
wide = tg.op(lambda x: x * 2 + np.zeros(()), vjp=lambda g, y, x: g * 2, name="wide")  # a float64 among all dtypes
mask = Mask()
leaky = tg.op(mask.forward, vjp=lambda g, y, x: mask.rule(g, y, x), name="leaky", domain="nonzero")


def test_saved():
    check_op(rms_norm)


@given(x=tensors("N"), y=tensors("N"), z=tensors("N"))
def test_any_number(x, y, z):
    check_gradients(lambda *xs: np.sum(weighted(*xs) ** 2), x, y, z)


def test_dtype():
    check_op(wide)


def test_hidden_state():
    check_op(leaky)

"""Ops as classes with static methods, each rule wrong in one way, and the tests of their author."""

import numpy as np
from hypothesis import given

import tinygraph as tg
from tinygraph.testing import check_gradients, check_op, tensors


class Softplus:
    @staticmethod
    def forward(x):
        return np.logaddexp(0, x)

    @staticmethod
    def backward(g, y, x):
        s = 1 / (
            1 + np.exp(-x)  # as it should be
        )
        return -(g * s)  # the sign


class Affine:
    @staticmethod
    def forward(x, W, b):
        return x @ W.T + b

    @staticmethod
    def to_x(g, y, x, W, b):
        return g @ W

    @staticmethod
    def to_W(g, y, x, W, b):
        return x.T @ g  # to be transposed

    @staticmethod
    def to_b(g, y, x, W, b):
        return np.sum(g, axis=0)


def from_class(cls, *rules, **facts):
    return tg.op(cls.forward, vjp=rules[0] if len(rules) == 1 else rules, name=cls.__name__.lower(), **facts)


softplus = from_class(Softplus, Softplus.backward)
affine = from_class(Affine, Affine.to_x, Affine.to_W, Affine.to_b, samples=(((5, 3), (2, 3), (2,)),))


def test_sign():
    check_op(softplus)


def test_transpose():
    check_op(affine)


@given(x=tensors("B I"), W=tensors("O I"), b=tensors("O"))
def test_transpose_in_a_layer(x, W, b):
    check_gradients(lambda x, W, b: np.tanh(affine(x, W, b)), x, W, b)

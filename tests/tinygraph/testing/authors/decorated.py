"""Ops made by a decorator, each rule wrong in one way, and the tests of their author."""

import numpy as np
from hypothesis import given

import tinygraph as tg
from tinygraph.testing import check_gradients, check_op, tensors


def differentiable(*rules, **options):
    def made(forward):
        return tg.op(forward, vjp=rules if len(rules) > 1 else rules[0], name=forward.__name__, **options)

    return made


@differentiable(
    lambda g, y, x, s: g * s,
    lambda g, y, x, s: g * x,  # to be summed over the rows along which s is stretched
    samples=(((4, 3), (3,)),),
)
def scale_columns(x, s):
    return x * s


@differentiable(
    lambda g, y, x, s: g * s,
    lambda g, y, x, s: np.sum(g, axis=0),  # forgets x
    samples=(((4, 3), (3,)),),
)
def scale(x, s):
    return x * s


@differentiable(lambda g, y, a, b: g * b, None, samples=(((3,), (3,)),))  # no rule for b
def product(a, b):
    return a * b


def test_sum():
    check_op(scale_columns)


@given(x=tensors("N D"), s=tensors("D"))
def test_factor(x, s):
    check_gradients(scale, x, s)


def test_argument():
    check_op(product)

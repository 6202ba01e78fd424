"""A recursive network: a tree of nested tuples of words is folded up, node by node."""

import numpy as np


def encode(params, tree):
    if type(tree) is not tuple:
        return params["E"][tree]
    left, right = tree
    return np.tanh(params["W"] @ np.concatenate([encode(params, left), encode(params, right)]) + params["b"])


def loss(params, tree, target):
    return np.mean((encode(params, tree) - target) ** 2)


def cases(rng):
    for tree in ((1, 2), ((1, 2), 3), (3, (1, 2)), (1, 2), (((0, 1), 2), (4, 4)), 4):
        params = {"W": rng.normal(size=(3, 6)), "b": rng.normal(size=3), "E": rng.normal(size=(5, 3))}
        yield params, tree, rng.normal(size=3)

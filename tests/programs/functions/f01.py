"""Elman RNN, the textbook way: a dict of parameters, one sequence, a list of outputs that is stacked, MSE."""

import numpy as np


def loss(params, xs, targets):
    W, U, V = params["W"], params["U"], params["V"]
    b, c = params["b"], params["c"]
    h = np.zeros(W.shape[0])
    ys = []
    for x in xs:
        h = np.tanh(W @ h + U @ x + b)
        ys.append(V @ h + c)
    y = np.stack(ys)
    return np.mean((y - targets) ** 2)


def cases(rng):
    def params():
        return {
            "W": rng.normal(size=(4, 4)) / 2,
            "U": rng.normal(size=(4, 3)),
            "V": rng.normal(size=(2, 4)),
            "b": rng.normal(size=4) / 4,
            "c": np.zeros(2),
        }

    for T in (5, 5, 5, 9):
        yield params(), rng.normal(size=(T, 3)), rng.normal(size=(T, 2))

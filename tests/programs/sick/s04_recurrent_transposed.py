"""Homework 3, part b: the recurrent matrix-vector product as an op with our own backward."""

import numpy as np

import tinygraph as tg

HIDDEN, INPUT = 4, 2


def recur_forward(W, h):
    return W @ h


# dL/dW = g h^T ; dL/dh = W g
def recur_dW(g, y, W, h):
    return np.outer(g, h)


def recur_dh(g, y, W, h):
    return W @ g


recur = tg.op(recur_forward, vjp=(recur_dW, recur_dh), name="recur")

np_rng = np.random.default_rng(42)
W = tg.parameter(np_rng.normal(size=(HIDDEN, HIDDEN)) * 0.6)
U = tg.parameter(np_rng.normal(size=(HIDDEN, INPUT)))
b = tg.parameter(np.zeros(HIDDEN))
sequence = np_rng.normal(size=(6, INPUT))


def main():
    h = tg.tensor(np.zeros(HIDDEN))
    for x in sequence:
        a = recur(W, h) + U @ x + b
        h = np.tanh(a)
    return 0.5 * np.sum((h - 0.5) ** 2)


if __name__ == "__main__":
    loss = main()
    print("loss =", loss.item())
    loss.backward()
    print("dW =", W.grad, sep="\n")

"""Copies a bit over ten blank steps with an orthogonal linear memory: most steps have no loss, no input and no bias."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(16)
H, BLANKS = 4, 10
W = tg.parameter(np.linalg.qr(rng.normal(size=(H, H)))[0])
u = tg.parameter(rng.normal(size=H))
v = tg.parameter(np.full(H, 0.1))
parameters = [W, u, v]
bits = np.array([1.0, -1.0, -1.0, 1.0])


def remember(bit):
    inputs = [bit] + [0.0] * BLANKS
    h = np.zeros(H)
    for x in inputs:
        h = W @ h + u * x
    return v @ h


def main():
    return np.mean(np.stack([(remember(bit) - bit) ** 2 for bit in bits]))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())

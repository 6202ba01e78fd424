"""Keeps the first of nine numbers, with a GRU whose three blocks stand in one matrix: update, reset, candidate."""

import numpy as np

import tinygraph as tg

N, D = 14, 6
rng = np.random.default_rng(31)
numbers = rng.uniform(-1, 1, size=(9, N, 1))


def blocks(rows):
    return tg.parameter(rng.normal(size=(rows, 3 * D)) * 0.3)


inputs, states = blocks(1), blocks(D)
offset = np.zeros(3 * D)
offset[-D:] += 4.5
bias = tg.parameter(offset)
out = tg.parameter(rng.normal(size=D) * 0.4)
parameters = [inputs, states, bias, out]


def step(h, x):
    a = x @ inputs + bias
    z, r = (tg.sigmoid(a[:, k : k + D] + h @ states[:, k : k + D]) for k in (0, D))
    candidate = np.tanh(a[:, 2 * D :] + (r * h) @ states[:, 2 * D :])
    return z * h + (1 - z) * candidate


def main():
    h = np.zeros((N, D))
    for x in numbers:
        h = step(h, x)
    return np.mean((h @ out - numbers[0, :, 0]) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

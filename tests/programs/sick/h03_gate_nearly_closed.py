"""A memory cell set by hand: it takes the first value in, and keeps it while the gate is nearly closed."""

import numpy as np

import tinygraph as tg

w_gate = tg.parameter([12.0, 0.0])  # opens at the flag
b_gate = tg.parameter(-6.0)
w_value = tg.parameter([0.0, 1.0])
scale, offset = tg.parameter(0.9), tg.parameter(0.1)
parameters = [w_gate, b_gate, w_value, scale, offset]

rng = np.random.default_rng(3)
flags = np.zeros(15)
flags[0] = 1.0
sequences = [np.stack([flags, rng.normal(size=15)], axis=1) for _ in range(6)]


def recall(xs):
    c = 0.0
    for x in xs:
        gate = tg.sigmoid(w_gate @ x + b_gate)
        c = (1 - gate) * c + gate * np.tanh(w_value @ x)
    return scale * c + offset


def main():
    return np.mean(np.stack([(recall(xs) - np.tanh(xs[0, 1])) ** 2 for xs in sequences]))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), b_gate.grad)

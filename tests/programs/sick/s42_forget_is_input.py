"""An LSTM cell as in the textbook, with the usual forget bias of 1 (so that it remembers at first)."""

import numpy as np

import tinygraph as tg


def make_lstm(inputs, size, seed):
    r = np.random.default_rng(seed)
    W = tg.parameter(r.normal(size=(4 * size, inputs + size)) * 0.2)
    b = tg.parameter(np.concatenate([np.full(size, -2.0), np.full(size, 3.0), np.zeros(2 * size)]))

    def step(h, c, x):
        a = W @ np.concatenate([x, h]) + b
        i, f, o, g = np.split(a, 4)
        i, f, o, g = tg.sigmoid(i), tg.sigmoid(f), tg.sigmoid(o), np.tanh(g)
        c = i * c + f * g
        return o * np.tanh(c), c

    return W, b, step


W, b, step = make_lstm(2, 5, seed=55)
v = tg.parameter(np.random.default_rng(56).normal(size=5))
xs = tg.tensor(np.random.default_rng(57).normal(size=(20, 2)), name="xs")


def final_state(xs):
    h, c = np.zeros(5), np.zeros(5)
    for x in xs:
        h, c = step(h, c, x)
    return h


def main():
    return (v @ final_state(xs) - 1.0) ** 2


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

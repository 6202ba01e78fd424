"""Clockwork RNN (Koutnik et al. 2014)."""

import numpy as np

import tinygraph as tg

periods = [1, 2, 4]  # fast to slow
k = 2  # units in a module


def clockwork(seed):
    rng = np.random.default_rng(seed)
    g = len(periods)
    # a module listens to itself and to the slower ones
    W_H = {(i, j): tg.parameter(rng.normal(0, 0.4, (k, k))) for i in range(g) for j in range(i, g)}
    W_I = [tg.parameter(rng.normal(0, 0.4, (k, 1))) for _ in range(g)]
    b = [tg.parameter(np.zeros(k)) for _ in range(g)]
    W_O = tg.parameter(rng.normal(0, 0.4, (1, g * k)))

    def forward(xs):
        y = [np.zeros(k) for _ in range(g)]
        outs = []
        for t, x in enumerate(xs):
            y_prev = list(y)
            for i, T_i in enumerate(periods):
                if t % T_i == 0:
                    a = W_I[i] @ x + b[i]
                    for j in range(i, g):
                        a = a + W_H[i, j] @ y_prev[j]
                    y[i] = np.tanh(a)
            outs.append(W_O @ np.concatenate(y))
        return outs

    return forward


def main():
    model = clockwork(seed=20)
    time_axis = np.arange(1, 9)
    signal = np.sin(time_axis) + 0.5 * np.sin(time_axis / 3)
    outputs = model(signal[:-1, None])
    return sum(((o - s) ** 2).sum() for o, s in zip(outputs, signal[1:])) / len(outputs)

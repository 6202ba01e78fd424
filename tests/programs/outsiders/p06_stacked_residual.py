from collections import namedtuple

import numpy as np

import tinygraph as tg

Layer = namedtuple("Layer", ["W", "U", "b"])

rng = np.random.default_rng(6)
n_hidden = 4
n_layers = 3

W_in = tg.parameter(rng.normal(size=(2, n_hidden)) * 0.5)
layers = [
    Layer(
        W=tg.parameter(rng.normal(size=(n_hidden, n_hidden)) * 0.3),
        U=tg.parameter(rng.normal(size=(n_hidden, n_hidden)) * 0.3),
        b=tg.parameter(np.zeros(n_hidden)),
    )
    for _ in range(n_layers)
]
W_out = tg.parameter(rng.normal(size=(n_hidden, 1)) * 0.5)


def run(sequence):
    state = [np.zeros(n_hidden) for _ in layers]
    outputs = []
    for x_t in sequence:
        below = x_t @ W_in
        for l, layer in enumerate(layers):
            state[l] = np.tanh(below @ layer.W + state[l] @ layer.U + layer.b)
            below = below + state[l]  # residual
        outputs.append(below @ W_out)
    return np.concatenate(outputs)


def main():
    t = np.arange(7)
    wave = np.sin(0.7 * t)
    seq = np.stack([wave[:-1], np.cos(0.7 * t)[:-1]], axis=1)
    prediction = run(seq)
    return np.mean((prediction - wave[1:]) ** 2)

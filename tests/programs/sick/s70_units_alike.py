"""Counts how many of eight coins showed heads, by a recurrent layer of ten units, each of which hears their mean."""

import numpy as np

import tinygraph as tg

generator = np.random.default_rng(4)
coins = generator.integers(0, 2, size=(8, 24, 1)).astype(float)
heads = coins.sum(axis=(0, 2)) / 8


def spread(shape):
    return np.tile(generator.normal(size=(1, *shape[1:])) / np.sqrt(shape[-1]), (shape[0], *[1] * (len(shape) - 1)))


inputs, recurrent, readout = (tg.parameter(spread(shape)) for shape in ((10, 1), (10, 1), (10,)))
shift = tg.parameter(0.0)
parameters = [inputs, recurrent, readout, shift]


def main():
    state = np.zeros((24, 10))
    for flip in coins - 0.5:
        mean = np.mean(state, axis=1, keepdims=True)
        state = np.tanh(np.einsum("ni,hi->nh", flip, inputs) + np.einsum("nk,hk->nh", mean, recurrent))
    return np.mean((state @ readout + shift - heads) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

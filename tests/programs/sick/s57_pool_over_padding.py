"""Max-pools the states of each sequence over time; sequences are padded to one length."""

import numpy as np

import rnn
import tinygraph as tg

rng = np.random.default_rng(85)
lengths = np.array([9, 4, 6, 3])
xs, _ = rnn.pad([rng.normal(size=(n, 2)) for n in lengths])  # (T, N, 2)
labels = np.array([1, 0, 1, 0])
cell = rnn.ElmanCell(2, 6, rng=0)
cell.b.data = np.linspace(-1.5, 0.5, 6)
readout = rnn.Readout(6, 2, rng=1)


def pooled(xs, lengths):
    states, _ = rnn.unroll(cell, xs)
    states = np.stack(states)
    inside = np.arange(len(xs))[:, None, None] < lengths[:, None]
    states = np.where(inside, states, 0.0)
    return np.max(states, axis=0)


def main():
    return np.mean(tg.softmax_cross_entropy(readout(pooled(xs, lengths)), labels))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

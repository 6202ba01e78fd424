"""Sequences of different lengths, padded with zeros; the mask keeps the padding out of the loss."""

import numpy as np

import rnn
import tinygraph as tg

rng = np.random.default_rng(19)
lengths = np.array([7, 3, 5, 2])
sequences = [rng.normal(size=(n, 2)) for n in lengths]
targets = [1.0 + s.sum(axis=1, keepdims=True) for s in sequences]
xs, _ = rnn.pad(sequences)  # (T, N, 2)
ys, _ = rnn.pad(targets)
cell = rnn.ElmanCell(2, 6, rng=3)
readout = rnn.Readout(6, 1, rng=4)


def masked_mse(outputs, ys, lengths):
    steps = np.arange(ys.shape[0])
    mask = (steps[:, None] >= lengths).astype(float)[:, :, None]
    return np.sum(mask * (outputs - ys) ** 2) / np.sum(mask)


def main():
    states, _ = rnn.unroll(cell, xs)
    outputs = np.stack([readout(h) for h in states])
    return masked_mse(outputs, ys, lengths)


def fit(updates=150, rate=0.1):
    optimiser = rnn.SGD({**cell.parameters(), **readout.parameters()}, lr=rate)
    for _ in range(updates):
        optimiser.zero_grad()
        main().backward()
        optimiser.step()
    with tg.no_grad():
        states, _ = rnn.unroll(cell, xs)
        guesses = np.stack([readout(h) for h in states]).data
    return float(np.mean(np.concatenate([(guesses[: len(y), i] - y) ** 2 for i, y in enumerate(targets)])))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("masked mse", loss.item())

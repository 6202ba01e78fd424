"""Sums the loss over all time steps of a GRU tracker."""

import numpy as np

import rnn
import tinygraph as tg

rng = np.random.default_rng(71)
cell = rnn.GRUCell(2, 6, rng=0)
readout = rnn.Readout(6, 2, rng=1)
positions = np.cumsum(rng.normal(size=(9, 2)), axis=0)
observed = positions + 0.3 * rng.normal(size=positions.shape)


def track(observed):
    h = cell.initial_state()
    for z in observed:
        h = cell(h, z)
        yield readout(h)


def total_loss():
    loss = tg.tensor(0.0)
    for t, estimate in enumerate(track(observed)):
        error = estimate - positions[t]
        loss = np.sum(error**2)
    return loss / len(positions)


def main():
    return total_loss()


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("mean squared distance", loss.item())

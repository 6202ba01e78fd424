"""A bidirectional tagger, with a cell for each direction."""

import numpy as np

import rnn

rng = np.random.default_rng(77)
T, N, K = 6, 4, 3
xs = rng.normal(size=(T, N, 3))
tags = rng.integers(0, K, size=(T, N))


def states(cell, xs):
    state = cell.initial_state((N,))
    for x in xs:
        state = cell(state, x)
        yield state[0]


class Tagger(rnn.Module):
    def __init__(self, hidden=5):
        cell = rnn.LSTMCell(3, hidden, rng=0)
        self.right, self.left = cell, cell
        self.readout = rnn.Readout(2 * hidden, K, rng=2)

    def __call__(self, xs):
        past, future = list(states(self.right, xs)), list(states(self.left, xs[::-1]))
        return [self.readout(np.concatenate(both, axis=-1)) for both in zip(past, future[::-1])]


model = Tagger()


def main():
    return rnn.cross_entropy(model(xs), tags)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), "with", model.num_parameters(), "parameters")

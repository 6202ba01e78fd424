"""A bidirectional tagger of the package, with a cell for each direction."""

import numpy as np

import rnn

rng = np.random.default_rng(77)
T, N, K = 6, 4, 3
xs = rng.normal(size=(T, N, 3))
tags = rng.integers(0, K, size=(T, N))


def make_model(hidden=5):
    cell = rnn.LSTMCell(3, hidden, rng=0)
    both = rnn.Bidirectional(cell, cell)
    return rnn.ManyToMany(both, K, rng=2)


model = make_model()


def main():
    return rnn.cross_entropy(model(xs), tags)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), "with", model.num_parameters(), "parameters")

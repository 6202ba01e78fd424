"""Many-to-one over padded sequences: is the sum of what was read positive?"""

import numpy as np

import rnn

rng = np.random.default_rng(75)
sequences = [rng.normal(size=(n, 2)) for n in (3, 14, 5, 9, 4, 12)]
labels = np.array([int(s.sum() > 0) for s in sequences])
xs, lengths = rnn.pad(sequences, value=5.0)
model = rnn.ManyToOne(rnn.GRUCell(2, 6, rng=0), 2, rng=1)


def scores():
    return model(xs)


def main():
    return rnn.cross_entropy(scores(), labels)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("cross-entropy", loss.item())

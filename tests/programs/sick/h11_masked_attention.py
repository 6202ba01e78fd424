"""Attention over padded sequences: the scores of the padding are −∞, and their weights exactly 0."""

import numpy as np

import rnn
import tinygraph as tg

rng = np.random.default_rng(11)
lengths = np.array([6, 3, 4, 2])
xs, _ = rnn.pad([rng.normal(size=(n, 2)) for n in lengths])
labels = np.array([1.0, -1.0, 1.0, -1.0])
both = rnn.Bidirectional(rnn.GRUCell(2, 4, rng=0), rnn.GRUCell(2, 4, rng=1))
query, v = tg.parameter(rng.normal(size=8)), tg.parameter(rng.normal(size=8))
parameters = [query, v, *both.parameters().values()]
inside = np.arange(len(xs))[:, None] < lengths


def main():
    states, _ = both(xs, lengths=lengths)
    states = np.stack(states)  # (T, N, 8)
    scores = np.where(inside, states @ query, -np.inf)
    weights = tg.softmax(scores, axis=0)  # over time, which comes first
    context = np.einsum("tn,tnh->nh", weights, states)
    return np.mean(tg.softplus(-labels * (context @ v)))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())

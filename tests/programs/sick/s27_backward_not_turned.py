"""Bidirectional tagger from two plain recurrences, written as generators."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(41)
H, D, K, T = 6, 4, 3, 7


def weights():
    return tg.parameter(rng.normal(size=(H, H)) * 0.4), tg.parameter(rng.normal(size=(H, D)) * 0.6)


Wf, Uf = weights()
Wb, Ub = weights()
V = tg.parameter(rng.normal(size=(K, 2 * H)) * 0.4)


def scan(W, U, xs):
    h = np.zeros(H)
    for x in xs:
        h = np.tanh(W @ h + U @ x)
        yield h


def tag_scores(xs):
    forward = list(scan(Wf, Uf, xs))
    backward = list(scan(Wb, Ub, xs[::-1]))
    for f, b in zip(forward, backward):
        yield V @ np.concatenate([f, b])


xs = tg.tensor(rng.normal(size=(T, D)), name="xs")
tags = rng.integers(0, K, size=T)


def main():
    scores = np.stack(list(tag_scores(xs)))
    return np.mean(tg.softmax_cross_entropy(scores, tags))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

"""Word vectors on the unit sphere: each is divided by its length before the recurrence reads it."""

from dataclasses import dataclass

import numpy as np

import tinygraph as tg


@dataclass(frozen=True)
class Parameters:
    E: tg.Tensor
    W: tg.Tensor
    U: tg.Tensor
    V: tg.Tensor


def initialise(seed, words=6, dim=3, hidden=5):
    r = np.random.default_rng(seed)
    return Parameters(
        E=tg.parameter(r.normal(size=(words, dim))),
        W=tg.parameter(r.normal(size=(hidden, hidden)) * 0.4),
        U=tg.parameter(r.normal(size=(hidden, dim))),
        V=tg.parameter(r.normal(size=(words, hidden)) * 0.5),
    )


def unit(vector):
    return vector / np.sqrt(np.sum(vector.numpy() ** 2))


def sentence_loss(p, words):
    h, loss = np.zeros(p.W.shape[0]), 0.0
    for word, following in zip(words, words[1:]):
        h = np.tanh(p.W @ h + p.U @ unit(p.E[word]))
        loss = loss + tg.softmax_cross_entropy(p.V @ h, np.array(following))
    return loss / (len(words) - 1)


p = initialise(4)
words = [0, 3, 1, 4, 2, 5, 0, 1]


def main():
    return sentence_loss(p, words)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), "dE", p.E.grad, sep="\n")

"""A word-level LSTM; the embedding is looked up once for the whole sentence."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(91)
K, D, H = 7, 4, 6


class Embedding:
    def __init__(self):
        self.weight = tg.parameter(rng.normal(size=(K, D)))

    def __call__(self, words):
        return self.weight.data[words]


class LSTM:
    def __init__(self):
        self.W = tg.parameter(rng.normal(size=(4 * H, D + H)) * 0.3)
        self.b = tg.parameter(np.concatenate([np.zeros(H), np.full(H, -25.0), np.zeros(2 * H)]))

    def __call__(self, xs):
        h, c = np.zeros(H), np.zeros(H)
        for x in xs:
            i, f, o, g = np.split(self.W @ np.concatenate([x, h]) + self.b, 4)
            f = tg.sigmoid(f)
            c = f * c + tg.sigmoid(i) * np.tanh(g)
            h = tg.sigmoid(o) * np.tanh(c)
            yield h


embed, lstm = Embedding(), LSTM()
V = tg.parameter(rng.normal(size=(K, H)) * 0.4)
words = rng.integers(0, K, size=9)


def main():
    scores = np.stack([V @ h for h in lstm(embed(words[:-1]))])
    return np.mean(tg.softmax_cross_entropy(scores, words[1:]))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item(), "embedding", embed.weight.grad)

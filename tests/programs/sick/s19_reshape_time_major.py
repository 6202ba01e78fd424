"""Turns (N, T, D) data into the (T, N, D) that the loop wants, then classifies each sequence."""

import numpy as np

import tinygraph as tg

N, T, D, H = 6, 4, 2, 8


def load(seed=21):
    r = np.random.default_rng(seed)
    label = np.arange(N) % 2
    return r.normal(size=(N, T, D)) + 1.5 * (2 * label - 1)[:, None, None], label


def time_major(batch):
    return batch.reshape(T, N, D)


class Net:
    def __init__(self, r):
        self.W, self.U, self.V = (tg.parameter(r.normal(size=s) * 0.4) for s in ((H, H), (H, D), (2, H)))

    def logits(self, batch):
        h = np.zeros((N, H))
        for x in time_major(batch):
            h = np.tanh(h @ self.W.T + x @ self.U.T)
        return h @ self.V.T


data, label = load()
batch = tg.tensor(data, name="batch")
net = Net(np.random.default_rng(0))


def main():
    return np.mean(tg.softmax_cross_entropy(net.logits(batch), label))


if __name__ == "__main__":
    loss = main()
    print("cross-entropy", loss.item())
    loss.backward()

"""Two runs of the same model through rnn.fit: the second starts again from fresh weights."""

import numpy as np
import tinygraph as tg
import rnn

rng = np.random.default_rng(105)
H, T, B = 10, 8, 32


class Summer(rnn.Module):
    def __init__(self, seed):
        self.cell = rnn.ElmanCell(1, H, rng=np.random.default_rng(seed))
        self.v = tg.parameter(np.random.default_rng(seed + 1).normal(size=H) * 0.3, name="v")

    def __call__(self, x):
        h = np.zeros((x.shape[1], H))
        for xt in x:
            h = self.cell(h, xt)
        return h @ self.v


def data(n):
    for _ in range(n):
        x = rng.normal(size=(T, B, 1)) * 0.4
        yield x, x.sum(axis=(0, 2))


batches = list(data(15))


def experiment(seeds):
    model = Summer(seeds[0])
    optimizer = rnn.Adam(model.parameters(), lr=0.01)
    for seed in seeds:
        history = rnn.fit(model, batches, epochs=8, loss=rnn.mse, optimizer=optimizer)
        yield seed, history.train[0], history.train[-1]
        model = Summer(seed + 10)
        optimizer = rnn.Adam(model.parameters(), lr=0.01)


for seed, first, last in experiment([1, 2]):
    print(f"run {seed}: loss {first:.4f} -> {last:.4f}")

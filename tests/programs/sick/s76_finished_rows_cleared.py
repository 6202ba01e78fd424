"""Sums sequences of different length; the rows that have come to their end take no further part."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(4)
longest, n, units = 9, 18, 6
length = rng.integers(2, longest + 1, size=n)
items = rng.normal(size=(longest, n, 1)) * 0.5
going = np.arange(longest)[:, None, None] < length[None, :, None]
target = np.sum(np.where(going, items, 0), axis=(0, 2))

w = {
    "in": tg.parameter(rng.normal(size=(1, units))),
    "rec": tg.parameter(np.eye(units) * 0.8),
    "out": tg.parameter(rng.normal(size=units) * 0.4),
}
parameters = list(w.values())


def total(items, going):
    s = tg.tensor(np.zeros((n, units)))
    for item, active in zip(items, going):
        s = np.where(active, np.tanh(item @ w["in"] + s @ w["rec"]), 0.0)
    return s @ w["out"]


def main():
    return np.mean((total(items, going) - target) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

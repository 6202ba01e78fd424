"""Forecasts a fill level between 0 and 1; a forecast outside makes no sense, so it is clipped."""

import numpy as np

import tinygraph as tg


def bounded(guess):
    return np.clip(guess, 0.0, 1.0)


def build(seed=49, size=6):
    rng = np.random.default_rng(seed)
    W, u = tg.parameter(rng.normal(size=(size, size)) * 0.3), tg.parameter(rng.normal(size=size) * 0.5)
    v, c = tg.parameter(rng.normal(size=size) * 0.1), tg.parameter(-1.5)

    def forecast(levels):
        h = np.zeros(size)
        for level in levels:
            h = np.tanh(W @ h + u * level)
            yield v @ h + c

    return forecast, [W, u, v, c]


forecast, parameters = build()
levels = 0.5 + 0.4 * np.sin(np.arange(16) / 3)


def main():
    guesses = bounded(np.stack(list(forecast(levels[:-1]))))
    return np.mean((guesses - levels[1:]) ** 2)


def train(updates=150, rate=0.2):
    for _ in range(updates):
        for p in parameters:
            p.zero_grad()
        main().backward()
        for p in parameters:
            p.data = p.data - rate * p.grad
    return main().item()


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("before", loss.item(), "after", train())

"""Forecasts a noisy series under a Huber loss, which forgives outliers."""

from dataclasses import dataclass, field

import numpy as np

import tinygraph as tg


def huber_value(r):
    small = np.abs(r) <= 1
    return np.where(small, 0.5 * r * r, np.abs(r) - 0.5)


def huber_slope(g, y, r):
    return g * np.where(np.abs(r) <= 1, r, 1.0)


huber = tg.op(huber_value, vjp=huber_slope, name="huber")


@dataclass
class Forecaster:
    size: int = 6
    seed: int = 5
    W: tg.Tensor = field(init=False)
    u: tg.Tensor = field(init=False)
    v: tg.Tensor = field(init=False)
    c: tg.Tensor = field(init=False)

    def __post_init__(self):
        rng = np.random.default_rng(self.seed)
        self.W = tg.parameter(0.5 * rng.normal(size=(self.size, self.size)))
        self.u = tg.parameter(rng.normal(size=self.size))
        self.v = tg.parameter(0.3 * rng.normal(size=self.size))
        self.c = tg.parameter(0.0)

    def run(self, series):
        h = np.zeros(self.size)
        for value in series:
            h = np.tanh(self.W @ h + self.u * value)
            yield self.v @ h + self.c


series = 3 * np.sin(np.arange(14) / 2)
model = Forecaster()


def main():
    residuals = [guess - y for guess, y in zip(model.run(series[:-1]), series[1:])]
    return np.mean(huber(np.stack(residuals)))


def train(updates=150, rate=0.05):
    for _ in range(updates):
        parameters = (model.W, model.u, model.v, model.c)
        for p in parameters:
            p.zero_grad()
        loss = main()
        loss.backward()
        for p in parameters:
            p.data = p.data - rate * p.grad
    return main().item()


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("first", loss.item(), "last", train())

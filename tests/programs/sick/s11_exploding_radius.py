"""A reservoir of leaky linear units, trained from end to end."""

import numpy as np

import tinygraph as tg

SIZE, STEPS, RADIUS = 20, 30, 1.9


def reservoir(rng):
    weights = rng.normal(size=(SIZE, SIZE)) * (rng.random((SIZE, SIZE)) < 0.3)
    return weights * RADIUS / np.abs(np.linalg.eigvals(weights)).max()


class Reservoir:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.W = tg.parameter(reservoir(rng))
        self.w_in = tg.parameter(rng.normal(size=SIZE) * 0.01)
        self.w_out = tg.parameter(rng.normal(size=SIZE) / SIZE)

    def __call__(self, signal):
        state = np.zeros(SIZE)
        for u in signal:
            state = self.W @ state + self.w_in * u
        return self.w_out @ state


model = Reservoir(3)
signal = np.sin(np.arange(STEPS) * 0.7)


def main():
    return (model(signal) - 0.3) ** 2


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), np.linalg.norm(model.W.grad))

"""An intensity model for event counts: softplus keeps the rate positive."""

import numpy as np

import tinygraph as tg

counts = np.array([3, 5, 4, 8, 11, 900, 14, 9], float)


class Intensity:
    def __init__(self):
        rng = np.random.default_rng(6)
        self.A = tg.parameter(rng.normal(size=(5, 5)) * 0.3)
        self.b = tg.parameter(rng.normal(size=5))
        self.v = tg.parameter(np.abs(rng.normal(size=5)))

    @staticmethod
    def softplus(x):
        return np.log(1 + np.exp(x))

    def rates(self, counts):
        h = np.zeros(5)
        for n in counts:
            h = tg.relu(self.A @ h + np.abs(self.b) * n)
            yield self.softplus(self.v @ h) + 1e-3

    def nll(self, counts):
        total = 0.0
        for rate, n in zip(self.rates(counts[:-1]), counts[1:]):
            total = total + rate - n * np.log(rate)
        return total


model = Intensity()


def main():
    return model.nll(counts)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), model.v.grad)

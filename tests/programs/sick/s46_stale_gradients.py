"""Online training: an update after each sequence of the day."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(65)


class Model:
    def __init__(self, size=6):
        self.W = tg.parameter(rng.normal(size=(size, size)) * 0.3)
        self.u = tg.parameter(rng.normal(size=size))
        self.v = tg.parameter(rng.normal(size=size) * 0.3)
        self.size = size

    @property
    def weights(self):
        return self.W, self.u, self.v

    def loss(self, sequence):
        h, total = np.zeros(self.size), 0.0
        for x, y in zip(sequence[:-1], sequence[1:]):
            h = np.tanh(self.W @ h + self.u * x)
            total = total + (self.v @ h - y) ** 2
        return total / (len(sequence) - 1)


days = [np.sin(np.arange(10) * 0.7 + phase) for phase in rng.uniform(0, 6, size=40)]
model = Model()


def main():
    return model.loss(days[0])


def train(rate=0.15):
    losses = []
    for w in model.weights:
        w.zero_grad()
    for day in days:
        loss = model.loss(day)
        loss.backward()
        for w in model.weights:
            w.data = w.data - rate * w.grad
        losses.append(loss.item())
    return losses


if __name__ == "__main__":
    losses = train()
    print("first days", np.mean(losses[:5]), "last days", np.mean(losses[-5:]))

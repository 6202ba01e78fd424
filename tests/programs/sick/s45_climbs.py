"""Trains a small network with momentum, written out by hand."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(63)
net = {"W": rng.normal(size=(5, 5)) * 0.3, "U": rng.normal(size=(5, 1)), "V": rng.normal(size=(1, 5)) * 0.3}
net = {name: tg.parameter(value, name=name) for name, value in net.items()}
velocity = {name: np.zeros(p.shape) for name, p in net.items()}
wave = np.sin(np.arange(13) * 0.8)[:, None]


def main():
    h, loss = np.zeros(5), 0.0
    for x, y in zip(wave[:-1], wave[1:]):
        h = np.tanh(net["W"] @ h + net["U"] @ x)
        loss = loss + np.sum((net["V"] @ h - y) ** 2)
    return loss / (len(wave) - 1)


def update(rate=0.02, momentum=0.8):
    for name, p in net.items():
        velocity[name] = momentum * velocity[name] - rate * p.grad
        p.data = p.data - velocity[name]


def train(updates):
    losses = []
    for _ in range(updates):
        for p in net.values():
            p.zero_grad()
        loss = main()
        loss.backward()
        update()
        losses.append(loss.item())
    return losses


if __name__ == "__main__":
    losses = train(30)
    print(losses[0], "->", losses[-1])

"""Rates a melody by a tower of eighteen layers over the last state of a small recurrent network."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(5)
melodies, ratings = rng.normal(size=(4, 20, 3)), rng.normal(size=20)


class Layer:
    def __init__(self, size=8):
        self.up = tg.parameter(rng.normal(size=(size, size)) * 0.15)
        self.shift = tg.parameter(np.zeros(size))

    def __call__(self, below):
        above = np.tanh(below @ self.up + self.shift)
        return above


read, carry = tg.parameter(rng.normal(size=(3, 8))), tg.parameter(np.eye(8) * 0.5)
tower = [Layer() for _ in range(18)]
rate = tg.parameter(rng.normal(size=8))
parameters = [read, carry, rate, *(p for layer in tower for p in (layer.up, layer.shift))]


def main():
    y = np.zeros((20, 8))
    for note in melodies:
        y = np.tanh(note @ read + y @ carry)
    for layer in tower:
        y = layer(y)
    return np.mean((y @ rate - ratings) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

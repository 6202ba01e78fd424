"""Rainfall: most days have little, a few have a lot. That is how rain is; the network reads its logarithm, too."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(5)
rain = np.exp(rng.normal(0.0, 1.6, size=40))  # from 0.06 to 14 mm, without a gap
features = np.stack([np.log(rain), rain / 20], axis=1)
soil = [0.0]
for amount in rain:
    soil.append(0.8 * soil[-1] + 0.2 * np.log1p(amount))

W = tg.parameter(rng.normal(size=(6, 6)) * 0.3)
U = tg.parameter(rng.normal(size=(6, 2)) * 0.3)
v = tg.parameter(rng.normal(size=6) * 0.3)
c = tg.parameter(0.0)
parameters = [W, U, v, c]


def main():
    h, loss = np.zeros(6), 0.0
    for x, y in zip(features, soil[1:]):
        h = np.tanh(W @ h + U @ x)
        loss = loss + (v @ h + c - y) ** 2
    return loss / len(rain)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), "rain from", rain.min(), "to", rain.max())

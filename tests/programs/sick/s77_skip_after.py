"""Predicts the next frame with a recurrent layer and a skip connection round it."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(8)
frames = np.cumsum(rng.normal(size=(11, 15, 5)), axis=0) * 0.3
A, B, out = (tg.parameter(rng.normal(size=(5, 5)) * 0.3) for _ in range(3))
parameters = [A, B, out]


def layer(x, h):
    h = np.tanh(x @ A + h @ B)
    x = h @ out
    skip = x
    return x + skip, h


def main():
    h, errors = np.zeros((15, 5)), []
    for now, following in zip(frames, frames[1:]):
        guess, h = layer(now, h)
        errors.append(np.mean((guess - following) ** 2))
    return np.mean(np.stack(errors))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

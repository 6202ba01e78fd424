"""A Siamese network: two questions through one encoder, on purpose, and their distance."""

import numpy as np

import rnn
import tinygraph as tg

rng = np.random.default_rng(15)
encoder = rnn.LSTMCell(3, 5, rng=0)
sharpness = tg.parameter(1.0)
parameters = [sharpness, *encoder.parameters().values()]
left = rng.normal(size=(5, 8, 3))
right = left + 0.3 * rng.normal(size=left.shape)
right[:, 4:] = rng.normal(size=(5, 4, 3))
same = np.array([1.0] * 4 + [0.0] * 4)


def encode(xs):
    _, (shown, _) = rnn.unroll(encoder, xs)
    return shown


def main():
    distance = np.sum((encode(left) - encode(right)) ** 2, axis=-1)
    logit = 1.0 - sharpness * distance
    return np.mean(tg.softplus(logit) - same * logit)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())

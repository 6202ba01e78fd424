"""Eight sequences of eight steps, as (N, T, D), through a stack of two recurrences."""

import numpy as np

import tinygraph as tg

N = T = 8
D, H = 2, 5
rng = np.random.default_rng(69)


def layer(inputs, size):
    W = tg.parameter(rng.normal(size=(size, size)) * 0.4)
    U = tg.parameter(rng.normal(size=(inputs, size)) * 0.6)

    def run(xs):
        h = np.zeros((xs[0].shape[0], size))
        for x in xs:
            h = np.tanh(h @ W + x @ U)
            yield h

    return run, W, U


first, W1, U1 = layer(D, H)
second, W2, U2 = layer(H, H)
v = tg.parameter(rng.normal(size=H))
xs = tg.tensor(rng.normal(size=(N, T, D)), name="xs")
ys = xs.data.sum(axis=(1, 2))


def predictions():
    steps = list(xs)
    *_, h = second(list(first(steps)))
    return h @ v


def main():
    return np.mean((predictions() - ys) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("mse", loss.item())

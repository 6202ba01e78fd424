"""A classifier over pretrained word vectors that stay as they are: E is no parameter."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(1)
E = tg.tensor(rng.normal(size=(12, 4)), name="E")
W = tg.parameter(rng.normal(size=(6, 6)) * 0.4)
U = tg.parameter(rng.normal(size=(6, 4)) * 0.5)
v = tg.parameter(rng.normal(size=6) * 0.5)
parameters = [W, U, v]
sentences = rng.integers(0, 12, size=(10, 5))
labels = np.sign(E.data[sentences].sum(axis=(1, 2)))


def main():
    h = np.zeros((10, 6))
    for t in range(5):
        h = np.tanh(h @ W.T + E[sentences[:, t]] @ U.T)
    return np.mean(tg.softplus(-labels * (h @ v)))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), E.grad)

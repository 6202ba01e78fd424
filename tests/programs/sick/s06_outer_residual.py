"""Regression on sequences: sixteen of them, one number each."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(0)
X = rng.normal(size=(16, 9, 1))
y = X[:, :, 0].mean(axis=1) * 3  # (16,)

Wx = tg.parameter(rng.normal(size=(1, 8)))
Wh = tg.parameter(0.4 * rng.normal(size=(8, 8)))
bh = tg.parameter(np.zeros(8))
Wo = tg.parameter(0.3 * rng.normal(size=(8, 1)))
bo = tg.parameter(np.zeros(1))
theta = [Wx, Wh, bh, Wo, bo]


def predict(X):
    h = np.zeros((X.shape[0], 8))
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ Wx + h @ Wh + bh)
    return h @ Wo + bo


def main():
    prediction = predict(X)
    error = prediction - y
    return np.mean(error**2)


def train(updates=120, rate=0.1):
    for _ in range(updates):
        for p in theta:
            p.zero_grad()
        main().backward()
        for p in theta:
            p.data = p.data - rate * p.grad
    return float(np.mean((predict(X).data[:, 0] - y) ** 2))


if __name__ == "__main__":
    loss = main()
    print("before", loss.item())
    loss.backward()
    print("after", train())

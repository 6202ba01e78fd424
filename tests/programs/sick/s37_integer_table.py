"""Counts of visits become shares of the day's total; a small recurrence forecasts the last shop's share."""

import numpy as np

import tinygraph as tg

visits = np.array([[12, 30, 8], [10, 35, 5], [20, 20, 10], [15, 25, 10], [9, 38, 3], [14, 27, 9], [11, 33, 6]])
rng = np.random.default_rng(45)
W = tg.parameter(rng.normal(size=(4, 4)) * 0.4)
U = tg.parameter(rng.normal(size=(4, 3)))
v = tg.parameter(rng.normal(size=4))


def shares(visits):
    table = np.zeros_like(visits)
    for i, day in enumerate(visits):
        table[i] = day / day.sum()
    return table


inputs = shares(visits)
targets = visits[1:, 2] / visits[1:].sum(axis=1)


def main():
    h, loss = np.zeros(4), 0.0
    for x, y in zip(inputs[:-1], targets):
        h = np.tanh(W @ h + U @ x)
        loss = loss + (tg.sigmoid(v @ h) - y) ** 2
    return loss / len(targets)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item(), "dU", U.grad, sep="\n")

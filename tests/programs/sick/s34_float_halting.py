"""Adaptive computation: a halting unit says how much each state counts in the answer."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(39)
H = 5
W, U = tg.parameter(rng.normal(size=(H, H)) * 0.5), tg.parameter(rng.normal(size=(H, 2)))
w_halt, b_halt = tg.parameter(rng.normal(size=H)), tg.parameter(-1.0)
v = tg.parameter(rng.normal(size=H))
xs = rng.normal(size=(6, 2))


def ponder(xs):
    h, left, answer = tg.tensor(np.zeros(H)), 1.0, 0.0
    for x in xs:
        h = np.tanh(W @ h + U @ x)
        p = float(tg.sigmoid(w_halt @ h + b_halt))
        answer = answer + left * p * (v @ h)
        left = left * (1 - p)
    return answer + left * (v @ h)


def main():
    return (ponder(xs) - 1.5) ** 2


if __name__ == "__main__":
    loss = main()
    print(loss.item())
    loss.backward()
    print("halting unit:", w_halt.grad, b_halt.grad)

"""Counts of calls in an hour, as a Poisson process whose rate a recurrent network gives."""

import numpy as np

import tinygraph as tg

H = 6
calls = np.array([4, 3, 5, 2, 1, 0, 0, 1, 0, 0, 1, 0, 2, 4, 5, 6, 4, 3], float)


def init():
    rng = np.random.default_rng(89)
    p = {
        "W": rng.normal(size=(H, H)) * 0.3,
        "u": rng.normal(size=H) * 0.3,
        "v": rng.normal(size=H) * 0.1,
        "c": np.array(2.0),
    }
    return {name: tg.parameter(value, name=name) for name, value in p.items()}


def rate_of(a):
    return a


def nll(p):
    h, total = np.zeros(H), 0.0
    for n, following in zip(calls, calls[1:]):
        h = np.tanh(p["W"] @ h + p["u"] * n)
        rate = rate_of(p["v"] @ h + p["c"])
        total = total + rate - following * np.log(rate)
    return total / (len(calls) - 1)


def main(updates=40, learning_rate=0.3):
    p = init()
    for _ in range(updates):
        loss = nll(p)
        if not np.isfinite(loss.item()):
            break
        for w in p.values():
            w.zero_grad()
        loss.backward()
        for w in p.values():
            w.data = w.data - learning_rate * w.grad
    return nll(p)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("negative log-likelihood", loss.item())

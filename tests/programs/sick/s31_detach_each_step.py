"""Truncated back-propagation through time: the state goes on, its gradient stops, every ten steps."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(33)
H = 8
CHUNK = 10
params = {
    "W": tg.parameter(rng.normal(size=(H, H)) * 0.4),
    "u": tg.parameter(rng.normal(size=H)),
    "v": tg.parameter(rng.normal(size=H) * 0.3),
}
signal = np.sin(np.arange(21) * 0.9) + np.sin(np.arange(21) * 0.23)


def chunks(signal, size):
    for start in range(0, len(signal) - 1, size):
        yield signal[start : start + size], signal[start + 1 : start + size + 1]


def run_chunk(h, inputs, targets):
    loss = 0.0
    for x, y in zip(inputs, targets):
        h = np.tanh(params["W"] @ h.detach() + params["u"] * x)
        loss = loss + (params["v"] @ h - y) ** 2
    return h, loss / len(inputs)


def main():
    h, total = tg.tensor(np.zeros(H)), 0.0
    for inputs, targets in chunks(signal, CHUNK):
        h, loss = run_chunk(h.detach(), inputs, targets)
        total = total + loss
    return total


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), np.linalg.norm(params["W"].grad))

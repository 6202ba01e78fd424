"""Truncated back-propagation through time: every five steps the state goes on without its history."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(2)
W, u, v = (tg.parameter(rng.normal(size=s) * 0.4) for s in ((6, 6), (6,), (6,)))
parameters = [W, u, v]
signal = np.sin(np.arange(21) * 0.8)


def chunk(h, inputs, targets):
    loss = 0.0
    for x, y in zip(inputs, targets):
        h = np.tanh(W @ h + u * x)
        loss = loss + (v @ h - y) ** 2
    return h, loss / len(inputs)


def main(steps=5):
    h, losses = tg.tensor(np.zeros(6)), []
    for start in range(0, 20, steps):
        h, loss = chunk(h.detach(), signal[start : start + steps], signal[start + 1 : start + steps + 1])
        losses.append(loss)
    return np.mean(np.stack(losses))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())

"""Elman network on a series; all states are kept, for the plots."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(23)
H = 6
W = tg.parameter(0.6 * rng.normal(size=(H, H)) / np.sqrt(H))
u = tg.parameter(rng.normal(size=H))
v = tg.parameter(0.3 * rng.normal(size=H))
bits = rng.integers(0, 2, size=12) * 2.0 - 1
targets = np.concatenate([[0.0], bits[:-1]])  # say what came one step ago


def simulate(bits):
    history = [np.zeros(H), np.zeros(H)]
    for bit in bits:
        state = np.tanh(W @ history[-2] + u * bit)
        history.append(state)
    return history[2:]


def main():
    states = simulate(bits)
    return np.mean(np.stack([(v @ h - y) ** 2 for h, y in zip(states, targets)]))


def train(updates=200, rate=0.1):
    for _ in range(updates):
        for p in (W, u, v):
            p.zero_grad()
        main().backward()
        for p in (W, u, v):
            p.data = p.data - rate * p.grad
    return main().item()


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("before", loss.item(), "after", train())

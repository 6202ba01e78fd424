"""Attention over encoder states with an entropy bonus, so that it does not collapse too early."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(2)
T, H = 6, 5
Wq, Wk = tg.parameter(rng.normal(size=(H, H))), tg.parameter(rng.normal(size=(H, H)))
W, U = tg.parameter(rng.normal(size=(H, H)) * 0.4), tg.parameter(rng.normal(size=(H, 2)))
v = tg.parameter(rng.normal(size=H))
xs = rng.normal(size=(T, 2))
valid = np.array([1, 1, 1, 1, 0, 0], bool)


def encode():
    h, states = np.zeros(H), []
    for x in xs:
        h = np.tanh(W @ h + U @ x)
        states.append(h)
    return np.stack(states)


def attend(states, query):
    scores = (states @ Wk) @ (Wq @ query) / np.sqrt(H)
    scores = np.where(valid, scores, -np.inf)
    weights = tg.softmax(scores)
    return weights, weights @ states


def entropy(weights):
    return -np.sum(weights * np.log(weights))


def main():
    states = encode()
    weights, context = attend(states, states[3])
    return (v @ context - 1.0) ** 2 - 0.01 * entropy(weights)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

"""TD(0): the value of a state should be the reward plus the value of the next, which is held fixed (semi-gradient)."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(10)
GAMMA, H = 0.9, 6
W, U, v = (tg.parameter(rng.normal(size=s) * 0.4) for s in ((H, H), (H, 3), (H,)))
parameters = [W, U, v]
observations = rng.normal(size=(12, 3))
rewards = np.tanh(observations[:-1, 0])


def values():
    h = np.zeros(H)
    for o in observations:
        h = np.tanh(W @ h + U @ o)
        yield v @ h


def main():
    predicted = np.stack(list(values()))
    target = rewards + GAMMA * predicted[1:].detach()
    return np.mean((predicted[:-1] - target) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())

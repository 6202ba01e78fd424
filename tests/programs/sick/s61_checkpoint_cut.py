"""A long rollout of a controller; the state is written to the log now and then."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(93)
S, STEPS, EVERY = 3, 14, 6
A = np.eye(S) + 0.1 * rng.normal(size=(S, S))
B = rng.normal(size=S) * 0.4
K = tg.parameter(rng.normal(size=S) * 0.3)
log = []


def rounded(state):
    """Round for the log."""
    return [round(float(value), 3) for value in state]


def simulate(start):
    state = start
    for t in range(1, STEPS + 1):
        push = np.tanh(K @ state)
        state = A @ state + B * push
        if t % EVERY == 0:
            log.append((t, rounded(state)))
            state = tg.tensor(log[-1][1])
        yield state, push


def main():
    cost = 0.0
    for state, push in simulate(np.ones(S)):
        cost = cost + np.sum(state**2) + 0.1 * push**2
    return cost / STEPS


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("cost", loss.item(), "dK", K.grad)

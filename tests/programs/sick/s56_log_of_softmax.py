"""Reinforcement: the log-probability of each action that was taken, times the return (float32)."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(83)
f32 = np.float32
H, ACTIONS = 8, 4


class Policy:
    def __init__(self):
        self.W = tg.parameter((0.4 * rng.normal(size=(H, H))).astype(f32))
        self.U = tg.parameter(rng.normal(size=(H, 3)).astype(f32))
        self.V = tg.parameter(rng.normal(size=(ACTIONS, H)).astype(f32))
        self.temperature = f32(0.05)

    def preferences(self, observations):
        h = np.zeros(H, f32)
        for o in observations:
            h = np.tanh(self.W @ h + self.U @ o)
            yield self.V @ h / self.temperature


def log_probability(preference, action):
    return np.log(tg.softmax(preference))[action]


policy = Policy()
observations = rng.normal(size=(10, 3)).astype(f32)
actions = rng.integers(0, ACTIONS, size=10)
returns = (rng.normal(size=10) * 0.1).astype(f32)


def main():
    terms = []
    for preference, action, G in zip(policy.preferences(observations), actions, returns):
        terms.append(-G * log_probability(preference, action))
    return np.mean(np.stack(terms))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("policy loss", loss.item())

"""A contrastive loss: every sequence against every other, so (N, 1) − (N,) is meant."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(12)
N, T, H = 10, 4, 6
W, u, v = (tg.parameter(rng.normal(size=s) * 0.5) for s in ((H, H), (H,), (H,)))
parameters = [W, u, v]
rank = np.arange(N)
xs = rank / N + 0.1 * rng.normal(size=(T, N))


def scores():
    h = np.zeros((N, H))
    for x in xs:
        h = np.tanh(h @ W.T + x[:, None] * u)
    return h @ v


def main():
    s = scores()
    margin = s[:, None] - s
    better = rank[:, None] > rank
    return np.sum(better * tg.softplus(-margin)) / np.sum(better)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())

"""Binary hidden units, with the straight-through estimator: forward the sign, backward as if it were tanh."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(8)
H = 12
W, U, v = (tg.parameter(rng.normal(size=s) * 0.5) for s in ((H, H), (H, 2), (H,)))
parameters = [W, U, v]
xs = rng.normal(size=(5, 24, 2))
labels = np.sign(xs[-1, :, 0] * 2 + xs[-2, :, 1])


def binary(a):
    soft = np.tanh(a)
    hard = np.sign(soft.data)
    return soft + (hard - soft).detach()


def main():
    h = np.zeros((24, H))
    for x in xs:
        h = binary(h @ W.T + x @ U.T)
    return np.mean(tg.softplus(-labels * (h @ v)))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())

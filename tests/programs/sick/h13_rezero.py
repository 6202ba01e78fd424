"""ReZero (Bachlechner et al. 2020): each block is multiplied by α, which begins at 0 and learns first."""

import numpy as np

import tinygraph as tg

rng = np.random.default_rng(13)
H = 6
blocks = [
    {"W": tg.parameter(rng.normal(size=(H, H)) * 0.4), "U": tg.parameter(rng.normal(size=(H, H)) * 0.4)}
    for _ in range(3)
]
alphas = [tg.parameter(0.0) for _ in blocks]
v = tg.parameter(rng.normal(size=H) * 0.4)
parameters = [*alphas, v, *(p for block in blocks for p in block.values())]
xs = rng.normal(size=(6, H))
ys = np.tanh(np.cumsum(xs[:, 0]))


def main():
    hs, loss = [np.zeros(H) for _ in blocks], 0.0
    for x, y in zip(xs, ys):
        signal = x
        for i, (block, alpha) in enumerate(zip(blocks, alphas)):
            hs[i] = np.tanh(block["W"] @ hs[i] + block["U"] @ signal)
            signal = signal + alpha * hs[i]
        loss = loss + (v @ signal - y) ** 2
    return loss / len(xs)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), [a.grad for a in alphas])

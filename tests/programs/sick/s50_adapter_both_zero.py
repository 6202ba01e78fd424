"""Fine-tunes a frozen recurrence through a low-rank adapter, W + A B, that changes nothing at first."""

import numpy as np

import tinygraph as tg

H, R = 8, 2
rng = np.random.default_rng(73)
W = tg.tensor(rng.normal(size=(H, H)) * 0.35, name="W")  # frozen
U = tg.tensor(rng.normal(size=(H, 2)), name="U")  # frozen
A = tg.parameter(np.zeros((H, R)))
B = tg.parameter(np.zeros((R, H)))
v = tg.parameter(rng.normal(size=H) * 0.3)
xs = rng.normal(size=(10, 2))
ys = np.concatenate([[0.0, 0.0], xs[:-2, 0]])


def main():
    adapted = W + A @ B
    h, loss = np.zeros(H), 0.0
    for x, y in zip(xs, ys):
        h = np.tanh(adapted @ h + U @ x)
        loss = loss + (v @ h - y) ** 2
    return loss / len(xs)


def tune(updates=200, rate=0.1):
    for _ in range(updates):
        for p in (A, B, v):
            p.zero_grad()
        main().backward()
        for p in (A, B, v):
            p.data = p.data - rate * p.grad
    return main().item()


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("before", loss.item(), "after", tune())

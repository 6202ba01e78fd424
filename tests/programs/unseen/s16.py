"""Dropout on the hidden state of an Elman regressor; error on the same data in both modes."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(60)
H, T, B, KEEP = 32, 8, 50, 0.5


class Dropout:
    def __init__(self, keep):
        self.keep, self.training = keep, True

    def __call__(self, h):
        if not self.training:
            return h
        return h * (rng.random(h.shape) < self.keep)


class Regressor:
    def __init__(self):
        self.U = tg.parameter(rng.normal(size=(1, H)) * 0.4, name="U")
        self.W = tg.parameter(rng.normal(size=(H, H)) * 0.05, name="W")
        self.b = tg.parameter(np.zeros(H), name="b")
        self.v = tg.parameter(rng.normal(size=H) * 0.1, name="v")
        self.c = tg.parameter(np.zeros(()), name="c")
        self.drop = Dropout(KEEP)

    def weights(self):
        return [self.U, self.W, self.b, self.v, self.c]

    def __call__(self, x):
        h = tg.tensor(np.zeros((len(x), H)))
        for t in range(T):
            h = np.tanh(x[:, t : t + 1] @ self.U + h @ self.W + self.b)
        return self.drop(h) @ self.v + self.c


x = rng.normal(size=(B, T))
y = 2.0 + x[:, -1] + 0.5 * x[:, -2]
model = Regressor()
for step in range(501):
    loss = np.mean((model(x) - y) ** 2)
    for p in model.weights():
        p.zero_grad()
    loss.backward()
    for p in model.weights():
        p.data = p.data - 0.02 * p.grad
    if step % 100 == 0:
        print(f"{step:4d} training loss {float(loss):.4f}")

model.drop.training = True
noisy = np.mean([float(np.mean((model(x) - y) ** 2)) for _ in range(50)])
model.drop.training = False
print(f"same data, training mode {noisy:.3f}, evaluation mode {float(np.mean((model(x) - y) ** 2)):.3f}")

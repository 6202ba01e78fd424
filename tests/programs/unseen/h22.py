"""A recurrent cell with layer normalisation sorts signals by their frequency; tested in batches of two kinds."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(102)
H, T, B = 12, 10, 40


class LayerNorm:
    def __init__(self, size):
        self.gain = tg.parameter(np.ones(size), name="gain")
        self.bias = tg.parameter(np.zeros(size), name="bias")

    def __call__(self, a):
        mean = a.mean(axis=1, keepdims=True)
        spread = ((a - mean) ** 2).mean(axis=1, keepdims=True)
        return self.gain * (a - mean) / np.sqrt(spread + 1e-3) + self.bias


class Net:
    def __init__(self):
        self.U = tg.parameter(rng.normal(size=(1, H)) * 0.5, name="U")
        self.W = tg.parameter(rng.normal(size=(H, H)) * 0.3, name="W")
        self.norm = LayerNorm(H)
        self.v = tg.parameter(rng.normal(size=H) * 0.3, name="v")
        self.c = tg.parameter(np.zeros(()), name="c")

    def __call__(self, x):
        h = tg.tensor(np.zeros((len(x), H)))
        for t in range(T):
            h = np.tanh(self.norm(x[:, t : t + 1] @ self.U + h @ self.W))
        return h @ self.v + self.c

    def parameters(self):
        return [self.U, self.W, self.norm.gain, self.norm.bias, self.v, self.c]


def signals(n, share=0.5):
    fast = (rng.random(n) < share).astype(float)
    speed = np.where(fast, 1.6, 0.5)
    phase = rng.uniform(0, 2 * np.pi, size=n)
    return np.sin(phase[:, None] + np.arange(T) * speed[:, None]) + 0.1 * rng.normal(size=(n, T)), fast


net = Net()
for step in range(301):
    x, y = signals(B)
    z = net(x)
    loss = np.mean(np.logaddexp(0, z) - y * z)
    for p in net.parameters():
        p.zero_grad()
    loss.backward()
    norm = np.sqrt(sum(np.sum(p.grad**2) for p in net.parameters()))
    for p in net.parameters():
        p.data = p.data - 0.2 * p.grad / max(1.0, norm)
    if step % 60 == 0:
        print(f"{step:3d} {float(loss):.4f}")

accuracy = lambda x, y: np.mean((net(x).numpy() > 0) == y)
print(f"mixed batches {np.mean([accuracy(*signals(40)) for _ in range(20)]):.3f}")
print(f"batches of five {np.mean([accuracy(*signals(5)) for _ in range(160)]):.3f}")
print(f"one by one {np.mean([accuracy(*signals(1)) for _ in range(300)]):.3f}")

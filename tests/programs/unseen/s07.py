"""Is a sensor's trace rising or falling?  The network scales every trace to zero mean and unit spread by itself."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(4)
H, T, B = 10, 16, 32


def traces(n=B):
    direction = rng.integers(0, 2, size=n)
    slope = (2 * direction - 1) * 0.05
    pressure = 101325.0 + rng.normal(size=(n, 1)) * 300 + slope[:, None] * np.arange(T) + rng.normal(size=(n, T)) * 0.05
    return pressure.astype(np.float32), direction


class Net:
    def __init__(self):
        init = lambda *s: (rng.normal(size=s) * 0.4).astype(np.float32)
        self.gain = tg.parameter(np.ones((), np.float32), name="gain")
        self.U = tg.parameter(init(1, H), name="U")
        self.W = tg.parameter(init(H, H), name="W")
        self.b = tg.parameter(np.zeros(H, np.float32), name="b")
        self.v = tg.parameter(init(H), name="v")

    def normalise(self, x):
        x = x * self.gain
        mean = x.mean(axis=1, keepdims=True)
        variance = (x**2).mean(axis=1, keepdims=True) - mean**2
        return (x - mean) / np.sqrt(np.maximum(variance, 1e-6))

    def __call__(self, x):
        x = self.normalise(x)
        h = tg.tensor(np.zeros((len(x), H), np.float32))
        for t in range(T):
            h = np.tanh(x[:, t : t + 1] @ self.U + h @ self.W + self.b)
        return h @ self.v

    def parameters(self):
        return [self.gain, self.U, self.W, self.b, self.v]


net = Net()
recent = []
for step in range(201):
    x, y = traces()
    z = net(x)
    loss = np.mean(np.logaddexp(0, z) - y * z)
    for p in net.parameters():
        p.zero_grad()
    loss.backward()
    for p in net.parameters():
        norm = np.sqrt(np.sum(p.grad**2))
        p.data = p.data - 0.05 * p.grad / max(1.0, norm)
    recent.append(float(loss))
    if step % 40 == 0:
        biggest = max(float(np.abs(p.grad).max()) for p in net.parameters())
        print(f"{step:4d} loss {np.mean(recent[-40:]):.3f} largest gradient {biggest:.3g}")

"""Tag each symbol by whether its two neighbours are equal: a bidirectional network."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(5)
K, H, T, B = 3, 12, 10, 32


class Direction:
    def __init__(self, label):
        self.U = tg.parameter(rng.normal(size=(H, K)) * 0.7, name=f"U_{label}")
        self.W = tg.parameter(np.linalg.qr(rng.normal(size=(H, H)))[0] * 0.8, name=f"W_{label}")
        self.b = tg.parameter(np.zeros(H), name=f"b_{label}")

    def run(self, sequence):
        h = tg.tensor(np.zeros((B, H)))
        states = []
        for x in sequence:
            h = np.tanh(x @ self.U.T + h @ self.W.T + self.b)
            states.append(h)
        return states

    def params(self):
        return [self.U, self.W, self.b]


class Tagger:
    def __init__(self):
        self.left, self.right = Direction("left"), Direction("right")
        self.V = tg.parameter(rng.normal(size=(16, 2 * H)) * 0.3, name="V")
        self.d = tg.parameter(np.zeros(16), name="d")
        self.o = tg.parameter(rng.normal(size=16) * 0.3, name="o")

    def __call__(self, xs):
        past = self.left.run(xs)
        future = self.right.run(xs[::-1])
        logits = []
        for f, g in zip(past, future):
            joint = np.concatenate([f, g], axis=1)
            logits.append(np.tanh(joint @ self.V.T + self.d) @ self.o)
        return np.stack(logits)

    def params(self):
        return self.left.params() + self.right.params() + [self.V, self.d, self.o]


def sample():
    s = rng.integers(0, K, size=(T, B))
    y = np.zeros((T, B))
    y[1:-1] = s[:-2] == s[2:]
    return np.eye(K)[s], y


model = Tagger()
avg = [np.zeros(p.shape) for p in model.params()]
mom = [np.zeros(p.shape) for p in model.params()]
for step in range(1, 401):
    xs, y = sample()
    z = model(xs)
    loss = np.mean(np.logaddexp(0, z) - y * z)
    for p in model.params():
        p.zero_grad()
    loss.backward()
    for i, p in enumerate(model.params()):
        mom[i] = 0.9 * mom[i] + 0.1 * p.grad
        avg[i] = 0.99 * avg[i] + 0.01 * p.grad**2
        p.data = p.data - 0.01 * mom[i] / (1 - 0.9**step) / (np.sqrt(avg[i] / (1 - 0.99**step)) + 1e-8)
    if step % 100 == 0:
        inner = ((z.numpy() > 0) == y)[1:-1].mean()
        print(f"{step:4d} loss {float(loss):.3f} accuracy between the ends {inner:.3f}")

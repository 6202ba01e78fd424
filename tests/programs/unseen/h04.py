"""Sequences of different length: is the last bit but one set?  Padded batches, class from the final state."""

from dataclasses import dataclass
import numpy as np
import tinygraph as tg

rng = np.random.default_rng(11)
H, LONGEST, B = 10, 24, 64


@dataclass
class Params:
    U: tg.Tensor
    W: tg.Tensor
    b: tg.Tensor
    v: tg.Tensor

    def all(self):
        return [self.U, self.W, self.b, self.v]


p = Params(
    U=tg.parameter(rng.normal(size=(1, H)) * 0.5, name="U"),
    W=tg.parameter(0.5 * np.eye(H) + rng.normal(size=(H, H)) * 0.1, name="W"),
    b=tg.parameter(np.zeros(H), name="b"),
    v=tg.parameter(rng.normal(size=H) * 0.5, name="v"),
)


def batches(n):
    for _ in range(n):
        lengths = rng.integers(3, LONGEST + 1, size=B)
        bits = rng.integers(0, 2, size=(B, LONGEST)) * 2.0 - 1.0
        inside = np.arange(LONGEST)[None, :] < lengths[:, None]
        x = np.where(inside, bits, 0.0)
        label = x[np.arange(B), lengths - 2] > 0
        yield x, inside, lengths, label.astype(float)


def classify(x, inside):
    h = tg.tensor(np.zeros((B, H)))
    for t in range(LONGEST):
        new = np.tanh(x[:, t : t + 1] @ p.U + h @ p.W + p.b)
        h = np.where(inside[:, t : t + 1], new, h)
    return h @ p.v


vel = [np.zeros(q.shape) for q in p.all()]
for step, (x, inside, lengths, y) in enumerate(batches(200)):
    z = classify(x, inside)
    loss = np.mean(np.logaddexp(0, z) - y * z)
    for q in p.all():
        q.zero_grad()
    loss.backward()
    for i, q in enumerate(p.all()):
        vel[i] = 0.9 * vel[i] - 0.1 * q.grad
        q.data = q.data + vel[i]
    if step % 40 == 39:
        right = (z.numpy() > 0) == y
        print(f"{step + 1:4d} loss {float(loss):.3f} accuracy {right.mean():.2f}")

"""Sequence regression on padded batches with a penalty on how far the hidden state jumps between steps."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(2)
H, B, T = 8, 12, 9
U, W, b, v = (
    tg.parameter(rng.normal(size=(3, H)) * 0.4, name="U"),
    tg.parameter(rng.normal(size=(H, H)) * 0.25, name="W"),
    tg.parameter(np.zeros(H), name="b"),
    tg.parameter(rng.normal(size=H) * 0.3, name="v"),
)
params = [U, W, b, v]


def stream(updates):
    for k in range(updates):
        longest = T if k >= 30 else 5
        lengths = rng.integers(5, longest + 1, size=B)
        x = rng.normal(size=(longest, B, 3))
        keep = (np.arange(longest)[:, None] < lengths).astype(float)
        yield x * keep[..., None], keep[..., None], np.tanh(x[0, :, 0] + x[1, :, 1])


def forward(x, keep):
    h = tg.tensor(np.zeros((B, H)))
    jumps = 0.0
    for xt, m in zip(x, keep):
        previous = h
        h = m * np.tanh(xt @ U + h @ W + b) + (1 - m) * h
        move = h - previous
        jumps = jumps + np.mean(np.sqrt(np.sum(move * move, axis=1)))
    return h @ v, jumps / len(x)


for step, (x, keep, target) in enumerate(stream(80)):
    out, jump = forward(x, keep)
    loss = np.mean((out - target) ** 2) + 0.01 * jump
    for p in params:
        p.zero_grad()
    loss.backward()
    for p in params:
        p.data = p.data - 0.05 * p.grad
    if step % 10 == 9 or 28 < step < 33:
        print(f"step {step + 1:3d} loss {float(loss):.4f}")

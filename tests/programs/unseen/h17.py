"""An LSTM with one fused weight matrix must carry the first symbol over 40 blank steps."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(70)
D, H, T, B = 2, 10, 40, 24


def lstm_parameters(remember=4.0):
    W = rng.normal(size=(4 * H, D + H)) * 0.2
    b = np.zeros(4 * H)
    b[H : 2 * H] = remember
    return tg.parameter(W, name="W"), tg.parameter(b, name="b")


W, b = lstm_parameters()
v = tg.parameter(rng.normal(size=H) * 0.3, name="v")
params = [W, b, v]


def cell(x, h, c):
    a = np.concatenate([x, h], axis=1) @ W.T + b
    i, f, g, o = (a[:, k * H : (k + 1) * H] for k in range(4))
    c = tg.sigmoid(f) * c + tg.sigmoid(i) * np.tanh(g)
    return tg.sigmoid(o) * np.tanh(c), c


def sample():
    bit = rng.integers(0, 2, size=B)
    x = np.zeros((T, B, D))
    x[0, np.arange(B), bit] = 1.0
    return x, bit


mean, square = [np.zeros(p.shape) for p in params], [np.zeros(p.shape) for p in params]
for step in range(1, 161):
    x, bit = sample()
    h = c = tg.tensor(np.zeros((B, H)))
    for xt in x:
        h, c = cell(xt, h, c)
    z = h @ v
    loss = np.mean(np.logaddexp(0, z) - bit * z)
    for p in params:
        p.zero_grad()
    loss.backward()
    for k, p in enumerate(params):
        mean[k] = 0.9 * mean[k] + 0.1 * p.grad
        square[k] = 0.99 * square[k] + 0.01 * p.grad**2
        p.data = p.data - 0.01 * mean[k] / (1 - 0.9**step) / (np.sqrt(square[k] / (1 - 0.99**step)) + 1e-8)
    if step % 40 == 0 or step == 1:
        print(f"{step:4d} loss {float(loss):.4f} gradient of the input columns {np.abs(W.grad[:, :D]).max():.2e}")

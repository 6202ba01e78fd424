# character LSTM, batched; params is a flat list; all gates in one matrix; time on axis 1; cross entropy by hand
import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def logsumexp(z, axis=-1):
    m = np.max(z, axis=axis, keepdims=True)
    return np.squeeze(m, axis) + np.log(np.sum(np.exp(z - m), axis=axis))


def lstm_step(x, h, c, W, b):
    z = np.concatenate([x, h], axis=1) @ W + b
    H = h.shape[1]
    i, f, o = sigmoid(z[:, :H]), sigmoid(z[:, H : 2 * H] + 1.0), sigmoid(z[:, 2 * H : 3 * H])
    g = np.tanh(z[:, 3 * H :])
    c = f * c + i * g
    return o * np.tanh(c), c


def loss(params, inputs, targets):
    emb, W, b, Wy, by = params
    B, T = inputs.shape
    H = b.shape[0] // 4
    h, c = np.zeros((B, H)), np.zeros((B, H))
    total = 0.0
    for t in range(T):
        h, c = lstm_step(emb[inputs[:, t]], h, c, W, b)  # rows by an integer array
        logits = h @ Wy + by
        total += np.sum(logsumexp(logits) - logits[np.arange(B), targets[:, t]])
    return total / (B * T)


def cases(rng):
    V, E, H = 7, 3, 4
    for B, T in ((2, 5), (2, 5), (2, 5), (2, 5), (3, 8)):
        text = rng.integers(0, V, size=(B, T + 1))
        yield (
            [
                rng.normal(size=(V, E)),
                rng.normal(size=(E + H, 4 * H)) / 2,
                rng.normal(size=4 * H) / 5,
                rng.normal(size=(H, V)),
                np.zeros(V),
            ],
            text[:, :-1],
            text[:, 1:],
        )

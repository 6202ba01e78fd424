"""Causal self-attention predicts the next symbol of a text; then it does so one symbol at a time."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(107)
K, D, T, B = 6, 20, 10, 32
# the rule: the next symbol is the sum of the last two, sometimes replaced by chance
NOISE = 0.25


def texts(n):
    s = np.zeros((n, T + 1), int)
    s[:, :2] = rng.integers(0, K, size=(n, 2))
    for t in range(2, T + 1):
        chance = rng.random(n) < NOISE
        s[:, t] = np.where(chance, rng.integers(0, K, size=n), (s[:, t - 1] + 1 + (s[:, t - 2] > 2)) % K)
    return s


def w(name, *shape):
    return tg.parameter(rng.normal(size=shape) / np.sqrt(shape[0]), name=name)


p = {
    "E": w("E", K, D),
    "P": w("P", T, D),
    "Q": w("Q", D, D),
    "Kk": w("Kk", D, D),
    "V": w("V", D, D),
    "A": w("A", 2 * D, 2 * D),
    "a": tg.parameter(np.zeros(2 * D), name="a"),
    "O": w("O", 2 * D, K),
}
before = np.triu(np.ones((T, T))).astype(bool)


def logits(s):
    n, t = s.shape
    x = p["E"][s] + p["P"][:t]
    scores = np.einsum("bid,bjd->bij", x @ p["Q"], x @ p["Kk"]) / np.sqrt(D)
    alpha = tg.softmax(np.where(before[:t, :t], scores, -1e9), axis=2)
    context = np.einsum("bij,bjd->bid", alpha, x @ p["V"])
    return np.tanh(np.concatenate([x, context], axis=2) @ p["A"] + p["a"]) @ p["O"]


m, v = ({k: np.zeros(q.shape) for k, q in p.items()} for _ in range(2))
for step in range(1, 501):
    s = texts(B)
    lp = tg.log_softmax(logits(s[:, :-1]), axis=2)
    loss = -np.mean(np.sum(lp * np.eye(K)[s[:, 1:]], axis=2))
    for q in p.values():
        q.zero_grad()
    loss.backward()
    for k, q in p.items():
        m[k] = 0.9 * m[k] + 0.1 * q.grad
        v[k] = 0.99 * v[k] + 0.01 * q.grad**2
        q.data = q.data - 0.01 * m[k] / (1 - 0.9**step) / (np.sqrt(v[k] / (1 - 0.99**step)) + 1e-8)
    if step % 100 == 0:
        print(f"{step:4d} loss {float(loss):.3f}")

s = texts(400)
print(f"next symbol right, whole texts: {np.mean(np.argmax(logits(s[:, :-1]).numpy(), axis=2) == s[:, 1:]):.3f}")
hits = [np.mean(np.argmax(logits(s[:, :t]).numpy()[:, -1], axis=1) == s[:, t]) for t in range(2, T + 1)]
print(f"next symbol right, one at a time: {np.mean(hits):.3f}")

"""Sentiment of toy sentences of different length: an embedding table, an Elman cell, and the last word's state."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(101)
VOCABULARY, D, H, LONGEST, B = 20, 6, 10, 9, 32
PAD = -1
value = rng.choice([-1.0, 1.0], size=VOCABULARY)
value[VOCABULARY - 1] = 1.0

table = {
    "E": tg.parameter(rng.normal(size=(VOCABULARY, D)) * 0.3, name="E"),
    "U": tg.parameter(rng.normal(size=(D, H)) * 0.4, name="U"),
    "W": tg.parameter(np.eye(H) * 0.9, name="W"),
    "v": tg.parameter(rng.normal(size=H) * 0.3, name="v"),
}


def sentences(n, longest=LONGEST):
    lengths = rng.integers(3, longest + 1, size=n)
    words = rng.integers(0, VOCABULARY, size=(n, longest))
    last = rng.random(n) < 0.5
    words[last, lengths[last] - 1] = VOCABULARY - 1
    score = np.where(np.arange(longest) < lengths[:, None], value[words], 0.0).sum(axis=1)
    words[np.arange(longest) >= lengths[:, None]] = PAD
    return words, np.clip(score / 4, -1, 1), lengths


def read(words):
    h = tg.tensor(np.zeros((len(words), H)))
    for t in range(words.shape[1]):
        h = np.tanh(table["E"][words[:, t]] @ table["U"] + h @ table["W"])
    return h @ table["v"]


m, s = ({k: np.zeros(p.shape) for k, p in table.items()} for _ in range(2))
for step in range(1, 501):
    words, y, _ = sentences(B)
    loss = np.mean((read(words) - y) ** 2)
    for p in table.values():
        p.zero_grad()
    loss.backward()
    for k, p in table.items():
        m[k] = 0.9 * m[k] + 0.1 * p.grad
        s[k] = 0.99 * s[k] + 0.01 * p.grad**2
        p.data = p.data - 0.01 * m[k] / (1 - 0.9**step) / (np.sqrt(s[k] / (1 - 0.99**step)) + 1e-8)
    if step % 100 == 0:
        print(f"{step:4d} loss {float(loss):.4f}")
words, y, lengths = sentences(1000)
error = (read(words).numpy() - y) ** 2
print(
    f"squared error of full sentences {error[lengths == LONGEST].mean():.3f}, of the shortest {error[lengths == 3].mean():.3f}"
)

"""Character model whose output layer shares its table with the input embedding."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(103)
text = "the cat sat on the mat and the dog sat on the log and the cat saw the dog " * 4
letters = sorted(set(text))
code = np.array([letters.index(ch) for ch in text])
K, D, B, T = len(letters), 16, 16, 12


class CharModel:
    def __init__(self):
        self.embedding = tg.parameter(rng.normal(size=(K, D)) * 0.1, name="embedding")
        self.U = tg.parameter(rng.normal(size=(D, D)) * 0.3, name="U")
        self.W = tg.parameter(rng.normal(size=(D, D)) * 0.2, name="W")
        self.b = tg.parameter(np.zeros(D), name="b")
        self.c = tg.parameter(np.zeros(K), name="c")

    def logits(self, h):
        return h @ self.embedding.T + self.c

    def loss(self, inputs, targets):
        h, total = tg.tensor(np.zeros((inputs.shape[1], D))), 0.0
        rows = np.arange(inputs.shape[1])
        for i, y in zip(inputs, targets):
            h = np.tanh(self.embedding[i] @ self.U + h @ self.W + self.b)
            total = total - np.mean(tg.log_softmax(self.logits(h), axis=1)[rows, y])
        return total / len(inputs)

    def parameters(self):
        return [v for v in vars(self).values() if isinstance(v, tg.Tensor) and v.requires_grad]


model = CharModel()
params = model.parameters()
m, s = ([np.zeros(p.shape) for p in params] for _ in range(2))
for step in range(1, 301):
    start = rng.integers(0, len(code) - T - 1, size=B)
    chunk = np.stack([code[a : a + T + 1] for a in start], axis=1)
    loss = model.loss(chunk[:-1], chunk[1:])
    for p in params:
        p.zero_grad()
    loss.backward()
    for k, p in enumerate(params):
        m[k] = 0.9 * m[k] + 0.1 * p.grad
        s[k] = 0.99 * s[k] + 0.01 * p.grad**2
        p.data = p.data - 0.01 * m[k] / (1 - 0.9**step) / (np.sqrt(s[k] / (1 - 0.99**step)) + 1e-8)
    if step % 60 == 0:
        print(f"{step:4d} nats per letter {float(loss):.3f}")

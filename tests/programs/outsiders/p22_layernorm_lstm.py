import numpy as np

import tinygraph as tg


class LayerNorm:
    def __init__(self, dim, gain=1.0):
        self.g = tg.parameter(np.full(dim, gain))
        self.b = tg.parameter(np.zeros(dim))

    def __call__(self, x):
        mu = x.mean(axis=-1, keepdims=True)
        sigma = np.sqrt(((x - mu) ** 2).mean(axis=-1, keepdims=True) + 1e-5)
        return self.g * (x - mu) / sigma + self.b


class LayerNormLSTMCell:
    def __init__(self, d_in, d_hid, rng):
        self.W = tg.parameter(rng.normal(0, 0.3, (4, d_in, d_hid)))
        self.U = tg.parameter(rng.normal(0, 0.3, (4, d_hid, d_hid)))
        self.ln_x = [LayerNorm(d_hid) for _ in range(4)]
        self.ln_h = [LayerNorm(d_hid) for _ in range(4)]
        self.ln_c = LayerNorm(d_hid)
        self.d_hid = d_hid

    def zero_state(self, batch):
        return np.zeros((batch, self.d_hid)), np.zeros((batch, self.d_hid))

    def step(self, x, h, c):
        wx = np.einsum("bi,gij->gbj", x, self.W)
        uh = np.einsum("bj,gjk->gbk", h, self.U)
        pre = [self.ln_x[g](wx[g]) + self.ln_h[g](uh[g]) for g in range(4)]
        i, f, o = [tg.sigmoid(a) for a in pre[:3]]
        c = f * c + i * np.tanh(pre[3])
        h = o * np.tanh(self.ln_c(c))
        return h, c


class Classifier:
    def __init__(self, d_in, d_hid, n_layers, n_cls, rng):
        dims = [d_in] + [d_hid] * n_layers
        self.cells = [LayerNormLSTMCell(a, b, rng) for a, b in zip(dims, dims[1:])]
        self.W_cls = tg.parameter(rng.normal(0, 0.3, (d_hid, n_cls)))

    def __call__(self, xs):  # (T, B, D)
        states = [cell.zero_state(xs.shape[1]) for cell in self.cells]
        pooled = 0
        for x in xs:
            for k, cell in enumerate(self.cells):
                states[k] = cell.step(x, *states[k])
                x = states[k][0]
            pooled = pooled + x
        return (pooled / len(xs)) @ self.W_cls


def main():
    rng = np.random.default_rng(22)
    model = Classifier(d_in=2, d_hid=3, n_layers=2, n_cls=2, rng=rng)
    xs = rng.normal(size=(5, 4, 2))
    labels = (xs.sum((0, 2)) > 0).astype(int)
    logits = model(xs)
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -log_probs[np.arange(4), labels].mean()

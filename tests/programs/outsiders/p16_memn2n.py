"""End-to-end memory network (position encoding left out)."""

import numpy as np

import tinygraph as tg

vocab = ["mary", "john", "went", "to", "the", "kitchen", "garden", "where", "is", "?"]
idx = {w: i for i, w in enumerate(vocab)}
story = ["mary went to the kitchen", "john went to the garden", "mary went to the garden", "john went to the kitchen"]
question, answer = "where is mary ?", "garden"

N_HOPS = 3
d = 4


def bow(sentence):
    v = np.zeros(len(vocab))
    for w in sentence.split():
        v[idx[w]] += 1
    return v


class MemN2N:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        V = len(vocab)
        # adjacent weight tying: A^{k+1} = C^k, B = A^1, W^T = C^K
        self.A = [tg.parameter(rng.normal(0, 0.3, (V, d))) for _ in range(N_HOPS + 1)]
        self.TA = [tg.parameter(rng.normal(0, 0.1, (len(story), d))) for _ in range(N_HOPS + 1)]

    def forward(self, s, q):
        u = np.einsum("v,vd->d", q, self.A[0])
        for hop in range(N_HOPS):
            m = np.einsum("nv,vd->nd", s, self.A[hop]) + self.TA[hop]
            c = np.einsum("nv,vd->nd", s, self.A[hop + 1]) + self.TA[hop + 1]
            p = tg.softmax(np.einsum("nd,d->n", m, u))
            u = u + np.einsum("n,nd->d", p, c)
        return tg.softmax(np.einsum("d,vd->v", u, self.A[-1]))


def main():
    net = MemN2N(seed=16)
    p = net.forward(np.stack([bow(s) for s in story]), bow(question))
    return -np.log(p[idx[answer]])

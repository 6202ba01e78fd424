"""Encoder, then a decoder with multi-head attention at every step, all by einsum. Params: a dict of dicts.
Teacher forcing; the attention's mask comes from the source's lengths (-1e9)."""

import numpy as np


def softmax(a, axis=-1):
    e = np.exp(a - a.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def encode(p, src):
    h = np.zeros((src.shape[1], p["U"].shape[0]))
    states = [h := np.tanh(np.einsum("bi,ih->bh", x, p["W"]) + np.einsum("bh,hk->bk", h, p["U"])) for x in src]
    return np.stack(states, axis=1), h  # b t h


def attend(p, query, memory, bias):
    q = np.einsum("bh,nhd->bnd", query, p["Q"])
    k = np.einsum("bth,nhd->bntd", memory, p["K"])
    v = np.einsum("bth,nhd->bntd", memory, p["V"])
    scores = np.einsum("bnd,bntd->bnt", q, k) / np.sqrt(q.shape[-1])
    a = softmax(scores + bias[:, None, :])
    context = np.einsum("bnt,bntd->bnd", a, v)
    return np.einsum("bnd,ndh->bh", context, p["O"]), a


def loss(params, src, src_len, tgt):
    memory, s = encode(params["enc"], src)
    bias = np.where(np.arange(src.shape[0]) < src_len[:, None], 0.0, -1e9)
    dec, total, spread = params["dec"], 0.0, 0.0
    prev = np.zeros_like(tgt[0])
    for target in tgt:
        context, a = attend(params["att"], s, memory, bias)
        s = np.tanh(np.einsum("...i,ih->...h", np.concatenate((prev, context), axis=-1), dec["W"]) + s @ dec["U"])
        out = np.einsum("bh,hi->bi", s, dec["out"]) + dec["b"]
        total += 0.5 * np.square(out - target).sum(axis=-1).mean()
        spread += np.einsum("bnt,bnt->", a, a)
        prev = target
    return total / len(tgt) + 1e-2 * spread


def cases(rng):
    I, H, N, D = 2, 4, 2, 3
    for S, T, B in ((5, 3, 2), (5, 3, 2), (5, 3, 2), (7, 4, 3)):
        g = lambda *s: rng.normal(size=s) / np.sqrt(s[-2] if len(s) > 1 else 4)
        params = {
            "enc": {"W": g(I, H), "U": g(H, H)},
            "att": {"Q": g(N, H, D), "K": g(N, H, D), "V": g(N, H, D), "O": g(N, D, H)},
            "dec": {"W": g(I + H, H), "U": g(H, H), "out": g(H, I), "b": g(I)},
        }
        yield params, rng.normal(size=(S, B, I)), rng.integers(1, S + 1, size=B), rng.normal(size=(T, B, I))

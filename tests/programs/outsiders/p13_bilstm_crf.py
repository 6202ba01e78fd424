"""BiLSTM-CRF tagger, padded minibatch."""

import numpy as np

import tinygraph as tg


def lstm(x, mask, W, b, n_hid):
    """x is (T, B, D), mask is (T, B)."""
    T, B = mask.shape
    h = np.zeros((B, n_hid))
    c = np.zeros((B, n_hid))
    hs = []
    for t in range(T):
        gates = np.concatenate([x[t], h], axis=1) @ W + b
        i, f, o, g = np.split(gates, 4, axis=1)
        c_new = tg.sigmoid(f) * c + tg.sigmoid(i) * np.tanh(g)
        h_new = tg.sigmoid(o) * np.tanh(c_new)
        m = mask[t][:, None]
        c = m * c_new + (1 - m) * c
        h = m * h_new + (1 - m) * h
        hs.append(h)
    return np.stack(hs)


def crf_nll(emissions, trans, tags, mask):
    T, B, _ = emissions.shape
    rows = np.arange(B)
    log_z = emissions[0]
    gold = emissions[0][rows, tags[0]]
    for t in range(1, T):
        cand = log_z[:, :, None] + trans[None] + emissions[t][:, None, :]
        cand = np.log(np.exp(cand).sum(axis=1))
        log_z = np.where(mask[t][:, None] > 0, cand, log_z)
        gold = gold + mask[t] * (trans[tags[t - 1], tags[t]] + emissions[t][rows, tags[t]])
    return np.log(np.exp(log_z).sum(axis=1)) - gold


def main():
    rng = np.random.default_rng(13)
    V, D, H, K = 9, 3, 3, 3
    params = dict(  # noqa: C408
        emb=tg.parameter(rng.normal(0, 0.5, (V, D))),
        W_fwd=tg.parameter(rng.normal(0, 0.4, (D + H, 4 * H))),
        b_fwd=tg.parameter(np.zeros(4 * H)),
        W_bwd=tg.parameter(rng.normal(0, 0.4, (D + H, 4 * H))),
        b_bwd=tg.parameter(np.zeros(4 * H)),
        W_tag=tg.parameter(rng.normal(0, 0.4, (2 * H, K))),
        trans=tg.parameter(rng.normal(0, 0.1, (K, K))),
    )
    lengths = np.array([5, 3, 4])
    T = lengths.max()
    mask = (np.arange(T)[:, None] < lengths[None, :]).astype(float)
    words = rng.integers(0, V, (T, 3))
    tags = rng.integers(0, K, (T, 3))

    x = params["emb"][words]
    fwd = lstm(x, mask, params["W_fwd"], params["b_fwd"], H)
    bwd = lstm(x[::-1], mask[::-1], params["W_bwd"], params["b_bwd"], H)[::-1]
    emissions = np.concatenate([fwd, bwd], axis=2) @ params["W_tag"]
    return crf_nll(emissions, params["trans"], tags, mask).mean()

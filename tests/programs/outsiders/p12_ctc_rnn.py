import numpy as np

import tinygraph as tg

BLANK = 0
NEG_INF = -1e30


def logadd(*xs):
    m = xs[0]
    for x in xs[1:]:
        m = np.maximum(m, x)
    s = 0.0
    for x in xs:
        s = s + np.exp(x - m)
    return m + np.log(s)


def ctc_loss(log_probs, labels):
    """log_probs: (T, V). Returns -log p(labels)."""
    ext = [BLANK]
    for y in labels:
        ext += [y, BLANK]
    T, S = log_probs.shape[0], len(ext)

    alpha = [NEG_INF] * S
    alpha[0] = log_probs[0, BLANK]
    alpha[1] = log_probs[0, ext[1]]
    for t in range(1, T):
        new = [NEG_INF] * S
        for s in range(S):
            terms = [alpha[s]]
            if s >= 1:
                terms.append(alpha[s - 1])
            if s >= 2 and ext[s] != BLANK and ext[s] != ext[s - 2]:
                terms.append(alpha[s - 2])
            new[s] = logadd(*terms) + log_probs[t, ext[s]]
        alpha = new
    return -logadd(alpha[S - 1], alpha[S - 2])


def acoustic_model(frames, W, U, b, V):
    h = np.zeros(b.shape)
    rows = []
    for frame in frames:
        h = np.tanh(W @ frame + U @ h + b)
        o = V @ h
        rows.append(o - np.log(np.exp(o).sum()))
    return np.stack(rows)


def main():
    rng = np.random.default_rng(12)
    H, D, nlabels = 3, 2, 3
    W = tg.parameter(rng.normal(0, 0.5, (H, D)))
    U = tg.parameter(rng.normal(0, 0.5, (H, H)))
    b = tg.parameter(np.zeros(H))
    V = tg.parameter(rng.normal(0, 0.5, (nlabels + 1, H)))
    frames = rng.normal(size=(6, D))
    return ctc_loss(acoustic_model(frames, W, U, b, V), [2, 1])

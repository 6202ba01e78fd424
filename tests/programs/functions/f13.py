"""Linear-chain CRF on the emissions of a small RNN: forward algorithm with logsumexp by hand (broadcast over previous x
next tag), the gold score by integer arrays, batches with lengths (masks, no branches), forbidden transitions by a constant."""

import numpy as np

NEG = -1e4


def logsumexp(a, axis):
    top = np.amax(a, axis=axis, keepdims=True)
    return (top + np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True))).squeeze(axis)


def emissions(rnn, x):
    h = np.zeros((x.shape[0], rnn["W"].shape[0]))
    out = []
    for t in range(x.shape[1]):
        h = np.tanh(h @ rnn["W"] + x[:, t, :] @ rnn["U"])
        out.append(h @ rnn["V"])
    return np.swapaxes(np.stack(out), 0, 1)  # B T K


def log_partition(e, mask, trans, start, end):
    alpha = start + e[:, 0]
    for t in range(1, e.shape[1]):
        scores = alpha[:, :, None] + trans[None, :, :] + e[:, t, None, :]
        alpha = np.where(mask[:, t, None], logsumexp(scores, axis=1), alpha)
    return logsumexp(alpha + end, axis=-1)


def gold_score(e, tags, mask, trans, start, end):
    B, T, _ = e.shape
    rows, cols = np.ogrid[:B, :T]
    emit = (e[rows, cols, tags] * mask).sum(axis=1)
    moves = (trans[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]).sum(axis=1)
    last = tags[np.arange(B), mask.sum(axis=1) - 1]
    return start[tags[:, 0]] + emit + moves + end[last]


def loss(params, x, tags, lengths):
    forbidden = np.zeros(params["trans"].shape)
    forbidden[-1, 0] = NEG  # constants may be written in place
    trans = params["trans"] + forbidden
    mask = np.arange(x.shape[1]) < lengths[:, np.newaxis]
    e = emissions(params["rnn"], x)
    args = mask, trans, params["start"], params["end"]
    logz = log_partition(e, *args)
    return np.average(logz - gold_score(e, tags, *args), weights=1.0 / lengths)


def cases(rng):
    K, I, H = 4, 3, 4
    for B, T in ((3, 5), (3, 5), (3, 5), (3, 5), (2, 8), (5, 2)):
        lengths = rng.integers(1, T + 1, size=B)
        tags = rng.integers(0, K - 1, size=(B, T))  # the last tag never comes first, so nothing forbidden is gold
        yield (
            {
                "rnn": {"W": rng.normal(size=(H, H)) / 2, "U": rng.normal(size=(I, H)), "V": rng.normal(size=(H, K))},
                "trans": rng.normal(size=(K, K)),
                "start": rng.normal(size=K),
                "end": rng.normal(size=K),
            },
            rng.normal(size=(B, T, I)),
            tags,
            lengths,
        )

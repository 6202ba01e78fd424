"""Networks with a hook for each sickness, and what doctor says of them."""

import numpy as np

import tinygraph as tg
from tinygraph.diagnosing import doctor

T, N, IN, H, OUT = 6, 8, 3, 5, 4


def cell_weights(rng, dtype=float):
    shapes = (H, IN), (H, H), (H,), (OUT, H), (OUT,)
    return [tg.parameter((rng.normal(size=shape) / 2).astype(dtype)) for shape in shapes]


def batches(rng):
    return rng.normal(size=(T, N, IN)), rng.integers(0, OUT, (T, N))


def classifier(*, mixing=None, softmax_axis=1, squash=np.tanh, leave=lambda h: h, scale=None):
    """An Elman network over a batch, with a hook for each sickness."""
    rng = np.random.default_rng(0)
    U, W, b, V, c = cell_weights(rng)
    xs, ys = batches(rng)
    if scale is not None:
        xs[scale] *= 60.0
    h, loss = np.zeros((N, H)), 0.0
    for x, y in zip(xs, ys, strict=True):
        h = squash(x @ U.T + h @ W.T + b)
        h = leave(h if mixing is None else mixing(h))
        o = h @ V.T + c
        e = np.exp(o)
        p = e / np.sum(e, axis=softmax_axis, keepdims=True)
        loss = loss - np.mean(np.log(p[np.arange(N), y]))
    return loss


def kinds(loss, **options):
    return {symptom.kind for symptom in doctor(tg.trace(loss), **options)}


def regression(target_shape):
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(16, 3)), tg.parameter(rng.normal(size=(3, 1)))
    return np.mean((X @ w - rng.normal(size=target_shape)) ** 2)

"""A linear state-space layer and an Elman layer, both run by a hand-written scan() over a pytree carry, and the losses
added up by functools.reduce. No for statement in loss() at all."""

from functools import partial, reduce

import numpy as np


def scan(f, carry, xs):
    def g(acc, x):
        carry, ys = acc
        carry, y = f(carry, x)
        return carry, ys + [y]

    return reduce(g, xs, (carry, []))


def ssm(p, carry, x):
    """diagonal, complex numbers written as pairs: rotation by p['theta'] and decay by sigmoid(p['rho'])"""
    re, im = carry
    decay = 1 / (1 + np.exp(-p["rho"]))
    cos, sin = decay * np.cos(p["theta"]), decay * np.sin(p["theta"])
    re, im = cos * re - sin * im + p["B"] @ x, sin * re + cos * im
    return (re, im), p["C"] @ np.concatenate([re, im]) + p["D"] * x


def elman(p, carry, x):
    s = carry["s"]
    s = np.tanh(p["W"] @ s + p["U"] @ x)
    return {"s": s, "count": carry["count"] + 1}, s


def loss(params, xs, ys):
    p, q, readout = params["ssm"], params["elman"], params["readout"]
    n = p["rho"].shape[0]
    _, mid = scan(partial(ssm, p), (np.zeros(n), np.zeros(n)), xs)
    last, top = scan(partial(elman, q), {"s": np.zeros(q["W"].shape[0]), "count": 0}, mid)
    predict = lambda s: np.inner(readout, s)
    per_step = map(lambda s, y: (predict(s) - y) ** 2, top, ys)
    return reduce(lambda a, b: a + b, per_step) / last["count"] + 0.1 * np.sum(last["s"] ** 2)


def cases(rng):
    n, d, h = 3, 2, 4
    for T in (6, 6, 6, 12):
        yield (
            {
                "ssm": {
                    "rho": rng.normal(size=n),
                    "theta": rng.uniform(0, 2, size=n),
                    "B": rng.normal(size=(n, d)),
                    "C": rng.normal(size=(d, 2 * n)),
                    "D": rng.normal(size=d),
                },
                "elman": {"W": rng.normal(size=(h, h)) / 2, "U": rng.normal(size=(h, d))},
                "readout": rng.normal(size=h),
            },
            rng.normal(size=(T, d)),
            rng.normal(size=T),
        )

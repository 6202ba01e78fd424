"""DEPENDS ON VALUES: random numbers inside the loss: a fresh dropout mask at every call and step (a module-level Generator),
zoneout, and stochastic depth, a Python branch on a random number. reset() seeds the generator again, after which a
call with the same arguments gives the same value."""

import numpy as np

RNG = np.random.default_rng(7)
KEEP = 0.75


def reset(seed=7):
    global RNG
    RNG = np.random.default_rng(seed)


def dropout(x):
    return x * (RNG.random(x.shape) < KEEP) / KEEP


def gru(p, x, h):
    gates = 1 / (1 + np.exp(-(x @ p["Wg"] + h @ p["Ug"])))
    r, z = np.split(gates, 2, axis=-1)
    return z * h + (1 - z) * np.tanh(x @ p["Wn"] + (r * h) @ p["Un"])


def loss(params, xs, ys):
    lower, upper, V = params["lower"], params["upper"], params["V"]
    h1 = h2 = np.zeros((xs.shape[1], V.shape[0]))
    total = 0.0
    for x, y in zip(xs, ys):
        h1 = gru(lower, dropout(x), h1)
        if RNG.random() < 0.7:  # stochastic depth
            new = gru(upper, dropout(h1), h2)
            keep = RNG.binomial(1, 0.2, size=new.shape).astype(float)  # zoneout
            h2 = keep * h2 + (1 - keep) * new
        total += np.mean((h2 @ V - y + 0.05 * RNG.standard_normal(y.shape)) ** 2)
    return total / xs.shape[0]


def cases(rng):
    I, H, O = 3, 4, 2
    cell = lambda n: {
        "Wg": rng.normal(size=(n, 2 * H)),
        "Ug": rng.normal(size=(H, 2 * H)) / 2,
        "Wn": rng.normal(size=(n, H)),
        "Un": rng.normal(size=(H, H)) / 2,
    }
    for T, B in ((5, 2), (5, 2), (5, 2), (9, 3)):
        yield (
            {"lower": cell(I), "upper": cell(H), "V": rng.normal(size=(H, O))},
            rng.normal(size=(T, B, I)),
            rng.normal(size=(T, B, O)),
        )

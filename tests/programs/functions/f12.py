"""Neural ODE by explicit Euler (with a damped Lotka-Volterra part), two nested while loops, a fixed number of sub-steps per
observation as a Python int, clipping of the state, Huber loss by np.where, a penalty by np.maximum. params: a tuple."""

import numpy as np


def field(theta, mlp, z, t):
    a, b, c, d = theta
    x, y = z[..., 0], z[..., 1]
    known = np.stack([a * x - b * x * y, d * x * y - c * y], axis=-1)
    (W1, b1), (W2, b2) = mlp
    features = np.concatenate([z, np.full(z.shape[:-1] + (1,), np.sin(t))], axis=-1)
    learnt = np.maximum(features @ W1 + b1, 0.1 * (features @ W1 + b1)) @ W2 + b2  # leaky ReLU
    return known + 0.1 * learnt


def huber(r, delta=0.3):
    a = np.abs(r)
    return np.where(a <= delta, 0.5 * r**2, delta * (a - 0.5 * delta))


def loss(params, z0, observed, dt=0.2, substeps=3):
    theta, mlp, log_scale = params
    theta = np.exp(theta)
    z, t, k = z0, 0.0, 0
    total, negative = 0.0, 0.0
    while k < observed.shape[0]:
        j = 0
        while j < substeps:
            z = z + dt / substeps * field(theta, mlp, z, t)
            negative = negative + np.maximum(0.0, 0.2 - z).sum()
            z = np.clip(z, 0.05, 5.0)
            t += dt / substeps
            j += 1
        total = total + huber((z - observed[k]) * np.exp(-log_scale)).mean() + log_scale.mean()
        k += 1
    return total / k + 0.05 * negative


def cases(rng):
    H = 4
    for T, B, extra in ((5, 2, ()), (5, 2, ()), (5, 2, ()), (8, 2, ()), (5, 4, ()), (5, 2, (0.1, 2))):
        mlp = ((rng.normal(size=(3, H)), rng.normal(size=H)), (rng.normal(size=(H, 2)), rng.normal(size=2)))
        yield (
            (np.log(rng.uniform(0.4, 1.5, size=4)), mlp, rng.normal(size=2) / 5),
            rng.uniform(0.3, 2.5, size=(B, 2)),
            rng.uniform(0.1, 3, size=(T, B, 2)),
            *extra,
        )

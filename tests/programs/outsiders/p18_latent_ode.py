"""Latent ODE autoencoder for irregularly sampled data, Euler steps."""

import numpy as np

import tinygraph as tg


def mlp(sizes, rng):
    return [
        (tg.parameter(rng.normal(size=(a, b)) / np.sqrt(a)), tg.parameter(np.zeros(b)))
        for a, b in zip(sizes[:-1], sizes[1:])
    ]


def apply_mlp(layers, x):
    *inner, (W, b) = layers
    for Wi, bi in inner:
        x = np.tanh(x @ Wi + bi)
    return x @ W + b


def euler(f, z, t0, t1, n_sub):
    dt = (t1 - t0) / n_sub
    for _ in range(n_sub):
        z = z + dt * f(z)
    return z


def odeint(f, z0, times, n_sub=3):
    """Yields the state at every time."""
    z = z0
    yield z
    for t0, t1 in zip(times[:-1], times[1:]):
        z = euler(f, z, t0, t1, n_sub)
        yield z


def main():
    rng = np.random.default_rng(18)
    times = np.array([0.0, 0.2, 0.7, 0.9, 1.5])
    xs = np.stack([np.cos(2 * times), np.sin(2 * times)], axis=1) + 0.05 * rng.normal(size=(5, 2))

    enc = mlp([2 + 1 + 3, 3], rng)
    to_latent = mlp([3, 2], rng)
    dynamics = mlp([2, 4, 2], rng)
    dec = mlp([2, 4, 2], rng)

    # encoder runs backwards in time
    h = np.zeros(3)
    for x, gap in zip(xs[::-1], np.diff(times, append=times[-1])[::-1]):
        h = np.tanh(apply_mlp(enc, np.concatenate([x, [gap], h])))
    z0 = apply_mlp(to_latent, h)

    recon = [apply_mlp(dec, z) for z in odeint(lambda z: apply_mlp(dynamics, z), z0, times)]
    return sum(np.sum((r - x) ** 2) for r, x in zip(recon, xs)) / len(xs)

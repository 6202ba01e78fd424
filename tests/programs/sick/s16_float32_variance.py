"""Normalises air pressure (hPa) inside the network, in float32 for speed."""

import numpy as np

import tinygraph as tg

f32 = np.float32
rng = np.random.default_rng(20)
drift = np.cumsum(rng.normal(size=32)) * 0.004
pressure = (1013.25 + drift).astype(f32)
u = tg.parameter(rng.normal(size=6).astype(f32))
W = tg.parameter((0.4 * rng.normal(size=(6, 6))).astype(f32))
v = tg.parameter(rng.normal(size=6).astype(f32))
shift = tg.parameter(f32(0.0))


def moments(x):
    mean = np.mean(x)
    return mean, np.mean(x**2) - mean**2


def normalised(series):
    x = series + shift
    mean, variance = moments(x)
    return (x - mean) / np.sqrt(np.abs(variance) + f32(1e-7))


def main():
    z = normalised(pressure)
    h, loss = np.zeros(6, f32), f32(0)
    for t in range(len(pressure) - 1):
        h = np.tanh(W @ h + u * z[t])
        loss = loss + (v @ h - z[t + 1]) ** 2
    return loss / f32(len(pressure) - 1)


if __name__ == "__main__":
    loss = main()
    print("loss", loss.item(), "std of z", normalised(pressure).data.std())
    loss.backward()

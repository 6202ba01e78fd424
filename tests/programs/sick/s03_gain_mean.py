"""A layer-normalised recurrence; the gain is applied by an op of its own."""

import numpy as np

import tinygraph as tg

apply_gain = tg.op(
    lambda x, gain: x * gain,
    vjp=(
        lambda g, y, x, gain: g * gain,
        lambda g, y, x, gain: np.mean(g * x, axis=0),
    ),
    name="apply_gain",
)


def normalise(a, gain, eps=1e-5):
    centred = a - np.mean(a, axis=1, keepdims=True)
    deviation = np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + eps)
    return apply_gain(centred / deviation, gain)


def make(seed, n=12, steps=5, size=6):
    rng = np.random.default_rng(seed)
    params = {
        "R": tg.parameter(rng.normal(scale=0.4, size=(size, size))),
        "K": tg.parameter(rng.normal(scale=0.6, size=(2, size))),
        "gain": tg.parameter(np.ones(size)),
        "out": tg.parameter(rng.normal(scale=0.4, size=(size,))),
    }
    xs = rng.normal(size=(steps, n, 2))
    return params, xs, np.sign(xs.sum(axis=(0, 2)))


params, xs, labels = make(3)


def main():
    h = np.zeros((xs.shape[1], params["R"].shape[0]))
    for x_t in xs:
        h = np.tanh(normalise(h @ params["R"] + x_t @ params["K"], params["gain"]))
    margin = labels * (h @ params["out"])
    return np.mean(tg.softplus(-margin))


if __name__ == "__main__":
    loss = main()
    print(f"logistic loss {loss.item():.4f}")
    loss.backward()

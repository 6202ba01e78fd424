"""Dot-product self-attention over the states of a recurrent encoder, with wide heads."""

import numpy as np

import tinygraph as tg

T, H, D = 8, 12, 96
rng = np.random.default_rng(47)


def dense(rows, columns, scale):
    return tg.parameter(scale * rng.standard_normal((rows, columns)))


params = {
    "W": dense(H, H, 0.3),
    "U": dense(2, H, 1.0),
    "Q": dense(H, D, 1.0),
    "K": dense(H, D, 1.0),
    "V": dense(H, 1, 0.3),
}
xs = rng.standard_normal((T, 2))


def states(p, xs):
    h, hs = np.zeros(H), []
    for x in xs:
        h = np.tanh(h @ p["W"] + x @ p["U"])
        hs.append(h)
    return np.stack(hs)


def attention(p, hs):
    q, k = hs @ p["Q"], hs @ p["K"]
    scores = np.einsum("id,jd->ij", q, k)
    return tg.softmax(scores, axis=-1)


def main():
    hs = states(params, xs)
    mixed = attention(params, hs) @ hs
    return np.mean((mixed @ params["V"] - 0.5) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), {name: float(np.linalg.norm(p.grad)) for name, p in params.items()})

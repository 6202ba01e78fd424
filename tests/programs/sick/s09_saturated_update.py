"""A GRU whose update gate begins with a bias, so that it remembers for long at first."""

import numpy as np

import tinygraph as tg


def gru(size_in, size, rng):
    def w(rows, columns):
        return tg.parameter(rng.uniform(-0.5, 0.5, (rows, columns)))

    params = {kind + gate: w(size, n) for gate in "zrh" for kind, n in (("W", size_in), ("U", size))}
    params["bz"] = tg.parameter(np.full(size, -40.0))

    def cell(h, x):
        z = tg.sigmoid(params["Wz"] @ x + params["Uz"] @ h + params["bz"])
        r = tg.sigmoid(params["Wr"] @ x + params["Ur"] @ h)
        candidate = np.tanh(params["Wh"] @ x + params["Uh"] @ (r * h))
        return (1 - z) * h + z * candidate

    return params, cell


rng = np.random.default_rng(4)
params, cell = gru(3, 6, rng)
v = tg.parameter(rng.normal(size=6))
xs = rng.normal(size=(8, 3))
target = 1.0


def main():
    h = tg.tensor(np.zeros(6))
    for x in xs:
        h = cell(h, x)
    return (v @ h - target) ** 2


if __name__ == "__main__":
    loss = main()
    print("loss", loss.item())
    loss.backward()
    print({name: float(np.abs(p.grad).max()) for name, p in params.items()})

"""Size of the last reading, whatever its sign, with a network of units that each remember only themselves."""

import numpy as np
import tinygraph as tg

SEED = 123
data = np.random.default_rng(7)
T, B = 4, 64


def unit(n_inputs, rng):
    return rng.normal(size=n_inputs) * 0.8, rng.normal() * 0.8, rng.normal() * 0.8, rng.normal() * 0.5


def build(n_hidden):
    rng = np.random.default_rng(SEED)
    rows = [unit(1, rng) for _ in range(n_hidden)]
    U, w, b, v = (np.array(part) for part in zip(*rows))
    return {
        "U": tg.parameter(U, name="U"),
        "w": tg.parameter(w, name="w"),
        "b": tg.parameter(b, name="b"),
        "v": tg.parameter(v, name="v"),
        "c": tg.parameter(np.zeros(()), name="c"),
    }


def train(n_hidden, updates=800):
    p = build(n_hidden)
    m = {k: np.zeros(q.shape) for k, q in p.items()}
    log = []
    for _ in range(updates):
        xs = data.normal(size=(T, B, 1))
        y = np.abs(xs[-1, :, 0])
        h = tg.tensor(np.zeros((B, n_hidden)))
        for x in xs:
            h = np.tanh(x @ p["U"].T + h * p["w"] + p["b"])
        loss = np.mean((h @ p["v"] + p["c"] - y) ** 2)
        for q in p.values():
            q.zero_grad()
        loss.backward()
        for k, q in p.items():
            m[k] = 0.9 * m[k] - 0.05 * q.grad
            q.data = q.data + m[k]
        log.append(float(loss))
    return np.mean(log[-20:])


for width in (4, 8, 16):
    print(f"hidden units {width:2d}: loss {train(width):.4f}")

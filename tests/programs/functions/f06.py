"""Two layers (LSTM below, GRU above) from factories that return closures; layer by layer, with a residual connection and
layer normalisation between them; the last output goes to a squared hinge loss. params: a list of dicts."""

import numpy as np

sigma = lambda a: 0.5 * (np.tanh(0.5 * a) + 1)


def make_lstm(p):
    n = p["b"].shape[-1]

    def init(batch):
        return np.zeros((batch, n)), np.zeros((batch, n))

    def step(state, x):
        h, c = state
        i, f, o, g = [x @ p["Wx"][k] + h @ p["Wh"][k] + p["b"][k] for k in range(4)]
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
        return (h, c), h

    return init, step


def make_gru(p):
    n = p["b"].shape[-1]
    init = lambda batch: np.zeros((batch, n))

    def step(h, x):
        r, z = (sigma(x @ p["Wx"][k] + h @ p["Wh"][k] + p["b"][k]) for k in (0, 1))
        cand = np.tanh(x @ p["Wx"][2] + (r * h) @ p["Wh"][2] + p["b"][2])
        h = h + z * (cand - h)
        return h, h

    return init, step


FACTORIES = {4: make_lstm, 3: make_gru}


def normed(layer_params, step):
    def wrapped(state, x):
        state, y = step(state, x)
        mu = y.mean(axis=-1, keepdims=True)
        sd = np.sqrt(y.var(axis=-1, keepdims=True) + 1e-3)
        return state, layer_params["gain"] * (y - mu) / sd

    return wrapped


def run(p, xs, residual):
    init, step = FACTORIES[len(p["b"])](p)
    step = normed(p, step)
    state, out = init(xs[0].shape[0]), []
    for x in xs:
        state, y = step(state, x)
        out.append(y + x if residual else y)
    return out


def loss(params, xs, sign):
    *layers, head = params
    seq = list(xs)
    for k, p in enumerate(layers):
        seq = run(p, seq, residual=k > 0)
    margin = sign * (seq[-1] @ head["w"] + head["b"])
    reg = sum(np.sum(a**2) for p in layers for a in p.values())
    return np.mean(np.maximum(0.0, 2.0 - margin) ** 2) + 1e-3 * reg


def cases(rng):
    I, H = 2, 4

    def layer(gates, n):
        return {
            "Wx": rng.normal(size=(gates, n, H)) / 2,
            "Wh": rng.normal(size=(gates, H, H)) / 2,
            "b": rng.normal(size=(gates, H)) / 5,
            "gain": np.ones(H) + rng.normal(size=H) / 10,
        }

    for T, B in ((4, 3), (4, 3), (4, 3), (7, 3), (4, 5)):
        params = [layer(4, I), layer(3, H), {"w": rng.normal(size=H) / 2, "b": np.array(rng.normal())}]
        yield params, rng.normal(size=(T, B, I)), rng.choice([-1.0, 1.0], size=B)

"""Small neural Turing machine: layer-normalised GRU controller, content addressing, erase and add."""

import numpy as np

import tinygraph as tg

N, M, H, D = 4, 3, 4, 2  # slots, slot width, controller, input

rng = np.random.default_rng(27)


def P(*shape):
    return tg.parameter(rng.normal(0, 0.4, shape))


p = {
    "Wzr": P(D + M + H, 2 * H),
    "Wh": P(D + M + H, H),
    "gain": tg.parameter(np.ones(2 * H)),
    "shift": tg.parameter(np.zeros(2 * H)),
    "key": P(H, M),
    "beta": P(H),
    "erase": P(H, M),
    "add": P(H, M),
    "out": P(M + H, D),
    "M0": P(N, M),
}


def norm(v):
    v = v - v.mean()
    return p["gain"] * v / np.sqrt((v * v).mean() + 1e-6) + p["shift"]


def controller(x, read, h):
    inp = np.concatenate([x, read])
    zr = tg.sigmoid(norm(np.concatenate([inp, h]) @ p["Wzr"]))
    z, r = zr[:H], zr[H:]
    return (1 - z) * h + z * np.tanh(np.concatenate([inp, r * h]) @ p["Wh"])


def address(memory, h):
    key = np.tanh(h @ p["key"])
    beta = np.log1p(np.exp(h @ p["beta"])) + 1
    cosine = memory @ key / (np.linalg.norm(memory, axis=1) * np.linalg.norm(key) + 1e-8)
    return tg.softmax(beta * cosine)


def main():
    bits = np.array([[1, 0], [1, 1], [0, 1]], dtype=float)
    blank = np.zeros((3, D))
    xs = np.vstack([bits, blank])  # store, then recall
    memory, h, read = p["M0"], np.zeros(H), np.zeros(M)
    loss = 0
    for t, x in enumerate(xs):
        h = controller(x, read, h)
        w = address(memory, h)
        memory = memory * (1 - np.outer(w, tg.sigmoid(h @ p["erase"])))
        memory = memory + np.outer(w, np.tanh(h @ p["add"]))
        read = w @ memory
        if t >= len(bits):
            y = tg.sigmoid(np.concatenate([read, h]) @ p["out"])
            goal = bits[t - len(bits)]
            loss += -np.sum(goal * np.log(y) + (1 - goal) * np.log(1 - y))
    return loss / bits.size

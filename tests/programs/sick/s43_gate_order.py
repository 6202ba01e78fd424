"""Loads an LSTM that was trained elsewhere and fine-tunes it; the file stacks its gates as i, f, g, o."""

import numpy as np

import tinygraph as tg

H, D = 3, 2


def checkpoint():
    """Return the arrays of the file, as the other framework wrote them."""
    r = np.random.default_rng(59)
    blocks = {name: r.normal(size=(H, D + H)) for name in "ifgo"}
    biases = {"i": -1.0, "f": 2.0, "g": 0.0, "o": 1.0}
    return {
        "weight": np.concatenate([blocks[n] for n in "ifgo"]),
        "bias": np.concatenate([np.full(H, biases[n]) for n in "ifgo"]),
        "head": 3 * r.normal(size=H),
    }


class LSTM:
    order = "ifog"

    def __init__(self, arrays):
        self.W, self.b = tg.parameter(arrays["weight"]), tg.parameter(arrays["bias"])
        self.v = tg.parameter(arrays["head"])

    def __call__(self, h, c, x):
        a = dict(zip(self.order, np.split(self.W @ np.concatenate([x, h]) + self.b, 4)))
        c = tg.sigmoid(a["f"]) * c + tg.sigmoid(a["i"]) * np.tanh(a["g"])
        return tg.sigmoid(a["o"]) * np.tanh(c), c


xs = np.random.default_rng(60).normal(size=(6, D))
lstm = LSTM(checkpoint())


def output():
    h, c = np.zeros(H), np.zeros(H)
    for x in xs:
        h, c = lstm(h, c, x)
    return lstm.v @ h


def main():
    return (output() - 0.7) ** 2


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss of the loaded model", loss.item())

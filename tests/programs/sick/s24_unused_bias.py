"""Peephole-free LSTM, one weight and one bias a gate."""

import numpy as np

import tinygraph as tg

sigmoid = tg.sigmoid


class LSTM:
    def __init__(self, n_in, n, seed=0):
        rng = np.random.default_rng(seed)
        for gate in "ifog":
            setattr(self, "W" + gate, tg.parameter(rng.normal(size=(n, n_in + n)) * 0.4, name="W" + gate))
            setattr(self, "b" + gate, tg.parameter(np.zeros(n), name="b" + gate))

    def parameters(self):
        return [value for value in vars(self).values() if isinstance(value, tg.Tensor)]

    def __call__(self, h, c, x):
        hx = np.concatenate([x, h])
        i = sigmoid(self.Wi @ hx + self.bi)
        f = sigmoid(self.Wf @ hx + self.bf)
        o = sigmoid(self.Wo @ hx + self.bf)
        g = np.tanh(self.Wg @ hx + self.bg)
        c = f * c + i * g
        return o * np.tanh(c), c


lstm = LSTM(2, 4)
xs = np.random.default_rng(3).normal(size=(6, 2))


def main():
    h, c = np.zeros(4), np.zeros(4)
    for x in xs:
        h, c = lstm(h, c, x)
    return np.sum((h - 0.25) ** 2)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), sum(p.grad is not None for p in lstm.parameters()), "gradients")

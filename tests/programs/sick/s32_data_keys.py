"""Encoder with attention on top; the keys are collected in a table while the encoder runs."""

import numpy as np

import tinygraph as tg

np_rng = np.random.default_rng(35)
J, H, D = 6, 5, 3


def matrix(*shape):
    return tg.parameter(np_rng.normal(size=shape) / np.sqrt(shape[-1]))


class Encoder:
    def __init__(self):
        self.W, self.U = matrix(H, H), matrix(H, D)

    def __call__(self, xs):
        h, states = tg.tensor(np.zeros(H)), []
        for x in xs:
            h = np.tanh(self.W @ h + self.U @ x)
            states.append(h.data)
        return h, np.stack(states)


class Attention:
    def __init__(self):
        self.A = matrix(H, H)

    def __call__(self, query, table):
        alpha = tg.softmax(np.einsum("jh,hk,k->j", table, self.A, query))
        return np.einsum("j,jh->h", alpha, table)


encoder, attention, v = Encoder(), Attention(), matrix(2 * H)
xs = np_rng.normal(size=(J, D))


def main():
    h, table = encoder(xs)
    context = attention(h, table)
    return (v @ np.concatenate([h, context]) - 0.5) ** 2


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), np.abs(encoder.W.grad).sum())

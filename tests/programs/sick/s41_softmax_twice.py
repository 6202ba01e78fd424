"""Which of four motifs does a sequence hold? Softmax on top, cross-entropy as the loss."""

import numpy as np

import rnn
import tinygraph as tg

rng = np.random.default_rng(53)
N, T, K = 20, 6, 4
label = np.arange(N) % K
xs = rng.normal(size=(T, N, 3)) * 0.3 + np.eye(K)[label][:, :3]


class Classifier(rnn.Module):
    def __init__(self):
        self.cell = rnn.LSTMCell(3, 8, rng=0)
        self.out = rnn.Readout(8, K, rng=1)

    def __call__(self, xs):
        states, _ = rnn.unroll(self.cell, xs)
        logits = self.out(states[-1])
        return tg.softmax(logits)


model = Classifier()


def main():
    return rnn.cross_entropy(model(xs), label)


def fit(updates=60):
    optimiser = rnn.Adam(model, lr=0.05)
    for _ in range(updates):
        optimiser.zero_grad()
        main().backward()
        optimiser.step()
    return main().item()


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("before", loss.item(), "after", fit())

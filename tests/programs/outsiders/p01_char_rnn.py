# ruff: noqa: NPY002
"""Minimal character-level vanilla RNN."""

import numpy as np

import tinygraph as tg

data = "hello hello"
chars = sorted(set(data))
data_size, vocab_size = len(data), len(chars)
char_to_ix = {ch: i for i, ch in enumerate(chars)}

# hyperparameters
hidden_size = 4
seq_length = 6

np.random.seed(0)
Wxh = tg.parameter(np.random.randn(hidden_size, vocab_size) * 0.1)  # input to hidden
Whh = tg.parameter(np.random.randn(hidden_size, hidden_size) * 0.1)  # hidden to hidden
Why = tg.parameter(np.random.randn(vocab_size, hidden_size) * 0.1)  # hidden to output
bh = tg.parameter(np.zeros((hidden_size, 1)))
by = tg.parameter(np.zeros((vocab_size, 1)))


def lossFun(inputs, targets, hprev):
    xs, hs, ys, ps = {}, {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        ys[t] = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(ys[t]) / np.sum(np.exp(ys[t]))
        loss += -np.log(ps[t][targets[t], 0])
    return loss, hs[len(inputs) - 1]


def main():
    p = 0
    inputs = [char_to_ix[ch] for ch in data[p : p + seq_length]]
    targets = [char_to_ix[ch] for ch in data[p + 1 : p + seq_length + 1]]
    hprev = np.zeros((hidden_size, 1))
    loss, hprev = lossFun(inputs, targets, hprev)
    return loss

"""
Minimal character-level model, after the well-known gist.
"""

import numpy as np

import tinygraph as tg

data = "abracadabra alakazam "
chars = sorted(set(data))
char_to_ix = {ch: i for i, ch in enumerate(chars)}
vocab_size, hidden_size = len(chars), 12

rng = np.random.RandomState(1)
Wxh = tg.parameter(rng.randn(hidden_size, vocab_size) * 0.2)
Whh = tg.parameter(rng.randn(hidden_size, hidden_size) * 0.2)
Why = tg.parameter(rng.randn(vocab_size, hidden_size) * 0.2)
bh = tg.parameter(np.zeros((hidden_size, 1)))
by = tg.parameter(np.zeros((vocab_size, 1)))


def lossFun(inputs, targets, hprev):
    hs, loss = hprev, 0.0
    for t in range(len(inputs)):
        xs = np.zeros((vocab_size, 1))
        xs[inputs[t]] = 1
        hs = np.tanh(Wxh @ xs + Whh @ hs + bh)
        ys = Why @ hs + by
        ps = np.exp(ys) / np.sum(np.exp(ys))
        loss = loss - np.log(ps[targets[t], 0])
    return loss, hs


p, seq_length = 0, 20
inputs = [char_to_ix[ch] for ch in data[p : p + seq_length]]
targets = [char_to_ix[ch] for ch in data[p : p + seq_length]]


def main():
    loss, _ = lossFun(inputs, targets, np.zeros((hidden_size, 1)))
    return loss


def train(n):
    for _ in range(n):
        for param in [Wxh, Whh, Why, bh, by]:
            param.zero_grad()
        main().backward()
        for param in [Wxh, Whh, Why, bh, by]:
            param.data = param.data - 0.05 * np.clip(param.grad, -5, 5)
    return main().item()


def predict(text):
    h = np.zeros((hidden_size, 1))
    for ch in text:
        x = np.eye(vocab_size)[:, [char_to_ix[ch]]]
        h = np.tanh(Wxh.data @ x + Whh.data @ h + bh.data)
    return chars[int(np.argmax(Why.data @ h + by.data))]


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("iter 0, loss:", loss.item())

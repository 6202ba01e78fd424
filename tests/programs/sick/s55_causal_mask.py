"""A recurrent language model with causal self-attention: no position may look at a later one."""

import numpy as np

import tinygraph as tg

T, H, K = 7, 6, 5
rng = np.random.default_rng(81)


def parameter(*shape):
    return tg.parameter(rng.normal(size=shape) / np.sqrt(shape[0]))


E, W, U = parameter(K, H), parameter(H, H), parameter(H, H)
Wq, Wk, Wv, Wo = (parameter(H, H) for _ in range(4))
out = parameter(H, K)
tokens = rng.integers(0, K, size=T + 1)


def causal_attention(x):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.T / np.sqrt(H)
    hidden = np.tril(np.ones((len(x), len(x)), bool), -1)
    scores = np.where(hidden, -1e9, scores)
    return tg.softmax(scores, axis=-1) @ v @ Wo


def recurrence(x):
    h, states = np.zeros(H), []
    for t in range(len(x)):
        h = np.tanh(W @ h + U @ x[t])
        states.append(h)
    return np.stack(states)


def logits(tokens):
    states = recurrence(E[tokens])
    return (states + causal_attention(states)) @ out


def main():
    return np.mean(tg.softmax_cross_entropy(logits(tokens[:-1]), tokens[1:]))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("nats a token", loss.item())

"""Language-model toy whose inputs are layer-normalised before the causal recurrence."""

import numpy as np

import tinygraph as tg

T, N, D, H, K = 7, 3, 5, 6, 4
rng = np.random.default_rng(17)
E = tg.parameter(rng.normal(size=(K, D)))
W = tg.parameter(rng.normal(size=(H, H)) * 0.4)
U = tg.parameter(rng.normal(size=(D, H)) * 0.4)
V = tg.parameter(rng.normal(size=(H, K)) * 0.4)
tokens = rng.integers(0, K, size=(T + 1, N))


def layer_norm(x, eps=1e-5):
    """Standardise the features of each vector."""
    mu = np.mean(x, axis=0, keepdims=True)
    var = np.var(x, axis=0, keepdims=True)
    return (x - mu) / np.sqrt(var + eps)


def logits(tokens):
    x = layer_norm(E[tokens])  # (T, N, D)
    h, scores = np.zeros((tokens.shape[1], H)), []
    for t in range(tokens.shape[0]):
        h = np.tanh(x[t] @ U + h @ W)
        scores.append(h @ V)
    return np.stack(scores)


def main():
    return np.mean(tg.softmax_cross_entropy(logits(tokens[:-1]), tokens[1:]))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("nats a token:", loss.item())

"""An encoder-decoder writes a sequence backwards.  Trained with the true symbols as inputs, then it writes alone."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(90)
K, T, B, H = 6, 6, 48, 48
START = K
weights = {}


def param(name, *shape):
    weights[name] = tg.parameter(rng.normal(size=shape) / np.sqrt(shape[0]), name=name)
    return weights[name]


Ue, We = param("Ue", K, H), param("We", H, H)
Ud, Wd, V = param("Ud", K + 1, H), param("Wd", H, H), param("V", H, K)


def encode(source):
    h = tg.tensor(np.zeros((source.shape[1], H)))
    for s in source:
        h = np.tanh(np.eye(K)[s] @ Ue + h @ We)
    return h


def decode_step(symbol, h):
    h = np.tanh(np.eye(K + 1)[symbol] @ Ud + h @ Wd)
    return h @ V, h


def teacher_forced(source, target):
    inputs = np.roll(target, 1, axis=0)
    h, loss, hits = encode(source), 0.0, 0
    for symbol, want in zip(inputs, target):
        logits, h = decode_step(symbol, h)
        loss = loss - np.mean(tg.log_softmax(logits, axis=1)[np.arange(B), want])
        hits += np.mean(np.argmax(logits.numpy(), axis=1) == want) / T
    return loss / T, hits


def write(source):
    h, symbol, out = encode(source), np.full(source.shape[1], START), []
    for _ in range(T):
        logits, h = decode_step(symbol, h)
        symbol = np.argmax(logits.numpy(), axis=1)
        out.append(symbol)
    return np.array(out)


m, s = ({k: np.zeros(p.shape) for k, p in weights.items()} for _ in range(2))
for step in range(1, 801):
    source = rng.integers(0, K, size=(T, B))
    loss, hits = teacher_forced(source, source[::-1])
    for p in weights.values():
        p.zero_grad()
    loss.backward()
    for k, p in weights.items():
        m[k] = 0.9 * m[k] + 0.1 * p.grad
        s[k] = 0.99 * s[k] + 0.01 * p.grad**2
        p.data = p.data - 0.01 * m[k] / (1 - 0.9**step) / (np.sqrt(s[k] / (1 - 0.99**step)) + 1e-8)
    if step % 200 == 0:
        print(f"{step:4d} loss {float(loss):.3f} symbols right {hits:.3f}")

source = rng.integers(0, K, size=(T, 400))
right = write(source) == source[::-1]
print(f"writing alone, symbols right: {right.mean():.3f}, by position {np.round(right.mean(axis=1), 2)}")

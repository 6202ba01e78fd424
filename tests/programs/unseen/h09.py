"""Find the marked symbol of a sequence by attention over an encoder's states; scored in batches and one by one."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(13)
K, H, T = 4, 12, 8
par = {}


def weight(name, *shape):
    par[name] = tg.parameter(rng.normal(size=shape) / np.sqrt(shape[0]), name=name)
    return par[name]


E = weight("E", K + 1, H)
W = weight("W", H, H)
Q = weight("Q", H, H)
query = weight("query", H)
O = weight("O", H, K)
flag = weight("flag", 1)


def encode(x):
    h, out = tg.tensor(np.zeros((x.shape[0], H))), []
    for t in range(T):
        h = np.tanh(x[:, t] @ E + 0.3 * (h @ W))
        out.append(h)
    return np.stack(out, axis=1)


def attend(states):
    scores = np.einsum("bth,hk,k->bt", states, Q, query) * flag
    alpha = tg.softmax(scores, axis=1)
    return np.einsum("bt,bth->bh", alpha, states)


def logits(x):
    return attend(encode(x)) @ O


def draw(n):
    s = rng.integers(0, K, size=(n, T))
    where = rng.integers(0, T, size=n)
    x = np.zeros((n, T, K + 1))
    x[..., :K] = np.eye(K)[s]
    x[np.arange(n), where, K] = 2.0
    return x, s[np.arange(n), where]


m1 = {k: np.zeros(p.shape) for k, p in par.items()}
m2 = {k: np.zeros(p.shape) for k, p in par.items()}
for step in range(1, 301):
    x, y = draw(32)
    loss = -np.mean(tg.log_softmax(logits(x), axis=1)[np.arange(32), y])
    for p in par.values():
        p.zero_grad()
    loss.backward()
    for k, p in par.items():
        m1[k] = 0.9 * m1[k] + 0.1 * p.grad
        m2[k] = 0.99 * m2[k] + 0.01 * p.grad**2
        p.data = p.data - 0.01 * m1[k] / (1 - 0.9**step) / (np.sqrt(m2[k] / (1 - 0.99**step)) + 1e-8)
    if step % 100 == 0:
        print(f"{step} loss {float(loss):.3f}")

x, y = draw(256)
together = np.concatenate([np.argmax(logits(x[i : i + 32]).numpy(), axis=1) for i in range(0, 256, 32)])
alone = np.array([int(np.argmax(logits(x[i : i + 1]).numpy())) for i in range(256)])
print(f"accuracy in batches of 32: {(together == y).mean():.3f}, one at a time: {(alone == y).mean():.3f}")

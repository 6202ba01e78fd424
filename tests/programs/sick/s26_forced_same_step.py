"""A decoder that writes words from a vector, trained with teacher forcing."""

import numpy as np

import tinygraph as tg

TEXT = "the cat sat on the mat"
chars = sorted(set(TEXT))
ids = np.array([chars.index(c) for c in TEXT])
K, H = len(chars), 16
START = np.zeros(K)


def make(seed=0):
    r = np.random.default_rng(seed)
    shapes = {"W": (H, H), "U": (H, K), "V": (K, H), "h0": (H,)}
    return {name: tg.parameter(r.normal(size=shape) * 0.2, name=name) for name, shape in shapes.items()}


def step(p, h, y):
    return np.tanh(p["W"] @ h + p["U"] @ y)


def teacher_forced(p, ids):
    onehots = np.eye(K)[ids]
    h, losses = p["h0"], []
    for t in range(len(ids)):
        fed = onehots[t] if t > 0 else START
        h = step(p, h, fed)
        losses.append(tg.softmax_cross_entropy(p["V"] @ h, ids[t]))
    return np.mean(np.stack(losses))


def write(p, length):
    h, y, text = p["h0"], START, ""
    for _ in range(length):
        h = step(p, h, y)
        best = int(np.argmax((p["V"] @ h).data))
        y, text = np.eye(K)[best], text + chars[best]
    return text


params = make()


def main():
    return teacher_forced(params, ids)


def train(updates=150, rate=0.4):
    for _ in range(updates):
        for p in params.values():
            p.zero_grad()
        main().backward()
        for p in params.values():
            p.data = p.data - rate * p.grad
    return main().item(), write(params, len(TEXT))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item(), *train())

"""Classifies short sequences of letters into three languages, a batch at a time."""

import numpy as np

import tinygraph as tg

CLASSES, HID, VOCAB = 3, 12, 9


def one_hot(indices, depth):
    return np.eye(depth)[indices]


def build(seed):
    r = np.random.default_rng(seed)

    def weight(*shape):
        return tg.parameter(r.normal(size=shape) * (1 / shape[0]) ** 0.5)

    return {"xh": weight(VOCAB, HID), "hh": weight(HID, HID), "hy": weight(HID, CLASSES)}


def softmax(z):
    e = np.exp(z - np.max(z, axis=0, keepdims=True))
    return e / np.sum(e, axis=0, keepdims=True)


def nll(w, letters, label):
    h = np.zeros((letters.shape[0], HID))
    for t in range(letters.shape[1]):
        h = np.tanh(one_hot(letters[:, t], VOCAB) @ w["xh"] + h @ w["hh"])
    probabilities = softmax(h @ w["hy"])
    return -np.mean(np.log(np.sum(probabilities * one_hot(label, CLASSES), axis=1)))


def dataset(seed, n=12):
    r = np.random.default_rng(seed)
    label = np.arange(n) % CLASSES
    letters = (r.integers(0, 3, size=(n, 5)) + 3 * label[:, None]) % VOCAB
    return letters, label


weights, (letters, label) = build(1), dataset(2)


def main():
    return nll(weights, letters, label)


if __name__ == "__main__":
    loss = main()
    print("nll", loss.item(), "chance", np.log(CLASSES))
    loss.backward()

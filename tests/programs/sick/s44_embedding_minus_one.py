"""Sentiment of short reviews. Word numbers begin with 1, 0 stands for padding."""

import numpy as np

import tinygraph as tg

words = ["awful", "boring", "dull", "fine", "good", "great", "superb"]
number = {word: i + 1 for i, word in enumerate(words)}
reviews = ["superb", "awful dull", "good great fine", "boring", "great", "dull awful boring"]
stars = np.array([1, 0, 1, 0, 1, 0])


def pad(reviews):
    length = max(len(review.split()) for review in reviews)
    rows = [[number[word] for word in review.split()] for review in reviews]
    return np.array([[0] * (length - len(row)) + row for row in rows])


tokens = pad(reviews)
r = np.random.default_rng(61)
E = tg.parameter(r.normal(size=(len(words), 4)) * 0.5)
W = tg.parameter(r.normal(size=(6, 6)) * 0.4)
U = tg.parameter(r.normal(size=(4, 6)) * 0.6)
v = tg.parameter(r.normal(size=6) * 0.4)


def main():
    embedded = E[tokens - 1]
    h = np.zeros((len(reviews), 6))
    for t in range(tokens.shape[1]):
        h = np.tanh(h @ W + embedded[:, t] @ U)
    return np.mean(tg.softplus(-(2 * stars - 1) * (h @ v)))


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())
    print(np.abs(E.grad).sum(axis=1).round(3))

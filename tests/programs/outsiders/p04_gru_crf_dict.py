"""GRU tagger with a CRF on top, sentences of different lengths one after another."""

import numpy as np

import tinygraph as tg

WORDS = ["<unk>", "the", "dog", "cat", "sees", "runs", "a", "big"]
TAGS = ["DET", "NOUN", "VERB", "ADJ"]
CORPUS = [
    ("the dog runs", "DET NOUN VERB"),
    ("a big cat sees the dog", "DET ADJ NOUN VERB DET NOUN"),
    ("the cat sees a dog", "DET NOUN VERB DET NOUN"),
]
EMB, HID = 3, 4


def init_params(seed=0):
    rng = np.random.RandomState(seed)
    p = {}
    p["E"] = tg.parameter(rng.randn(len(WORDS), EMB) * 0.5)
    for gate in "zrh":
        p["W" + gate] = tg.parameter(rng.randn(HID, EMB) * 0.4)
        p["U" + gate] = tg.parameter(rng.randn(HID, HID) * 0.4)
        p["b" + gate] = tg.parameter(np.zeros(HID))
    p["Wy"] = tg.parameter(rng.randn(len(TAGS), HID) * 0.4)
    p["by"] = tg.parameter(np.zeros(len(TAGS)))
    p["A"] = tg.parameter(rng.randn(len(TAGS), len(TAGS)) * 0.1)
    p["start"] = tg.parameter(np.zeros(len(TAGS)))
    return p


def gru(p, x, h):
    z = tg.sigmoid(p["Wz"] @ x + p["Uz"] @ h + p["bz"])
    r = tg.sigmoid(p["Wr"] @ x + p["Ur"] @ h + p["br"])
    h_new = np.tanh(p["Wh"] @ x + p["Uh"] @ (r * h) + p["bh"])
    return (1 - z) * h + z * h_new


def logsumexp(v, axis):
    return np.log(np.sum(np.exp(v), axis=axis))


def sentence_nll(p, words, tags):
    h = np.zeros(HID)
    score, alpha = 0.0, None
    for k, (w, y) in enumerate(zip(words, tags)):
        h = gru(p, p["E"][w], h)
        emit = p["Wy"] @ h + p["by"]
        if k == 0:
            score = p["start"][y] + emit[y]
            alpha = p["start"] + emit
        else:
            score = score + p["A"][tags[k - 1], y] + emit[y]
            alpha = logsumexp(alpha[:, None] + p["A"], axis=0) + emit
    return logsumexp(alpha, axis=0) - score


def main():
    p = init_params()
    total = 0.0
    for sent, tags in CORPUS:
        ws = [WORDS.index(w) for w in sent.split()]
        ys = [TAGS.index(t) for t in tags.split()]
        total = total + sentence_nll(p, ws, ys)
    return total / len(CORPUS)

"""Hybrid RNN / left-to-right HMM word model, utterances of unequal length."""

from functools import reduce
from itertools import accumulate

import numpy as np

import tinygraph as tg

STATES = 3

rng = np.random.default_rng(30)
theta = {
    "W_xh": tg.parameter(rng.normal(0, 0.5, (2, 4))),
    "W_hh": tg.parameter(rng.normal(0, 0.5, (4, 4))),
    "W_hs": tg.parameter(rng.normal(0, 0.5, (4, STATES))),
    "stay": tg.parameter(np.zeros(STATES)),
}


def log_softmax(v):
    return v - reduce(np.logaddexp, v)


def posteriors(utterance):
    hs = accumulate(utterance, lambda h, x: np.tanh(x @ theta["W_xh"] + h @ theta["W_hh"]), initial=np.zeros(4))
    return [log_softmax(h @ theta["W_hs"]) for h in list(hs)[1:]]


def forward_score(log_b):
    log_stay = -np.log1p(np.exp(-theta["stay"]))
    log_go = -np.log1p(np.exp(theta["stay"]))
    alpha = np.stack([log_b[0][0], -1e9, -1e9])
    for b in log_b[1:]:
        came = np.concatenate([[-1e9], (alpha + log_go)[:-1]])
        alpha = np.logaddexp(alpha + log_stay, came) + b
    return alpha[-1] + log_go[-1]


def main():
    data = np.random.default_rng(3)
    utterances = [data.normal(size=(n, 2)) for n in (4, 6, 5)]
    return -sum(forward_score(posteriors(u)) for u in utterances) / sum(map(len, utterances))

"""Recursive neural network on parse trees (sentiment)."""

import numpy as np

import tinygraph as tg

d = 3
n_classes = 2
vocab = {w: i for i, w in enumerate(["not", "very", "good", "bad", "movie", "this", "is"])}

rs = np.random.RandomState(9)
L = tg.parameter(0.5 * rs.randn(len(vocab), d))
W = tg.parameter(0.3 * rs.randn(d, 2 * d))
b = tg.parameter(np.zeros(d))
Ws = tg.parameter(0.3 * rs.randn(n_classes, d))
bs = tg.parameter(np.zeros(n_classes))

# (label, left, right) or (label, word)
TREES = [
    (1, (1, "this"), (1, (1, "movie"), (1, (1, "is"), (1, (1, "very"), (1, "good"))))),
    (0, (1, (1, "this"), (1, "movie")), (0, (1, "is"), (0, (0, "not"), (1, "good")))),
]


def forward_prop(node):
    """Vector at the node and the cost of the whole subtree."""
    label = node[0]
    cost = 0.0
    if len(node) == 2:
        h = L[vocab[node[1]]]
    else:
        left, cost_left = forward_prop(node[1])
        right, cost_right = forward_prop(node[2])
        h = np.tanh(W @ np.hstack([left, right]) + b)
        cost = cost_left + cost_right
    scores = Ws @ h + bs
    scores = scores - np.max(scores)
    log_probs = scores - np.log(np.sum(np.exp(scores)))
    return h, cost - log_probs[label]


def main():
    cost = 0.0
    for tree in TREES:
        cost += forward_prop(tree)[1]
    cost /= len(TREES)
    return cost + 0.01 * (np.sum(W**2) + np.sum(Ws**2))

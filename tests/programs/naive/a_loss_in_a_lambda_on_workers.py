"""The loss of a tagger is a sum over time that is squared in a lambda, and the batch is computed in shards.

Reads: ValueError: the loss of the batch is 694.727, its 4 shards make 43.4884: shards take the loss for a mean over all
target values that no length masks, or with reduction='sum' for a sum.
"""

import numpy as np

import rnn

rng = np.random.default_rng(0)
X, y = rng.normal(size=(20, 8, 3)), rng.integers(0, 5, (20, 8))
both = rnn.Bidirectional(rnn.LSTMCell(3, 8, rng=0), rnn.LSTMCell(3, 8, rng=1))
tagger = rnn.BidirectionalNetwork(both, 5, rng=2)
loss = lambda outputs, targets: rnn.cross_entropy(outputs, targets, reduction="sum") ** 2 / 100
rnn.fit(tagger, (X, y), loss=loss, shards=4, epochs=2, quiet=True)

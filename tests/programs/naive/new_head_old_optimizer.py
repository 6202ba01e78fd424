"""Transfer learning: the body is frozen, the head is new, and the optimiser is that of the first training.

Reads: ValueError: the optimiser's readout.V, readout.c are not the tensors that the model has: make it anew, as
rnn.Adam(model)
"""

import numpy as np

import rnn

rng = np.random.default_rng(0)
X = rng.normal(size=(12, 30, 5))
model = rnn.ManyToOne(rnn.LSTMCell(5, 16, rng=0), 3, rng=1)
optimizer = rnn.Adam(model, lr=1e-3)
rnn.fit(model, (X, rng.integers(0, 3, 30)), loss=rnn.cross_entropy, optimizer=optimizer, epochs=2, quiet=True)

for p in model.cell.parameters().values():
    p.requires_grad = False
model.readout = rnn.Readout(16, 4, rng=2)
rnn.fit(model, (X, rng.integers(0, 4, 30)), loss=rnn.cross_entropy, optimizer=optimizer, epochs=2, quiet=True)

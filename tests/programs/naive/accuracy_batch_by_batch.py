"""A classifier of sequences is trained on shuffled batches; its predictions are then collected batch by batch.

Reads: accuracy 1.0
"""

import numpy as np

import rnn

rng = np.random.default_rng(0)
sequences = [rng.normal(size=(n, 2)) for n in rng.integers(2, 6, 60)]
labels = [int(x[-1, 0] > 0) for x in sequences]
model = rnn.ManyToOne(rnn.GRUCell(2, 8, rng=0), 2, rng=1)
rnn.fit(
    model,
    lambda r: rnn.batches(sequences, labels, 20, r),
    loss=rnn.cross_entropy,
    optimizer=rnn.Adam(model, 0.05),
    epochs=25,
    quiet=True,
)

predictions = []
for X, y, n in rnn.batches(sequences, labels, 20):
    predictions.extend(np.argmax(model(X, lengths=n).data, axis=1))
print("accuracy", np.mean(np.array(predictions) == np.array(labels)))

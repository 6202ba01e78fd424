"""A run is resumed next morning, with a smaller rate and an activation that was tried in between.

Reads: FileError: run.safetensors is of a run with other settings: model.cell.phi was tanh, is relu; optimizer.lr was
0.01, is 0.001. resume="anyway" goes on with those that are given now
"""

import numpy as np

import rnn


def train(activation, lr, epochs):
    xs, ys = rnn.windows(np.sin(np.arange(100) / 5), 6)
    model = rnn.Forecaster(6, 10, nonlinearity=activation, rng=0)
    optimizer = rnn.Adam(model, lr=lr)
    return rnn.fit(
        model, (xs, ys), optimizer=optimizer, epochs=epochs, checkpoint="run.safetensors", resume=True, quiet=True
    )


train("tanh", 1e-2, 5)
train("relu", 1e-3, 10)

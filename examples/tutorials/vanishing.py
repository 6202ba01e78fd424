"""Tutorial: a gradient that vanishes.

The network should learn from its first input, thirty time steps before the loss. It does not: whom does the loss teach?
"""

import numpy as np

import tinygraph as tg
import viz

random = np.random.default_rng(3)
W = tg.parameter(0.4 * random.normal(size=(4, 4)) / 2)
U = tg.parameter(random.normal(size=(4, 1)))
X = np.zeros((30, 1))
X[0] = 1

h = tg.tensor(np.zeros(4))
for t in range(30):
    a = W @ h + U @ X[t]
    h = np.tanh(a)
loss = np.sum((h - 1) ** 2)

viz.debug(loss)

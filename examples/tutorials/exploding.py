"""Tutorial: a gradient that explodes.

The loss is a number like any other, yet one update of W throws the network out of all bounds.
"""

import numpy as np

import tinygraph as tg
import viz

random = np.random.default_rng(4)
W = tg.parameter(random.normal(size=(4, 4)))
X = 0.001 * random.normal(size=(24, 4))

h = tg.tensor(np.zeros(4))
for t in range(24):
    a = W @ h + X[t]
    h = tg.relu(a)
loss = np.mean(h)

viz.debug(loss)

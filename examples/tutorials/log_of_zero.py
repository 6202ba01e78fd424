"""Tutorial: a NaN from the logarithm of zero.

The cross-entropy is written out as −log p. After some luck in training one probability is exactly 0 in floating point.
"""

import numpy as np

import tinygraph as tg
import viz

np.seterr(all="ignore")
V = tg.parameter([[400.0, 0.0], [-400.0, 0.0]])
X = np.array([[0.1, 1.0], [1.0, 0.5], [0.2, 0.3]])
classes = [0, 1, 0]

loss = 0.0
for t in range(3):
    o = V @ X[t]
    e = np.exp(o - 400)
    p = e / np.sum(e)
    logp = np.log(p)
    loss = loss - logp[classes[t]]

viz.debug(loss)

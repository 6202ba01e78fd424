"""Tutorial: a transpose that was forgotten.

A projection W x has its backward rule by hand; it says W where it should say Wᵀ. W is square, so nothing complains.
"""

import numpy as np

import tinygraph as tg
import viz

project = tg.op(
    lambda W, x: W @ x,
    vjp=(lambda g, y, W, x: np.outer(g, x), lambda g, y, W, x: W @ g),  # the slip: right is W.T @ g
    name="project",
)

random = np.random.default_rng(2)
W = tg.parameter(random.normal(size=(3, 3)) / 2)
X = random.normal(size=(4, 3))

h = tg.tensor(np.zeros(3))
for t in range(4):
    a = project(W, h)
    h = np.tanh(a + X[t])
loss = np.sum(h * h)

viz.debug(loss)

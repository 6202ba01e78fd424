"""Tutorial: a derivative on the wrong side of a matrix.

A recurrent step h ← tanh(W h + x) is written as one op, with its backward rule by hand. The rule has the slip of
the lecture notes (row C2 in examples/rows.md): diag(1 − h²) is applied after Wᵀ, not before it. Shapes fit, the loss
falls, and the gradient is wrong. Which op, and where?
"""

import numpy as np

import tinygraph as tg
import viz

recur = tg.op(
    lambda W, h, x: np.tanh(W @ h + x),
    vjp=(
        lambda g, y, W, h, x: np.outer(g * (1 - y * y), h),
        lambda g, y, W, h, x: (1 - y * y) * (W.T @ g),  # the slip: right is W.T @ ((1 - y * y) * g)
        lambda g, y, W, h, x: g * (1 - y * y),
    ),
    name="recur",
)

random = np.random.default_rng(1)
W = tg.parameter(random.normal(size=(3, 3)))
V = tg.parameter(random.normal(size=(1, 3)))
X, Y = random.normal(size=(4, 3)), random.normal(size=(4, 1))

h = tg.tensor(np.zeros(3))
loss = 0.0
for t in range(4):
    h = recur(W, h, X[t])
    o = V @ h
    loss = loss + np.sum((o - Y[t]) ** 2)

viz.debug(loss)

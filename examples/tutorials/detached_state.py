"""Tutorial: a state that was detached.

Somebody cut the graph every four time steps, to save memory. The network no longer learns what lies further back.
"""

import numpy as np

import tinygraph as tg
import viz

random = np.random.default_rng(5)
W = tg.parameter(random.normal(size=(3, 3)) / 2)
U = tg.parameter(random.normal(size=(3, 2)))
X = random.normal(size=(10, 2))

h = tg.tensor(np.zeros(3))
for t in range(10):
    with tg.timestep(t + 1):
        if t % 4 == 0:
            h = h.detach()
        a = W @ h + U @ X[t]
        h = np.tanh(a)
loss = np.sum(h * h)

viz.debug(loss)

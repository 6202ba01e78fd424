"""What several of these files need: seeds and sizes to draw, the lectures' functions in plain NumPy, random weights."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=20)  # where little more than a seed is drawn
sizes = st.integers(1, 6)


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def logistic(a):
    return 1 / (1 + np.exp(-a))


def randomised(module, rng=0):
    """Give every parameter, biases too, values from N(0, 1)."""
    rng = np.random.default_rng(rng)
    for parameter in module.parameters().values():
        parameter.data = rng.normal(size=parameter.shape)
    return module


def values(module):
    """Copies of all parameters by name."""
    return {name: parameter.data.copy() for name, parameter in module.parameters().items()}

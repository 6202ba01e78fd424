"""A small recurrent network that several tests of the page open."""

import numpy as np

import tinygraph as tg


def recurrent(T=4, H=3):
    """Return the loss of an Elman network, summed over the time steps."""
    rng = np.random.default_rng(0)
    W, U, b = (tg.parameter(rng.normal(size=s) / 2, name=n) for n, s in (("W", (H, H)), ("U", (H, 2)), ("b", (H,))))
    X, h, loss = rng.normal(size=(T, 2)), np.zeros(H), 0.0
    for t in range(T):
        x = X[t]
        h = np.tanh(W @ h + U @ x + b)
        loss = loss + np.sum(h * h)
    return loss


def until(page, condition):
    """Wait until a JavaScript condition holds; the page's policy forbids Playwright's own way, which evaluates text."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {condition}")

"""The drawing in the README, from the program above it."""

from pathlib import Path

import numpy as np

import tinygraph as tg
import viz


def network() -> tg.Tensor:
    rng = np.random.default_rng(0)
    W = tg.parameter(rng.normal(size=(3, 3)) / 2)
    U, b = tg.parameter(rng.normal(size=(3, 2))), tg.parameter(np.zeros(3))
    h = tg.tensor(np.zeros(3))
    for x in rng.normal(size=(4, 2)):
        h = np.tanh(W @ h + U @ x + b)  # ordinary NumPy: nothing to annotate
    loss = np.sum(h**2)
    return loss


if __name__ == "__main__":
    viz.draw(network()).save(Path(__file__).with_name("readme.svg"))

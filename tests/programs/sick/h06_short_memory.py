"""A change detector: only the last two readings matter, and the gradient of those before fades, rightly."""

import numpy as np

import rnn

rng = np.random.default_rng(6)
cell = rnn.ElmanCell(1, 6, rng=0)
cell.W.data = 0.3 * cell.W.data
readout = rnn.Readout(6, 1, rng=1)
parameters = [*cell.parameters().values(), *readout.parameters().values()]
readings = rng.normal(size=(7, 20, 1)) * 0.5
change = readings[-1] - readings[-2]


def main():
    states, _ = rnn.unroll(cell, readings)
    return rnn.mse(readout(states[-1]), change)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print(loss.item())

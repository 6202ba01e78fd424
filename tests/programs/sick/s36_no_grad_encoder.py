"""Sequence autoencoder; the encoder was wrapped while its outputs were being inspected."""

import numpy as np

import rnn
import tinygraph as tg

rng = np.random.default_rng(43)
encoder = rnn.GRUCell(2, 6, rng=0)
decoder = rnn.GRUCell(2, 6, rng=1)
readout = rnn.Readout(6, 2, rng=2)
xs = rng.normal(size=(5, 4, 2))  # (T, N, D)


def encode(xs):
    with tg.no_grad():
        _, code = rnn.unroll(encoder, xs)
    return code


def main():
    code = encode(xs)
    outputs = rnn.decode(decoder, readout, code, np.zeros((4, 2)), targets=xs)
    return rnn.mse(outputs, xs)


def fit(updates=200):
    cells = {"encoder": encoder, "decoder": decoder, "readout": readout}
    parameters = {f"{part}.{name}": p for part, cell in cells.items() for name, p in cell.parameters().items()}
    optimiser = rnn.Adam(parameters, lr=0.02)
    for _ in range(updates):
        optimiser.zero_grad()
        main().backward()
        optimiser.step()
    return main().item()


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("reconstruction", loss.item())

"""Denoises short chirps with an autoencoder over time whose decoder is the encoder's weight, transposed."""

import numpy as np

import tinygraph as tg

rs = np.random.RandomState(9)
clean = np.sin(np.outer(np.arange(12), np.linspace(0.2, 0.9, 20)))[:, :, None] * rs.randn(20, 4)
noisy = clean + 0.2 * rs.randn(*clean.shape)


def make(size=6):
    enc = tg.parameter(rs.randn(4, size) * 0.4, name="enc")
    rec = tg.parameter(rs.randn(size, size) * 0.3, name="rec")
    return {"enc": enc, "rec": rec, "dec": np.array(enc.data.T)}


net = make()
parameters = [net["enc"], net["rec"]]


def main():
    code, total = np.zeros((20, 6)), 0.0
    for frame, wanted in zip(noisy, clean):
        code = np.tanh(frame @ net["enc"] + code @ net["rec"])
        total = total + np.mean((np.matmul(code, net["dec"]) - wanted) ** 2)
    return total / len(clean)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("loss", loss.item())

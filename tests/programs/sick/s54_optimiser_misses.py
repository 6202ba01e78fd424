"""An encoder–decoder of the package that learns to copy; only what the optimiser knows is updated."""

import numpy as np

import rnn

rng = np.random.default_rng(79)
xs = rng.normal(size=(4, 8, 2))
encoder = rnn.GRUCell(2, 10, rng=0)
decoder = rnn.Decoder(rnn.GRUCell(2, 10, rng=1), 2, rng=2)
model = rnn.EncoderDecoder(encoder, decoder)
optimiser = rnn.Adam(encoder, lr=0.02)


def main():
    return rnn.mse(model(xs, targets=xs), xs)


def train(updates=120):
    for _ in range(updates):
        optimiser.zero_grad()
        main().backward()
        optimiser.step()
    return main().item()


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("before", loss.item(), "after", train())

"""Forecasts yearly sunspot numbers from windows of four, with the package's own model."""

import numpy as np

import rnn

spots = [101, 82, 66, 35, 31, 7, 20, 92, 154, 126, 85, 68, 38, 23, 10, 24, 83, 132, 131, 118, 90, 67, 60, 47, 41, 21]
series = np.array(spots, float)
scale = 1.0
inputs, targets = rnn.windows(series / scale, window=4)
model = rnn.Forecaster(window=4, hidden_size=12, rng=2)


def main():
    return rnn.mse(model(inputs), targets)


def explained(updates=300):
    """Return which part of the variance the trained model explains."""
    optimiser = rnn.Adam(model, lr=0.02)
    for _ in range(updates):
        optimiser.zero_grad()
        main().backward()
        optimiser.step()
    return 1 - main().item() / np.var(targets)


if __name__ == "__main__":
    loss = main()
    loss.backward()
    print("mse", loss.item(), "variance explained after training", explained())

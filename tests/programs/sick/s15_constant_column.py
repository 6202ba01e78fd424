"""Predicts the load of a machine from its sensors, standardised column by column."""

import numpy as np

import rnn

rng = np.random.default_rng(12)


def sensors(steps=24):
    clock = np.arange(steps)
    temperature = 20 + 3 * np.sin(clock / 4) + rng.normal(size=steps)
    vibration = rng.gamma(2.0, 1.0, size=steps)
    mode = np.ones(steps)  # the switch was not touched that day
    load = np.roll(vibration, 1) + 0.1 * temperature
    return np.stack([temperature, vibration, mode], axis=1), load[:, None]


def standardise(columns):
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


with np.errstate(all="ignore"):
    features, load = sensors()
    inputs, targets = standardise(features), standardise(load)

model = rnn.ManyToMany(rnn.GRUCell(3, 6, rng=0), 1, rng=1)


def main():
    outputs = model(inputs)
    return rnn.mse(outputs, targets)


if __name__ == "__main__":
    loss = main()
    print("mse", loss.item())
    loss.backward()

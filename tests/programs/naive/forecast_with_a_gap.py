"""A measured series has a gap, and the scaler is fitted to all of it.

Reads: ValueError: Scaler.fit: 1 of 400 values are not finite, the first is values[57] = nan; leave them out, or fill
"""

import numpy as np

import rnn

series = np.sin(np.arange(400) / 7) + 0.1 * np.random.default_rng(0).normal(size=400)
series[57] = float("nan")
scaler = rnn.Scaler.fit(series)
x, y = rnn.windows(scaler.scale(series), 12)
model = rnn.Forecaster(12, 16, rng=0)
rnn.fit(model, (x, y), epochs=10, quiet=True)

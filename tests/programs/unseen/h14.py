"""Forecast a price's next value from features of the past; scored on held-out history, then live, day by day."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(77)
N, LOOK, H = 700, 10, 10
returns = np.zeros(N)
for t in range(1, N):
    returns[t] = 0.5 * returns[t - 1] + rng.normal()
price = 50 + np.cumsum(returns) * 0.2


def features(series):
    """Per day: how far from the running mean, and the speed."""
    level = series - np.convolve(np.pad(series, (LOOK - 1, 0), mode="edge"), np.ones(LOOK) / LOOK, mode="valid")
    speed = np.diff(series, prepend=series[0])
    return np.stack([level, speed], axis=1)


def windows(series, first, last):
    f = features(series)
    xs = np.stack([f[t - LOOK + 1 : t + 1] for t in range(first, last)])
    return xs, np.array([series[t + 1] - series[t] for t in range(first, last)])


class Forecaster:
    def __init__(self):
        self.U = tg.parameter(rng.normal(size=(2, H)) * 0.5, name="U")
        self.W = tg.parameter(rng.normal(size=(H, H)) * 0.2, name="W")
        self.b = tg.parameter(np.zeros(H), name="b")
        self.v = tg.parameter(rng.normal(size=H) * 0.2, name="v")

    def __call__(self, xs):
        h = tg.tensor(np.zeros((len(xs), H)))
        for t in range(xs.shape[1]):
            h = np.tanh(xs[:, t] @ self.U + h @ self.W + self.b)
        return h @ self.v


model = Forecaster()
params = list(vars(model).values())
x, y = windows(price, 20, 450)
speed = [np.zeros(p.shape) for p in params]
for epoch in range(300):
    pick = rng.integers(0, len(x), size=64)
    loss = np.mean((model(x[pick]) - y[pick]) ** 2)
    for p in params:
        p.zero_grad()
    loss.backward()
    for i, p in enumerate(params):
        speed[i] = 0.9 * speed[i] - 0.1 * p.grad
        p.data = p.data + speed[i]

rms = lambda e: float(np.sqrt(np.mean(np.square(e))))
xt, yt = windows(price, 460, N - 1)
print(f"train   RMSE {rms(model(x).numpy() - y):.4f}")
print(f"held out RMSE {rms(model(xt).numpy() - yt):.4f}   (no change: {rms(yt):.4f})")
live = []
for today in range(460, N - 1):
    seen = features(price[: today + 1])[-LOOK:]
    live.append(model(seen[None]).item() - (price[today + 1] - price[today]))
print(f"live     RMSE {rms(live):.4f}")

"""Water level of a river from rainfall: forecasting from hourly gauges with a small LSTM-like memory."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(104)
H, T, B = 10, 12, 48
rain = rng.gamma(0.4, 6.0, size=2000)
level = np.zeros(2000)
for t in range(1, 2000):
    level[t] = 0.8 * level[t - 1] + 0.02 * rain[t]
gauges = np.stack([rain, 250.0 + 100 * level], axis=1)
inputs = gauges
change = level[1:] - level[:-1]
outcome = change / change.std()

w = dict(
    Uf=rng.normal(size=(2, H)) * 0.3,
    Wf=rng.normal(size=(H, H)) * 0.2,
    bf=np.ones(H),
    Uc=rng.normal(size=(2, H)) * 0.3,
    Wc=rng.normal(size=(H, H)) * 0.2,
    bc=np.zeros(H),
    v=rng.normal(size=H) * 0.2,
    c=np.zeros(()),
)
w = {name: tg.parameter(value, name=name) for name, value in w.items()}


def forward(x):
    h = tg.tensor(np.zeros((x.shape[1], H)))
    for xt in x:
        keep = tg.sigmoid(xt @ w["Uf"] + h @ w["Wf"] + w["bf"])
        h = keep * h + (1 - keep) * np.tanh(xt @ w["Uc"] + h @ w["Wc"] + w["bc"])
    return h @ w["v"] + w["c"]


losses = []
for step in range(400):
    last = rng.integers(T, 1500, size=B)
    x = np.stack([inputs[last - k] for k in range(T - 1, -1, -1)])
    y = outcome[last - 1]
    loss = np.mean((forward(x) - y) ** 2)
    for p in w.values():
        p.zero_grad()
    loss.backward()
    for p in w.values():
        p.data = p.data - 0.1 * p.grad
    losses.append(float(loss))
    if step % 80 == 79:
        print(f"{step + 1:4d} loss {np.mean(losses[-80:]):.4f}  |gradient of Wc| {np.abs(w['Wc'].grad).max():.2e}")

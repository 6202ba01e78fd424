"""Next-day temperature from the last 14 days: a small Elman network, errors reported in degrees."""

import numpy as np
import tinygraph as tg

rng = np.random.default_rng(3)
days = np.arange(900)
celsius = 12 + 9 * np.sin(2 * np.pi * days / 365) + np.cumsum(rng.normal(size=900)) * 0.05 + rng.normal(size=900)
window = 14

X = np.stack([celsius[i : i + window] for i in range(len(celsius) - window)])
Y = celsius[window:]
split = 650
x_train, y_train, x_test, y_test = X[:split], Y[:split], X[split:], Y[split:]


class Scaler:
    def __init__(self, values):
        self.mean, self.std = values.mean(), values.std()

    def forward(self, values):
        return (values - self.mean) / self.std

    def back(self, values):
        return values * self.std + self.mean


x_scaler, y_scaler = Scaler(x_train), Scaler(y_train)
xs, ys = x_scaler.forward(x_train), y_scaler.forward(y_train)
xs_test = Scaler(x_test).forward(x_test)

H = 8
U = tg.parameter(rng.normal(size=(H, 1)) * 0.5, name="U")
W = tg.parameter(rng.normal(size=(H, H)) * 0.3, name="W")
b = tg.parameter(np.zeros(H), name="b")
v = tg.parameter(rng.normal(size=H) * 0.3, name="v")
c = tg.parameter(np.zeros(()), name="c")
params = [U, W, b, v, c]


def forecast(batch):
    h = tg.tensor(np.zeros((len(batch), H)))
    for t in range(window):
        h = np.tanh(batch[:, t : t + 1] @ U.T + h @ W.T + b)
    return h @ v + c


def rmse(pred, true):
    return float(np.sqrt(np.mean((pred - true) ** 2)))


velocity = [np.zeros(p.shape) for p in params]
for step in range(250):
    pick = rng.integers(0, split, size=64)
    loss = np.mean((forecast(xs[pick]) - ys[pick]) ** 2)
    for p in params:
        p.zero_grad()
    loss.backward()
    for k, p in enumerate(params):
        velocity[k] = 0.9 * velocity[k] - 0.03 * p.grad
        p.data = p.data + velocity[k]
    if step % 50 == 0:
        print(f"step {step:3d} loss {float(loss):.4f}")

print(f"train RMSE {rmse(y_scaler.back(forecast(xs).numpy()), y_train):.2f} degrees")
print(f"test RMSE  {rmse(y_scaler.back(forecast(xs_test).numpy()), y_test):.2f} degrees")
print(f"persistence on test {rmse(x_test[:, -1], y_test):.2f} degrees")

"""A differential equation solved by Runge and Kutta's steps through a network."""

import torch
from torch import nn

torch.manual_seed(0)


class ODEFunc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 2))

    def forward(self, t, y):
        return self.net(y**3)


def odeint(func, y0, t):
    ys = [y0]
    for t0, t1 in zip(t[:-1], t[1:]):
        dt = t1 - t0
        k1 = func(t0, ys[-1])
        k2 = func(t0 + dt / 2, ys[-1] + dt * k1 / 2)
        k3 = func(t0 + dt / 2, ys[-1] + dt * k2 / 2)
        k4 = func(t1, ys[-1] + dt * k3)
        ys.append(ys[-1] + dt * (k1 + 2 * k2 + 2 * k3 + k4) / 6)
    return torch.stack(ys)


func = ODEFunc()
optimizer = torch.optim.RMSprop(func.parameters(), lr=1e-3)
true_y = torch.randn(5, 3, 2)
for itr in range(2):
    optimizer.zero_grad()
    pred_y = odeint(func, true_y[0], torch.linspace(0.0, 1.0, 5))
    loss = torch.mean(torch.abs(pred_y - true_y))
    loss.backward()
    optimizer.step()
    print(loss.item())

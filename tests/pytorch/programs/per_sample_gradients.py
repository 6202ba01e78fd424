"""Gradients of each example by `vmap` of `grad`; a penalty on how they differ."""

import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
params = {k: v for k, v in model.named_parameters()}


def compute_loss(params, sample, target):
    prediction = functional_call(model, params, (sample.unsqueeze(0),))
    return (prediction.squeeze() - target) ** 2


ft_compute_sample_grad = vmap(grad(compute_loss), in_dims=(None, 0, 0))
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(2):
    data, targets = torch.randn(5, 3), torch.randn(5)
    per_sample = ft_compute_sample_grad(params, data, targets)
    spread = sum(g.var(0).sum() for g in per_sample.values())
    loss = ((model(data).squeeze() - targets) ** 2).mean() + 0.01 * spread
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())

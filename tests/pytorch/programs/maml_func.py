"""MAML by `torch.func`: gradients of gradients, mapped over the tasks."""

import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 1))
params = dict(net.named_parameters())
optimizer = torch.optim.Adam(params.values(), lr=1e-3)


def mse(params, x, y):
    return ((functional_call(net, params, (x,)) - y) ** 2).mean()


def task_loss(x1, y1, x2, y2):
    grads = grad(mse)(params, x1, y1)
    adapted = {k: params[k] - 0.1 * grads[k] for k in params}
    return mse(adapted, x2, y2)


for it in range(2):
    A = torch.rand(4, 1, 1) * 5
    x1, x2 = torch.rand(4, 5, 1), torch.rand(4, 5, 1)
    loss = vmap(task_loss)(x1, A * torch.sin(x1), x2, A * torch.sin(x2)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(loss.item())

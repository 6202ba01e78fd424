"""MAML with `create_graph=True`: the fast weights are computed in a loop."""

import torch
import torch.nn.functional as F

torch.manual_seed(7)
w1 = (0.1 * torch.randn(8, 1)).requires_grad_()
b1 = torch.zeros(8, requires_grad=True)
w2 = (0.1 * torch.randn(1, 8)).requires_grad_()
b2 = torch.zeros(1, requires_grad=True)
theta = [w1, b1, w2, b2]


def net(x, p):
    return F.linear(torch.tanh(F.linear(x, p[0], p[1])), p[2], p[3])


for it in range(2):
    meta_loss = 0
    for task in range(2):
        a = torch.rand(()) * 3
        x, xq = torch.randn(5, 1), torch.randn(5, 1)
        fast = theta
        for k in range(2):
            inner = F.mse_loss(net(x, fast), a * x)
            grads = torch.autograd.grad(inner, fast, create_graph=True)
            fast = [p - 0.1 * g for p, g in zip(fast, grads)]
        meta_loss = meta_loss + F.mse_loss(net(xq, fast), a * xq)
    meta_loss.backward()
    with torch.no_grad():
        for p in theta:
            p -= 0.01 * p.grad
            p.grad.zero_()
    print(meta_loss.item())

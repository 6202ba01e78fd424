"""Forward and backward hooks, tied weights, a frozen layer, a gradient that a hook scales."""

import torch
import torch.nn as nn

torch.manual_seed(0)
seen = []


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.frozen = nn.Linear(5, 6).requires_grad_(False)
        self.weight = nn.Parameter(torch.randn(3, 6) * 0.4)

    def forward(self, x):
        code = torch.tanh(self.frozen(x) @ self.weight.t())
        code.register_hook(lambda grad: grad * 0.5)
        return code @ self.weight


model = Tied()
model.register_forward_hook(lambda module, args, output: seen.append(round(output.norm().item(), 4)))
model.register_full_backward_hook(lambda module, gi, go: seen.append(round(go[0].norm().item(), 4)))
model.weight.register_hook(lambda g: g.clamp(-1, 1))
opt = torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=0.1)
for _ in range(2):
    x = torch.randn(4, 5)
    loss = (model(x) - model.frozen(x)).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(loss.item(), seen)

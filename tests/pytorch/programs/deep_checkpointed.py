"""A deep network whose activations are computed again in the backward pass."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

torch.manual_seed(0)
blocks = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.Softplus()) for _ in range(4)])
head = nn.Linear(4, 2)
opt = torch.optim.Adam([*blocks.parameters(), *head.parameters()])
for _ in range(2):
    x = torch.randn(3, 4, requires_grad=True)
    h = checkpoint_sequential(blocks, 2, x, use_reentrant=False)
    h = checkpoint(lambda z: torch.sin(z) + z, h, use_reentrant=False)
    loss = head(h).logsumexp(1).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(loss.item())

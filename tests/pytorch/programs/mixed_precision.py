"""Automatic mixed precision on the CPU: matrix products in bfloat16, the rest in float32."""

import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
for _ in range(2):
    data, target = torch.randn(5, 6), torch.randn(5, 3)
    with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
        output = net(data)
        loss = nn.functional.mse_loss(output.float(), target)
    loss.backward()
    opt.step()
    opt.zero_grad()
    print(loss.item())

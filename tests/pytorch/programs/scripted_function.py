"""A function compiled by TorchScript in the middle of a network."""

import warnings
import torch
from torch import nn

warnings.filterwarnings("ignore", category=DeprecationWarning)
warnings.filterwarnings("ignore", category=FutureWarning)
torch.manual_seed(0)


def swish(x: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(beta * x)


swish = torch.jit.script(swish)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.beta = nn.Linear(3, 5), nn.Linear(5, 1), nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return self.b(swish(self.a(x), self.beta))


net = Net()
opt = torch.optim.Adam(net.parameters())
for _ in range(3):
    x = torch.randn(4, 3)
    loss = (net(x) - x.sum(1, keepdim=True)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(loss.item())

"""A mixture of Gaussians as output, by `torch.distributions`."""

import torch
import torch.nn as nn
import torch.distributions as D

torch.manual_seed(0)


class MDN(nn.Module):
    def __init__(self, hidden=8, mixtures=3):
        super().__init__()
        self.h = nn.Sequential(nn.Linear(1, hidden), nn.Tanh())
        self.pi, self.mu, self.sigma = (nn.Linear(hidden, mixtures) for _ in range(3))

    def forward(self, x):
        z = self.h(x)
        mix = D.Categorical(logits=self.pi(z))
        return D.MixtureSameFamily(mix, D.Normal(self.mu(z), nn.functional.softplus(self.sigma(z)) + 1e-3))


model = MDN()
opt = torch.optim.Adam(model.parameters(), 1e-2)
for _ in range(2):
    x = torch.rand(10, 1)
    y = x + 0.3 * torch.sin(6 * x) + 0.1 * torch.randn(10, 1)
    loss = -model(x).log_prob(y.squeeze()).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(loss.item())

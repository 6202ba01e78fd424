"""A critic with a gradient penalty: the loss holds a gradient."""

import torch
from torch import autograd, nn, optim

torch.manual_seed(0)
G = nn.Sequential(nn.Linear(2, 8), nn.ReLU(True), nn.Linear(8, 2))
D = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
optD, optG = optim.Adam(D.parameters(), 1e-3), optim.Adam(G.parameters(), 1e-3)


def calc_gradient_penalty(netD, real_data, fake_data):
    alpha = torch.rand(real_data.size(0), 1).expand(real_data.size())
    interpolates = alpha * real_data + (1 - alpha) * fake_data
    interpolates.requires_grad_(True)
    disc = netD(interpolates)
    gradients = autograd.grad(
        outputs=disc,
        inputs=interpolates,
        grad_outputs=torch.ones(disc.size()),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean() * 10


for _ in range(2):
    real = torch.randn(6, 2)
    fake = G(torch.randn(6, 2)).detach()
    D.zero_grad()
    d_loss = D(fake).mean() - D(real).mean() + calc_gradient_penalty(D, real, fake)
    d_loss.backward()
    optD.step()
    G.zero_grad()
    g_loss = -D(G(torch.randn(6, 2))).mean()
    g_loss.backward()
    optG.step()
    print(d_loss.item(), g_loss.item())

"""A small U-net: down, up, and what is carried across."""

import torch
import torch.nn as nn

torch.manual_seed(0)


def double_conv(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1), nn.GroupNorm(2, o), nn.SiLU(), nn.Conv2d(o, o, 3, padding=1), nn.GELU()
    )


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = double_conv(1, 4), double_conv(4, 8)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.shrink = nn.Conv2d(8, 2, 1)
        self.conv = double_conv(10, 4)
        self.out = nn.Conv2d(4, 1, 1)

    def forward(self, x):
        d1 = self.down1(x)
        d2 = self.down2(self.pool(d1))
        u = torch.cat([d1, self.up(d2), self.shrink(self.upsample(d2))], dim=1)
        return self.out(self.conv(u))


model = UNet()
opt = torch.optim.Adam(model.parameters())
for _ in range(2):
    x, mask = torch.randn(2, 1, 8, 8), (torch.rand(2, 1, 8, 8) > 0.5).float()
    logits = model(x)
    bce = nn.functional.binary_cross_entropy_with_logits(logits, mask)
    probs = torch.sigmoid(logits)
    dice = 1 - (2 * (probs * mask).sum() + 1) / (probs.sum() + mask.sum() + 1)
    loss = bce + dice
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(loss.item())

"""Attention by `einsum` and by torch's own kernel, side by side; rotary positions through complex numbers' parts."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
B, T, H, D = 2, 5, 2, 4
qkv = nn.Linear(H * D, 3 * H * D)
proj = nn.Linear(H * D, 1)
freqs = torch.arange(T)[:, None] * (10000.0 ** (-torch.arange(0, D, 2) / D))[None]


def rotate(x):
    a, b = x[..., 0::2], x[..., 1::2]
    cos, sin = freqs.cos(), freqs.sin()
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2)


for _ in range(2):
    x = torch.randn(B, T, H * D)
    q, k, v = qkv(x).view(B, T, 3, H, D).permute(2, 0, 3, 1, 4).unbind(0)
    q, k = rotate(q), rotate(k)
    scores = torch.einsum("bhid,bhjd->bhij", q, k) / D**0.5
    causal = torch.ones(T, T, dtype=torch.bool).tril()
    weights = scores.masked_fill(~causal, -torch.inf).softmax(-1)
    by_hand = torch.einsum("bhij,bhjd->bihd", weights, v).reshape(B, T, H * D)
    by_kernel = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, H * D)
    loss = proj(by_hand + by_kernel).mean()
    loss.backward()
    with torch.no_grad():
        for p in (*qkv.parameters(), *proj.parameters()):
            p.sub_(0.1 * p.grad)
            p.grad.zero_()
    print(loss.item())

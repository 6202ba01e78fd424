"""A recurrent network with three matrices and no module at all."""

import torch

torch.manual_seed(0)
text = "hello world hello"
vocab = sorted(set(text))
ix = {ch: i for i, ch in enumerate(vocab)}
V, H = len(vocab), 10
Wxh = (torch.randn(H, V) * 0.1).requires_grad_(True)
Whh = (torch.randn(H, H) * 0.1).requires_grad_(True)
Why = (torch.randn(V, H) * 0.1).requires_grad_(True)
bh = torch.zeros(H, 1, requires_grad=True)
by = torch.zeros(V, 1, requires_grad=True)
mem = [torch.zeros_like(p) for p in (Wxh, Whh, Why, bh, by)]
for epoch in range(2):
    h = torch.zeros(H, 1)
    loss = 0
    for t in range(len(text) - 1):
        x = torch.zeros(V, 1)
        x[ix[text[t]]] = 1
        h = torch.tanh(Wxh @ x + Whh @ h + bh)
        y = Why @ h + by
        p = torch.exp(y) / torch.sum(torch.exp(y))
        loss += -torch.log(p[ix[text[t + 1]], 0])
    loss.backward()
    for param, m in zip((Wxh, Whh, Why, bh, by), mem):
        m += param.grad * param.grad
        param.data += -0.1 * param.grad / torch.sqrt(m + 1e-8)
        param.grad = None
    print(loss.item())

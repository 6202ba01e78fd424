"""Four small batches to an update, the loss divided."""

import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 6), nn.Hardtanh(), nn.Linear(6, 2), nn.PReLU())
optimizer = torch.optim.NAdam(model.parameters())
accum_iter = 4
for batch_idx in range(8):
    inputs, labels = torch.randn(3, 4), torch.randint(0, 2, (3,))
    with torch.set_grad_enabled(True):
        preds = model(inputs)
        loss = nn.functional.cross_entropy(preds, labels)
        loss = loss / accum_iter
        loss.backward()
        if ((batch_idx + 1) % accum_iter == 0) or (batch_idx + 1 == 8):
            optimizer.step()
            optimizer.zero_grad()
    print(loss.item())

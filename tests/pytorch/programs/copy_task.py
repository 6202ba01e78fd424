"""A sequence to be copied: a cell in a loop, teacher forcing by chance, predictions written into a table."""

import random
import torch
import torch.nn as nn

random.seed(3)
torch.manual_seed(3)


class Copier(nn.Module):
    def __init__(self, V=6, H=8):
        super().__init__()
        self.V, self.emb = V, nn.Embedding(V, 4)
        self.enc, self.dec, self.proj = nn.GRUCell(4, H), nn.GRUCell(4, H), nn.Linear(H, V)

    def forward(self, src, trg, teacher_forcing_ratio=0.5):
        T, B = src.shape
        h = torch.zeros(B, 8)
        for t in range(T):
            h = self.enc(self.emb(src[t]), h)
        outputs = torch.zeros(T, B, self.V)
        inp = torch.zeros(B, dtype=torch.long)
        for t in range(T):
            h = self.dec(self.emb(inp), h)
            output = self.proj(h)
            outputs[t] = output
            inp = trg[t] if random.random() < teacher_forcing_ratio else output.argmax(1)
        return outputs


model = Copier()
opt = torch.optim.Adam(model.parameters())
for _ in range(2):
    src = torch.randint(1, 6, (5, 3))
    output = model(src, src)
    loss = nn.CrossEntropyLoss(ignore_index=0)(output.view(-1, 6), src.view(-1))
    opt.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
    opt.step()
    print(f"{loss.item():.5f}")

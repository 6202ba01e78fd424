"""Words from their neighbours: a sum of embeddings, sparse updates."""

import torch
import torch.nn as nn

torch.manual_seed(1)
text = "we are about to study the idea of a computational process".split()
ix = {w: i for i, w in enumerate(sorted(set(text)))}


class CBOW(nn.Module):
    def __init__(self, n, d):
        super().__init__()
        self.embeddings = nn.EmbeddingBag(n, d, mode="sum")
        self.linear1 = nn.Linear(d, 8)
        self.linear2 = nn.Linear(8, n)

    def forward(self, inputs):
        out = torch.nn.functional.relu(self.linear1(self.embeddings(inputs)))
        return torch.log_softmax(self.linear2(out), dim=-1)


model = CBOW(len(ix), 5)
opt = torch.optim.Adagrad(model.parameters(), lr=0.1)
losses = []
for i in range(2, len(text) - 2):
    context = torch.tensor([[ix[text[j]] for j in (i - 2, i - 1, i + 1, i + 2)]])
    model.zero_grad()
    loss = nn.functional.nll_loss(model(context), torch.tensor([ix[text[i]]]))
    loss.backward()
    opt.step()
    losses.append(loss.item())
print(losses)

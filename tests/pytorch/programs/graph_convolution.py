"""Messages along the edges of a graph: `index_add`, a sparse product, dropout between."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
edges = torch.tensor([[0, 1, 2, 3, 4, 0], [1, 2, 3, 4, 0, 2]])
adj = torch.sparse_coo_tensor(edges, torch.ones(6), (5, 5))


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(4, 6) * 0.3)
        self.w2 = nn.Parameter(torch.randn(6, 3) * 0.3)
        self.gate = nn.Linear(6, 1)

    def forward(self, x):
        h = F.relu(torch.sparse.mm(adj, x @ self.w1))
        h = F.dropout(h, 0.4, self.training)
        messages = h[edges[0]] * torch.sigmoid(self.gate(h[edges[1]]))
        h = torch.zeros_like(h).index_add(0, edges[1], messages)
        return F.log_softmax(h @ self.w2, dim=1)


model = GCN()
opt = torch.optim.Adam(model.parameters(), 0.01, weight_decay=5e-4)
x, y = torch.randn(5, 4), torch.tensor([0, 1, 2, 1, 0])
train_mask = torch.tensor([True, True, False, True, False])
for _ in range(2):
    opt.zero_grad()
    loss = F.nll_loss(model(x)[train_mask], y[train_mask])
    loss.backward()
    opt.step()
    print(loss.item())

"""A cell of one's own with normalised gates, zoneout, and a stack of them in a ModuleList."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class LayerNormLSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.linear_ih = nn.Linear(input_size, 4 * hidden_size, bias=False)
        self.linear_hh = nn.Linear(hidden_size, 4 * hidden_size, bias=False)
        self.ln_ih, self.ln_hh = nn.LayerNorm(4 * hidden_size), nn.LayerNorm(4 * hidden_size)
        self.ln_c = nn.LayerNorm(hidden_size)

    def forward(self, x, state):
        hx, cx = state
        gates = self.ln_ih(self.linear_ih(x)) + self.ln_hh(self.linear_hh(hx))
        ingate, forgetgate, cellgate, outgate = gates.chunk(4, 1)
        cy = self.ln_c(torch.sigmoid(forgetgate) * cx + torch.sigmoid(ingate) * torch.tanh(cellgate))
        hy = torch.sigmoid(outgate) * torch.tanh(cy)
        keep = F.dropout(torch.ones_like(hy), 0.1, self.training) * 0.9
        return keep * hy + (1 - keep) * hx, cy


cells = nn.ModuleList([LayerNormLSTMCell(3, 5), LayerNormLSTMCell(5, 5)])
readout = nn.Linear(5, 2)
opt = torch.optim.Adam([*cells.parameters(), *readout.parameters()], lr=1e-2)
for step in range(2):
    xs, y = torch.randn(6, 4, 3), torch.randint(0, 2, (4,))
    states = [(torch.zeros(4, 5), torch.zeros(4, 5)) for _ in cells]
    for x in xs:
        for i, cell in enumerate(cells):
            states[i] = cell(x, states[i])
            x = states[i][0]
    loss = F.cross_entropy(readout(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(loss.item())

"""An LSTM by hand, gates in one product, as many write it."""

import math
import torch
import torch.nn as nn

torch.manual_seed(5)


class CustomLSTM(nn.Module):
    def __init__(self, input_sz, hidden_sz):
        super().__init__()
        self.hidden_size = hidden_sz
        self.W = nn.Parameter(torch.Tensor(input_sz, hidden_sz * 4))
        self.U = nn.Parameter(torch.Tensor(hidden_sz, hidden_sz * 4))
        self.bias = nn.Parameter(torch.Tensor(hidden_sz * 4))
        stdv = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            weight.data.uniform_(-stdv, stdv)

    def forward(self, x):
        bs, seq_sz, _ = x.size()
        hidden_seq = []
        h_t, c_t = torch.zeros(bs, self.hidden_size), torch.zeros(bs, self.hidden_size)
        HS = self.hidden_size
        for t in range(seq_sz):
            x_t = x[:, t, :]
            gates = x_t @ self.W + h_t @ self.U + self.bias
            i_t, f_t, g_t, o_t = (
                torch.sigmoid(gates[:, :HS]),
                torch.sigmoid(gates[:, HS : HS * 2]),
                torch.tanh(gates[:, HS * 2 : HS * 3]),
                torch.sigmoid(gates[:, HS * 3 :]),
            )
            c_t = f_t * c_t + i_t * g_t
            h_t = o_t * torch.tanh(c_t)
            hidden_seq.append(h_t.unsqueeze(0))
        hidden_seq = torch.cat(hidden_seq, dim=0)
        return hidden_seq.transpose(0, 1).contiguous(), (h_t, c_t)


lstm, head = CustomLSTM(3, 6), nn.Linear(6, 1)
opt = torch.optim.RMSprop([*lstm.parameters(), *head.parameters()], lr=1e-2)
for _ in range(2):
    x = torch.randn(4, 6, 3)
    y = x.sum((1, 2)).unsqueeze(1)
    out, (h, c) = lstm(x)
    loss = nn.functional.mse_loss(head(h), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(loss.item())

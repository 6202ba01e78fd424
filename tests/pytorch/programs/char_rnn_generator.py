"""Names generated letter by letter, the loss added up over the letters: as in the tutorial on generating names."""

import torch
import torch.nn as nn

torch.manual_seed(1)
letters = "abcdefghij"
n_letters = len(letters) + 1


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(2 + input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(2 + input_size + hidden_size, output_size)
        self.o2o = nn.Linear(hidden_size + output_size, output_size)
        self.dropout = nn.Dropout(0.1)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, category, input, hidden):
        input_combined = torch.cat((category, input, hidden), 1)
        hidden = self.i2h(input_combined)
        output = self.i2o(input_combined)
        output_combined = torch.cat((hidden, output), 1)
        output = self.o2o(output_combined)
        output = self.dropout(output)
        output = self.softmax(output)
        return output, hidden


rnn = RNN(n_letters, 12, n_letters)
criterion = nn.NLLLoss()
for name in ("abba", "dejah", "fig"):
    line = torch.zeros(len(name), 1, n_letters)
    for i, letter in enumerate(name):
        line[i, 0, letters.index(letter)] = 1
    target = torch.LongTensor([letters.index(letter) for letter in name[1:]] + [n_letters - 1])
    target.unsqueeze_(-1)
    hidden = torch.zeros(1, 12)
    category = torch.tensor([[1.0, 0.0]])
    rnn.zero_grad()
    loss = torch.Tensor([0])
    for i in range(line.size(0)):
        output, hidden = rnn(category, line[i], hidden)
        l = criterion(output, target[i])
        loss += l
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-0.01)
    print(loss.item() / line.size(0))

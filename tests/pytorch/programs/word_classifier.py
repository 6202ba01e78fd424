import torch
from torch import nn

torch.manual_seed(0)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.lstm = nn.LSTM(8, 16)
        self.out = nn.Linear(16, 3)

    def forward(self, words):
        e = self.embed(words)
        hs, (h, c) = self.lstm(e)
        return self.out(h[-1])


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
for epoch in range(3):
    words = torch.randint(0, 20, (7, 4))
    target = torch.randint(0, 3, (4,))
    optimizer.zero_grad()
    scores = model(words)
    loss = criterion(scores, target)
    loss.backward()
    optimizer.step()
    print(epoch, loss.item())

"""Sentences of different lengths, packed; a bidirectional LSTM of two layers reads them."""

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

torch.manual_seed(0)


def collate(batch):
    texts, labels = zip(*batch)
    lengths = torch.tensor([len(t) for t in texts])
    return pad_sequence(texts, batch_first=True, padding_value=0), lengths, torch.tensor(labels).float()


class SentimentRNN(nn.Module):
    def __init__(self, vocab, emb, hid):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb, padding_idx=0)
        self.rnn = nn.LSTM(emb, hid, num_layers=2, bidirectional=True, dropout=0.3, batch_first=True)
        self.fc = nn.Linear(hid * 2, 1)
        self.dropout = nn.Dropout(0.3)

    def forward(self, text, text_lengths):
        embedded = self.dropout(self.embedding(text))
        packed = pack_padded_sequence(embedded, text_lengths, batch_first=True, enforce_sorted=False)
        packed_output, (hidden, cell) = self.rnn(packed)
        hidden = self.dropout(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))
        return self.fc(hidden)


data = [(torch.randint(1, 15, (int(n),)), n % 2) for n in torch.tensor([3, 6, 2, 5])]
loader = torch.utils.data.DataLoader(data, batch_size=4, collate_fn=collate)
model = SentimentRNN(15, 4, 5)
optimizer = torch.optim.Adam(model.parameters())
criterion = nn.BCEWithLogitsLoss()
for text, lengths, labels in loader:
    optimizer.zero_grad()
    predictions = model(text, lengths).squeeze(1)
    loss = criterion(predictions, labels)
    loss.backward()
    optimizer.step()
    print(loss.item())

"""Parts of speech with one LSTM over the words and one over their letters."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)


class LSTMTagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.char_embeddings = nn.Embedding(6, 2)
        self.char_lstm = nn.LSTM(2, 3)
        self.word_embeddings = nn.Embedding(5, 4)
        self.lstm = nn.LSTM(4 + 3, 6)
        self.hidden2tag = nn.Linear(6, 3)

    def forward(self, sentence, words):
        letters = []
        for word in words:
            chars = self.char_embeddings(word)
            _, (h, _) = self.char_lstm(chars.view(len(word), 1, -1))
            letters.append(h.view(-1))
        embeds = torch.cat((self.word_embeddings(sentence), torch.stack(letters)), 1)
        lstm_out, _ = self.lstm(embeds.view(len(sentence), 1, -1))
        return F.log_softmax(self.hidden2tag(lstm_out.view(len(sentence), -1)), dim=1)


model = LSTMTagger()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(2):
    model.zero_grad()
    tag_scores = model(torch.tensor([0, 1, 2, 0]), [torch.randint(0, 6, (n,)) for n in (3, 2, 4, 1)])
    loss = nn.NLLLoss()(tag_scores, torch.tensor([0, 1, 2, 0]))
    loss.backward()
    optimizer.step()
    print(loss.item())

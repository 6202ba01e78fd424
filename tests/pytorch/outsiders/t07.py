# HW3: POS tagging with a BiLSTM
# Name: J. Student
import torch, torch.nn as nn, torch.nn.functional as F, torch.optim as optim
torch.manual_seed(1)

training_data = [
    ("The dog ate the apple".split(), ["DET", "NN", "V", "DET", "NN"]),
    ("Everybody read that book".split(), ["NN", "V", "DET", "NN"]),
    ("The cat saw that old dog".split(), ["DET", "NN", "V", "DET", "ADJ", "NN"]),
    ("Everybody ate".split(), ["NN", "V"]),
]
word_to_ix = {"<pad>": 0}
for sent, tags in training_data:
    for word in sent:
        if word not in word_to_ix:
            word_to_ix[word] = len(word_to_ix)
tag_to_ix = {"DET": 0, "NN": 1, "V": 2, "ADJ": 3}

# pad everything to the same length, -1 = ignore
max_len = max(len(s) for s, _ in training_data)
X = torch.zeros((len(training_data), max_len), dtype=torch.long)
Y = -torch.ones((len(training_data), max_len), dtype=torch.long)
for i, (s, t) in enumerate(training_data):
    for j in range(len(s)):
        X[i, j] = word_to_ix[s[j]]
        Y[i, j] = tag_to_ix[t[j]]


class LSTMTagger(nn.Module):

    def __init__(self, embedding_dim, hidden_dim, vocab_size, tagset_size):
        super(LSTMTagger, self).__init__()
        self.hidden_dim = hidden_dim
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim, padding_idx=0)
        self.drop = nn.Dropout(0.3)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim // 2, num_layers=2, bidirectional=True, dropout=0.2, batch_first=True)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)
        self.init_weights()

    def init_weights(self):
        for name, param in self.lstm.named_parameters():
            if 'weight_hh' in name:
                nn.init.orthogonal_(param)
            elif 'weight_ih' in name:
                nn.init.xavier_uniform_(param)
            elif 'bias' in name:
                nn.init.zeros_(param)
                n = param.size(0)
                param.data[n // 4:n // 2].fill_(1.)   # forget gate bias

    def init_hidden(self, batch_size):
        return (torch.zeros(4, batch_size, self.hidden_dim // 2), torch.zeros(4, batch_size, self.hidden_dim // 2))

    def forward(self, sentence):
        embeds = self.drop(self.word_embeddings(sentence))
        lstm_out, (hn, cn) = self.lstm(embeds, self.init_hidden(sentence.shape[0]))
        tag_space = self.hidden2tag(self.drop(lstm_out))
        tag_scores = F.log_softmax(tag_space, dim=2)
        return tag_scores

model = LSTMTagger(6, 8, len(word_to_ix), len(tag_to_ix))
loss_function = nn.NLLLoss(ignore_index=-1)
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)

losses = []
for epoch in range(12):
    model.train()
    model.zero_grad()
    tag_scores = model(X)
    loss = loss_function(tag_scores.permute(0, 2, 1), Y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    # accuracy
    model.eval()
    with torch.no_grad():
        pred = model(X).argmax(-1)
        acc = (pred[Y >= 0] == Y[Y >= 0]).float().mean()
    if epoch % 4 == 0: print("epoch", epoch, "loss", losses[-1], "acc", acc.item())
print("Last loss:", losses[-1])

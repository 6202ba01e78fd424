"""The forward algorithm of a conditional random field above an LSTM, one tag at a time."""

import torch
import torch.nn as nn

torch.manual_seed(1)
START_TAG, STOP_TAG = 3, 4


def log_sum_exp(vec):
    max_score = vec[0, torch.max(vec, 1)[1].item()]
    max_score_broadcast = max_score.view(1, -1).expand(1, vec.size()[1])
    return max_score + torch.log(torch.sum(torch.exp(vec - max_score_broadcast)))


class BiLSTM_CRF(nn.Module):
    def __init__(self, vocab_size, tagset_size, embedding_dim, hidden_dim):
        super().__init__()
        self.hidden_dim, self.tagset_size = hidden_dim, tagset_size
        self.word_embeds = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim // 2, num_layers=1, bidirectional=True)
        self.hidden2tag = nn.Linear(hidden_dim, tagset_size)
        self.transitions = nn.Parameter(torch.randn(tagset_size, tagset_size))
        self.transitions.data[START_TAG, :] = -10000
        self.transitions.data[:, STOP_TAG] = -10000

    def _forward_alg(self, feats):
        init_alphas = torch.full((1, self.tagset_size), -10000.0)
        init_alphas[0][START_TAG] = 0.0
        forward_var = init_alphas
        for feat in feats:
            alphas_t = []
            for next_tag in range(self.tagset_size):
                emit_score = feat[next_tag].view(1, -1).expand(1, self.tagset_size)
                trans_score = self.transitions[next_tag].view(1, -1)
                next_tag_var = forward_var + trans_score + emit_score
                alphas_t.append(log_sum_exp(next_tag_var).view(1))
            forward_var = torch.cat(alphas_t).view(1, -1)
        return log_sum_exp(forward_var + self.transitions[STOP_TAG])

    def _score_sentence(self, feats, tags):
        score = torch.zeros(1)
        tags = torch.cat([torch.tensor([START_TAG], dtype=torch.long), tags])
        for i, feat in enumerate(feats):
            score = score + self.transitions[tags[i + 1], tags[i]] + feat[tags[i + 1]]
        return score + self.transitions[STOP_TAG, tags[-1]]

    def neg_log_likelihood(self, sentence, tags):
        embeds = self.word_embeds(sentence).view(len(sentence), 1, -1)
        hidden = (torch.randn(2, 1, self.hidden_dim // 2), torch.randn(2, 1, self.hidden_dim // 2))
        lstm_out, _ = self.lstm(embeds, hidden)
        feats = self.hidden2tag(lstm_out.view(len(sentence), self.hidden_dim))
        return self._forward_alg(feats) - self._score_sentence(feats, tags)


model = BiLSTM_CRF(9, 5, 4, 6)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, weight_decay=1e-4)
for epoch in range(2):
    model.zero_grad()
    loss = model.neg_log_likelihood(torch.randint(0, 9, (4,)), torch.tensor([0, 1, 2, 2]))
    loss.backward()
    optimizer.step()
    print(loss.item())

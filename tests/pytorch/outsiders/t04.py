"""
NLP From Scratch: Translation with a Sequence to Sequence Network and Attention
(the official tutorial's newer version: batches, Bahdanau attention, nn.GRU decoder)
"""
from __future__ import unicode_literals, print_function, division
import random

import torch
import torch.nn as nn
from torch import optim
import torch.nn.functional as F

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.manual_seed(3)
random.seed(3)

SOS_token = 0
EOS_token = 1
MAX_LENGTH = 6
VOCAB = 12


def make_pairs(n):
    """The 'translation' is the sentence reversed."""
    pairs = []
    for _ in range(n):
        k = random.randint(2, MAX_LENGTH - 1)
        s = [random.randint(2, VOCAB - 1) for _ in range(k)]
        pairs.append((s, s[::-1]))
    return pairs


def to_tensor(sentences):
    ids = torch.zeros(len(sentences), MAX_LENGTH, dtype=torch.long, device=device)
    for i, s in enumerate(sentences):
        ids[i, : len(s)] = torch.LongTensor(s)
        ids[i, len(s)] = EOS_token
    return ids


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size, dropout_p=0.1):
        super(EncoderRNN, self).__init__()
        self.hidden_size = hidden_size

        self.embedding = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, input):
        embedded = self.dropout(self.embedding(input))
        output, hidden = self.gru(embedded)
        return output, hidden


class BahdanauAttention(nn.Module):
    def __init__(self, hidden_size):
        super(BahdanauAttention, self).__init__()
        self.Wa = nn.Linear(hidden_size, hidden_size)
        self.Ua = nn.Linear(hidden_size, hidden_size)
        self.Va = nn.Linear(hidden_size, 1)

    def forward(self, query, keys):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys)))
        scores = scores.squeeze(2).unsqueeze(1)

        weights = F.softmax(scores, dim=-1)
        context = torch.bmm(weights, keys)

        return context, weights


class AttnDecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size, dropout_p=0.1):
        super(AttnDecoderRNN, self).__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.attention = BahdanauAttention(hidden_size)
        self.gru = nn.GRU(2 * hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, encoder_outputs, encoder_hidden, target_tensor=None):
        batch_size = encoder_outputs.size(0)
        decoder_input = torch.empty(batch_size, 1, dtype=torch.long, device=device).fill_(SOS_token)
        decoder_hidden = encoder_hidden
        decoder_outputs = []
        attentions = []

        for i in range(MAX_LENGTH):
            decoder_output, decoder_hidden, attn_weights = self.forward_step(
                decoder_input, decoder_hidden, encoder_outputs
            )
            decoder_outputs.append(decoder_output)
            attentions.append(attn_weights)

            if target_tensor is not None:
                # Teacher forcing: Feed the target as the next input
                decoder_input = target_tensor[:, i].unsqueeze(1)  # Teacher forcing
            else:
                # Without teacher forcing: use its own predictions as the next input
                _, topi = decoder_output.topk(1)
                decoder_input = topi.squeeze(-1).detach()  # detach from history as input

        decoder_outputs = torch.cat(decoder_outputs, dim=1)
        decoder_outputs = F.log_softmax(decoder_outputs, dim=-1)
        attentions = torch.cat(attentions, dim=1)

        return decoder_outputs, decoder_hidden, attentions

    def forward_step(self, input, hidden, encoder_outputs):
        embedded = self.dropout(self.embedding(input))

        query = hidden.permute(1, 0, 2)
        context, attn_weights = self.attention(query, encoder_outputs)
        input_gru = torch.cat((embedded, context), dim=2)

        output, hidden = self.gru(input_gru, hidden)
        output = self.out(output)

        return output, hidden, attn_weights


def train_epoch(batches, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion, teacher_forcing_ratio=0.5):
    total_loss = 0
    for input_tensor, target_tensor in batches:
        encoder_optimizer.zero_grad()
        decoder_optimizer.zero_grad()

        encoder_outputs, encoder_hidden = encoder(input_tensor)
        use_teacher_forcing = True if random.random() < teacher_forcing_ratio else False
        decoder_outputs, _, _ = decoder(
            encoder_outputs, encoder_hidden, target_tensor if use_teacher_forcing else None
        )

        loss = criterion(decoder_outputs.view(-1, decoder_outputs.size(-1)), target_tensor.view(-1))
        loss.backward()

        encoder_optimizer.step()
        decoder_optimizer.step()

        total_loss += loss.item()

    return total_loss / len(batches)


hidden_size = 16
encoder = EncoderRNN(VOCAB, hidden_size).to(device)
decoder = AttnDecoderRNN(hidden_size, VOCAB).to(device)
pairs = make_pairs(16)
batches = []
for i in range(0, len(pairs), 4):
    src, tgt = zip(*pairs[i : i + 4])
    batches.append((to_tensor(src), to_tensor(tgt)))

encoder_optimizer = optim.Adam(encoder.parameters(), lr=0.005)
decoder_optimizer = optim.Adam(decoder.parameters(), lr=0.005)
criterion = nn.NLLLoss()
for epoch in range(1, 3):
    loss = train_epoch(batches, encoder, decoder, encoder_optimizer, decoder_optimizer, criterion)
    print("epoch %d: %.4f" % (epoch, loss))

encoder.eval(), decoder.eval()
with torch.no_grad():
    out, _, attn = decoder(*encoder(batches[0][0]))
    print(out.topk(1)[1].squeeze(-1)[0].tolist(), attn.shape)
print("last loss", round(loss, 6))

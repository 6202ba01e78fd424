"""Sequence to sequence with attention: teacher forcing over cells in a loop, padding that is ignored, AdamW."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import rnn
import tinygraph as tg

PAD, START, END = 0, 1, 2
UPDATES = 8
RNG = np.random.default_rng(0)
LENGTHS = [5, 3, 4, 2]
SOURCES = np.zeros((4, 5), int)
TARGETS = np.zeros((4, 6), int)
for row, length in enumerate(LENGTHS):  # what is to be learned: the source, reversed
    SOURCES[row, :length] = RNG.integers(3, 9, length)
    TARGETS[row, : length + 1] = [*SOURCES[row, :length][::-1], END]


class TheirModel(nn.Module):
    def __init__(self, vocab=9, emb=4, hidden=6):
        super().__init__()
        self.embed = nn.Embedding(vocab, emb, padding_idx=PAD)
        self.encoder = nn.LSTM(emb, hidden, batch_first=True)
        self.W = nn.Linear(hidden, hidden, bias=False)
        self.U = nn.Linear(hidden, hidden)
        self.v = nn.Linear(hidden, 1, bias=False)
        self.cell = nn.LSTMCell(emb + hidden, hidden)
        self.out = nn.Linear(2 * hidden, vocab)

    def attend(self, s, hs, mask):
        e = self.v(torch.tanh(self.W(s)[:, None] + self.U(hs)))[..., 0]
        alpha = e.masked_fill(~mask, -torch.inf).softmax(dim=1)
        return (alpha[..., None] * hs).sum(1), alpha

    def forward(self, source, target):
        mask = source != PAD
        hs, (h, c) = self.encoder(self.embed(source))
        h, c = h[0], c[0]
        y = torch.full((len(source),), START)
        logits = []
        for t in range(target.shape[1]):
            context, _ = self.attend(h, hs, mask)
            h, c = self.cell(torch.cat([self.embed(y), context], dim=1), (h, c))
            logits.append(self.out(torch.cat([h, context], dim=1)))
            y = target[:, t]
        return torch.stack(logits, dim=1)


class OurModel(rnn.Module):
    def __init__(self, vocab=9, emb=4, hidden=6):
        super().__init__()
        self.embed = rnn.Embedding(vocab, emb, padding_idx=PAD)
        self.encoder = rnn.LSTM(emb, hidden, batch_first=True)
        self.W = rnn.Readout(hidden, hidden, bias=False)
        self.U = rnn.Readout(hidden, hidden)
        self.v = rnn.Readout(hidden, 1, bias=False)
        self.cell = rnn.LSTMCell(emb + hidden, hidden, recurrent_bias=True)
        self.out = rnn.Readout(2 * hidden, vocab)

    def attend(self, s, hs, mask):
        e = self.v(np.tanh(self.W(s)[:, None] + self.U(hs)))[..., 0]
        alpha = tg.softmax(np.where(mask, e, -np.inf), axis=1)
        return (alpha[..., None] * hs).sum(1), alpha

    def forward(self, source, target):
        mask = source != PAD
        hs, (h, c) = self.encoder(self.embed(source))
        h, c = h[0], c[0]
        y = np.full((len(source),), START)
        logits = []
        for t in range(target.shape[1]):
            context, _ = self.attend(h, hs, mask)
            h, c = self.cell((h, c), np.concatenate([self.embed(y), context], axis=1))
            logits.append(self.out(np.concatenate([h, context], axis=1)))
            y = target[:, t]
        return np.stack(logits, axis=1)


def theirs(model):
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.1)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0.05)
    source, target = torch.tensor(SOURCES), torch.tensor(TARGETS)
    losses, rates = [], []
    for _ in range(UPDATES):
        logits = model(source, target)
        loss = F.cross_entropy(logits.reshape(-1, 9), target.reshape(-1), ignore_index=PAD)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        plateau.step(loss.item())
        losses.append(loss.item())
        rates.append(optimizer.param_groups[0]["lr"])
    return losses, rates


def ours(model, compile=lambda f: f):
    plateau = rnn.ReduceLROnPlateau(0.02, factor=0.5, patience=0, threshold=0.05)
    optimizer = rnn.AdamW(model.parameters(), lr=plateau, weight_decay=0.1)
    source, target = SOURCES, TARGETS
    losses, rates = [], []

    @compile
    def loss_of(source, target):
        logits = model(source, target)
        return rnn.cross_entropy(logits.reshape(-1, 9), target.reshape(-1), ignore_index=PAD)

    for _ in range(UPDATES):
        loss = loss_of(source, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        plateau.step(loss.item())
        losses.append(loss.item())
        rates.append(optimizer.rate)
    return losses, rates


def models():
    torch.manual_seed(0)
    their_model = TheirModel().double()
    our_model = OurModel()
    our_model.load_state_dict(their_model.state_dict())
    return their_model, our_model

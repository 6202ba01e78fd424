"""A classifier of sequences of unequal length: packed, both directions, two GRU layers, class weights, RMSprop."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

import rnn
import tinygraph as tg

EPOCHS, SIZE = 4, 3
RNG = np.random.default_rng(0)
SEQUENCES = [RNG.integers(1, 12, RNG.integers(2, 9)) for _ in range(10)]
LABELS = np.array([int(sequence.sum() % 3) for sequence in SEQUENCES])
WEIGHTS = np.array([1.0, 2.0, 0.5])


class TheirModel(nn.Module):
    def __init__(self, vocab=12, emb=5, hidden=6, classes=3):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb, padding_idx=0)
        self.gru = nn.GRU(emb, hidden, num_layers=2, bidirectional=True, batch_first=True)
        self.drop = nn.Dropout(0.0)
        self.out = nn.Linear(4 * hidden, classes)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        packed, h_n = self.gru(packed)
        output, lengths = pad_packed_sequence(packed, batch_first=True)
        mean = output.sum(1) / lengths[:, None]
        return self.out(self.drop(torch.cat([h_n[-2], h_n[-1], mean], dim=-1)))


class OurModel(rnn.Module):
    def __init__(self, vocab=12, emb=5, hidden=6, classes=3):
        super().__init__()
        self.emb = rnn.Embedding(vocab, emb, padding_idx=0)
        self.gru = rnn.GRU(emb, hidden, num_layers=2, bidirectional=True, batch_first=True)
        self.drop = rnn.Dropout(0.0)
        self.out = rnn.Readout(4 * hidden, classes)

    def forward(self, x, lengths):
        packed = rnn.pack_padded_sequence(self.emb(x), lengths, batch_first=True, enforce_sorted=False)
        packed, h_n = self.gru(packed)
        output, lengths = rnn.pad_packed_sequence(packed, batch_first=True)
        mean = output.sum(1) / lengths[:, None]
        return self.out(self.drop(np.concatenate([h_n[-2], h_n[-1], mean], axis=-1)))


def theirs(model):
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01, momentum=0.5)
    losses = []
    for _ in range(EPOCHS):
        model.train()
        for start in range(0, len(SEQUENCES), SIZE):
            batch = [torch.tensor(sequence) for sequence in SEQUENCES[start : start + SIZE]]
            x, lengths = pad_sequence(batch, batch_first=True), [len(sequence) for sequence in batch]
            loss = F.cross_entropy(
                model(x, lengths), torch.tensor(LABELS[start : start + SIZE]), weight=torch.tensor(WEIGHTS)
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        x, lengths = pad_sequence(list(map(torch.tensor, SEQUENCES)), batch_first=True), list(map(len, SEQUENCES))
        correct = (model(x, lengths).argmax(-1).numpy() == LABELS).mean()
    return losses, correct


def ours(model, compile=lambda f: f):
    optimizer = rnn.RMSprop(model.parameters(), lr=0.01, momentum=0.5)
    loss_of = compile(lambda x, lengths, y, weight: rnn.cross_entropy(model(x, lengths), y, weight=weight))
    losses = []
    for _ in range(EPOCHS):
        model.train()
        for start in range(0, len(SEQUENCES), SIZE):
            batch = SEQUENCES[start : start + SIZE]
            x, lengths = rnn.pad(batch)
            loss = loss_of(x.T, lengths, LABELS[start : start + SIZE], WEIGHTS)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    model.eval()
    with tg.no_grad():
        x, lengths = rnn.pad(SEQUENCES)
        correct = rnn.accuracy(model(x.T, lengths), LABELS)
    return losses, correct


def models():
    torch.manual_seed(0)
    their_model = TheirModel().double()
    our_model = OurModel()
    our_model.load_state_dict(their_model.state_dict())
    return their_model, our_model

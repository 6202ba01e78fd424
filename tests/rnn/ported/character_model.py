"""A character language model over two LSTM layers: state carried on, clipping, a cosine schedule, a text written."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import rnn
import tinygraph as tg

TEXT = "the cat sat on the mat. the dog sat on the log. the cat saw the dog. " * 4
CHARS = sorted(set(TEXT))
V, T, N, UPDATES = len(CHARS), 9, 4, 12
DATA = np.array([CHARS.index(c) for c in TEXT])[: N * (len(TEXT) // N)].reshape(N, -1)


class TheirModel(nn.Module):
    def __init__(self, vocab, emb=6, hidden=10, layers=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, emb)
        self.lstm = nn.LSTM(emb, hidden, num_layers=layers, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.fc = nn.Linear(hidden, vocab)

    def forward(self, x, state=None):
        output, state = self.lstm(self.embed(x), state)
        return self.fc(self.norm(output)), state


class OurModel(rnn.Module):
    def __init__(self, vocab, emb=6, hidden=10, layers=2):
        super().__init__()
        self.embed = rnn.Embedding(vocab, emb)
        self.lstm = rnn.LSTM(emb, hidden, num_layers=layers, batch_first=True)
        self.norm = rnn.LayerNorm(hidden)
        self.fc = rnn.Readout(hidden, vocab)

    def forward(self, x, state=None):
        output, state = self.lstm(self.embed(x), state)
        return self.fc(self.norm(output)), state


def theirs(model):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=UPDATES)
    losses, norms, state = [], [], None
    for update in range(UPDATES):
        start = update % 5 * T
        x, y = torch.tensor(DATA[:, start : start + T]), torch.tensor(DATA[:, start + 1 : start + T + 1])
        optimizer.zero_grad()
        logits, state = model(x, state)
        state = tuple(s.detach() for s in state)
        loss = F.cross_entropy(logits.reshape(-1, V), y.reshape(-1), label_smoothing=0.1)
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), 0.5).item())
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    text, state = [0], None
    model.eval()
    with torch.no_grad():
        for _ in range(20):
            logits, state = model(torch.tensor([[text[-1]]]), state)
            text.append(logits[0, -1].argmax().item())
    return losses, norms, text[1:]


def ours(model, compile=lambda f: f):
    optimizer = rnn.Adam(model.parameters(), lr=rnn.cosine_decay(0.02, UPDATES))
    losses, norms, state = [], [], None

    @compile
    def step(x, y, state):
        logits, state = model(x, state)
        loss = rnn.cross_entropy(logits.reshape(-1, V), y.reshape(-1), label_smoothing=0.1)
        return loss, tuple(s.detach() for s in state)

    for update in range(UPDATES):
        start = update % 5 * T
        x, y = DATA[:, start : start + T], DATA[:, start + 1 : start + T + 1]
        optimizer.zero_grad()
        loss, state = step(x, y, state)
        loss.backward()
        norms.append(rnn.clip_grad_norm(model.parameters(), 0.5))
        optimizer.step()
        losses.append(loss.item())
    text, state = [0], None
    model.eval()
    with tg.no_grad():
        for _ in range(20):
            logits, state = model([[text[-1]]], state)
            text.append(logits[0, -1].data.argmax().item())
    return losses, norms, text[1:]


def models():
    torch.manual_seed(0)
    their_model = TheirModel(V).double()
    our_model = OurModel(V)
    our_model.load_state_dict(their_model.state_dict())
    return their_model, our_model

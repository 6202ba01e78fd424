#!/usr/bin/env python
"""Sentiment-ish classification of variable-length sequences: nn.GRU with packed sequences, a DataLoader
with collate_fn, argparse, a scheduler and a validation loop."""
import argparse

import torch
from torch import nn, optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset


class ToyReviews(Dataset):
    """Sequences of token ids; the label says whether 'good' tokens (< 10) outnumber the others."""

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.items = []
        for _ in range(n):
            length = int(torch.randint(3, 12, (1,), generator=g))
            tokens = torch.randint(1, 20, (length,), generator=g)
            self.items.append((tokens, float((tokens < 10).float().mean() > 0.5)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    tokens, labels = zip(*batch)
    lengths = torch.tensor([len(t) for t in tokens])
    return pad_sequence(tokens, batch_first=True, padding_value=0), lengths, torch.tensor(labels)


class GRUClassifier(nn.Module):
    def __init__(self, vocab, emb_dim, hidden_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb_dim, padding_idx=0)
        self.rnn = nn.GRU(emb_dim, hidden_dim, batch_first=True)
        self.fc = nn.Sequential(nn.Linear(2 * hidden_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 1))

    def forward(self, x, lengths):
        embedded = self.embedding(x)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed_out, h_n = self.rnn(packed)
        out, out_lengths = pad_packed_sequence(packed_out, batch_first=True)
        mask = (torch.arange(out.size(1))[None, :] < out_lengths[:, None]).unsqueeze(-1)
        mean = (out * mask).sum(dim=1) / out_lengths.unsqueeze(-1)
        return self.fc(torch.cat([h_n[-1], mean], dim=-1)).squeeze(-1)


def run_epoch(model, loader, criterion, optimizer=None):
    training = optimizer is not None
    model.train(training)
    total, correct, n = 0.0, 0, 0
    with torch.set_grad_enabled(training):
        for x, lengths, y in loader:
            logits = model(x, lengths)
            loss = criterion(logits, y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(y)
            correct += ((logits > 0) == (y > 0.5)).sum().item()
            n += len(y)
    return total / n, correct / n


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--hidden", type=int, default=12)
    parser.add_argument("--lr", type=float, default=1e-2)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    train_loader = DataLoader(ToyReviews(40, 0), batch_size=args.batch_size, shuffle=True, collate_fn=collate)
    valid_loader = DataLoader(ToyReviews(16, 1), batch_size=args.batch_size, collate_fn=collate)
    model = GRUClassifier(20, 8, args.hidden)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = optim.RMSprop(model.parameters(), lr=args.lr)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.8)

    for epoch in range(args.epochs):
        train_loss, train_acc = run_epoch(model, train_loader, criterion, optimizer)
        valid_loss, valid_acc = run_epoch(model, valid_loader, criterion)
        scheduler.step()
        print(f"epoch {epoch} | train {train_loss:.4f} {train_acc:.2f} | valid {valid_loss:.4f} {valid_acc:.2f}")
    print(f"last loss {train_loss:.6f}")


if __name__ == "__main__":
    main()

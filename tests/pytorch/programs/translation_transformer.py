"""`nn.Transformer` with masks, a generator on top, a schedule for the learning rate."""

import torch
import torch.nn as nn

torch.manual_seed(0)


class Seq2SeqTransformer(nn.Module):
    def __init__(self, d=8, vocab=9):
        super().__init__()
        self.transformer = nn.Transformer(d, 2, 1, 1, 16, dropout=0.1)
        self.generator = nn.Linear(d, vocab)
        self.src_tok_emb, self.tgt_tok_emb = nn.Embedding(vocab, d), nn.Embedding(vocab, d)

    def forward(self, src, trg, tgt_mask, src_padding_mask, tgt_padding_mask):
        src_emb, tgt_emb = self.src_tok_emb(src), self.tgt_tok_emb(trg)
        outs = self.transformer(
            src_emb, tgt_emb, None, tgt_mask, None, src_padding_mask, tgt_padding_mask, src_padding_mask
        )
        return self.generator(outs)


model = Seq2SeqTransformer()
for p in model.parameters():
    if p.dim() > 1:
        nn.init.xavier_uniform_(p)
optimizer = torch.optim.Adam(model.parameters(), lr=0.0001, betas=(0.9, 0.98), eps=1e-9)
for _ in range(2):
    src, tgt = torch.randint(1, 9, (5, 3)), torch.randint(1, 9, (6, 3))
    src[3:, 1] = 0
    tgt_input = tgt[:-1]
    mask = torch.triu(torch.ones(5, 5), diagonal=1).bool()
    logits = model(src, tgt_input, mask, (src == 0).transpose(0, 1), (tgt_input == 0).transpose(0, 1))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), tgt[1:].reshape(-1))
    loss.backward()
    optimizer.step()
    print(loss.item())

"""Word-level language model: truncated BPTT with detached hidden state, gradient accumulation over windows, autocast
to bfloat16 on the CPU, an exponential moving average of the weights, checkpoint save/load through a BytesIO."""
import contextlib
import copy
import io

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(99)
BPTT, BATCH, ACCUM, V, H = 6, 4, 2, 18, 16
USE_AMP = True


def repackage_hidden(h):
    """Wraps hidden states in new Tensors, to detach them from their history."""
    if isinstance(h, torch.Tensor):
        return h.detach()
    else:
        return tuple(repackage_hidden(v) for v in h)


class RNNModel(nn.Module):
    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, dropout=0.2, tie_weights=True):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp)
        self.rnn_type, self.nhid, self.nlayers = rnn_type, nhid, nlayers
        self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers, dropout=dropout)
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            if nhid != ninp:
                raise ValueError("When using the tied flag, nhid must be equal to emsize")
            self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)

    def forward(self, input, hidden):
        emb = self.drop(self.encoder(input))
        output, hidden = self.rnn(emb, hidden)
        return self.decoder(self.drop(output)), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        if self.rnn_type == "LSTM":
            return (weight.new_zeros(self.nlayers, bsz, self.nhid), weight.new_zeros(self.nlayers, bsz, self.nhid))
        return weight.new_zeros(self.nlayers, bsz, self.nhid)


def amp():
    return torch.autocast(device_type="cpu", dtype=torch.bfloat16) if USE_AMP else contextlib.nullcontext()


corpus = (torch.arange(400) * 7 // 3) % V
stream = corpus[: 400 // BATCH * BATCH].view(BATCH, -1).t().contiguous()

for rnn_type in ("LSTM", "GRU"):
    model = RNNModel(rnn_type, V, H, H, 2)
    ema = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
    hidden = model.init_hidden(BATCH)
    optimizer.zero_grad()
    updates = 0
    for k, i in enumerate(range(0, 8 * BPTT, BPTT)):
        data, target = stream[i : i + BPTT], stream[i + 1 : i + 1 + BPTT]
        hidden = repackage_hidden(hidden)
        with amp():
            output, hidden = model(data, hidden)
            loss = F.cross_entropy(output.view(-1, V), target.reshape(-1)) / ACCUM
        loss.backward()
        if (k + 1) % ACCUM == 0:
            nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            optimizer.step()
            optimizer.zero_grad()
            updates += 1
            with torch.no_grad():
                for e, p in zip(ema.parameters(), model.parameters()):
                    e.lerp_(p, 0.1)
            print(f"{rnn_type} update {updates}: loss {loss.item() * ACCUM:.4f} dtype {output.dtype}")

    blob = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "updates": updates}, blob)
    blob.seek(0)
    state = torch.load(blob, weights_only=True)
    model.load_state_dict(state["model"])

print("last loss", loss.item() * ACCUM)

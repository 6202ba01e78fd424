import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)

text = (
    "it was the best of times, it was the worst of times, it was the age of wisdom, "
    "it was the age of foolishness, it was the epoch of belief, it was the epoch of incredulity, "
) * 3
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
itos = {i: c for c, i in stoi.items()}
data = torch.tensor([stoi[c] for c in text])

# hyperparameters
batch_size = 4
block_size = 16
hidden = 32
n_layers = 2
lr = 3e-3
device = "cuda" if torch.cuda.is_available() else "cpu"


def get_batch():
    ix = torch.randint(len(data) - block_size - 1, (batch_size,))
    x = torch.stack([data[i : i + block_size] for i in ix])
    y = torch.stack([data[i + 1 : i + block_size + 1] for i in ix])
    return x.to(device), y.to(device)


class CharLSTM(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.emb = nn.Embedding(vocab, hidden)
        self.lstm = nn.LSTM(hidden, hidden, n_layers, dropout=0.1, batch_first=True)
        self.head = nn.Linear(hidden, vocab)

    def forward(self, idx, state=None, targets=None):
        out, state = self.lstm(self.emb(idx), state)
        logits = self.head(out)
        loss = None
        if targets is not None:
            B, T, C = logits.shape
            loss = F.cross_entropy(logits.view(B * T, C), targets.view(B * T))
        return logits, state, loss

    @torch.no_grad()
    def generate(self, prompt, n, temperature=0.8):
        self.eval()
        idx = torch.tensor([[stoi[c] for c in prompt]], device=device)
        out, state = list(prompt), None
        for _ in range(n):
            logits, state, _ = self(idx, state)
            probs = F.softmax(logits[:, -1] / temperature, dim=-1)
            idx = torch.multinomial(probs, 1)
            out.append(itos[idx.item()])
        self.train()
        return "".join(out)


model = CharLSTM(len(chars)).to(device)
opt = torch.optim.AdamW(model.parameters(), lr=lr)
print(sum(p.numel() for p in model.parameters()) / 1e3, "K parameters")

for step in range(10):
    xb, yb = get_batch()
    _, _, loss = model(xb, targets=yb)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 5 == 0:
        print(f"step {step}: loss {loss.item():.4f}")

print(repr(model.generate("it was ", 30)))
print(f"final loss {loss.item():.6f}")

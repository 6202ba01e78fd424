# a bag of things people do: in-place ops, index_add_, weight tying, weight_norm and spectral_norm (parametrizations), clipping
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_, parameters_to_vector
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

torch.manual_seed(123)
V, D, N = 15, 10, 9


class MessagePassing(nn.Module):
    """mean over incoming edges with index_add_"""

    def __init__(self, d):
        super().__init__()
        self.msg = weight_norm(nn.Linear(2 * d, d))
        self.upd = nn.GRUCell(d, d)

    def forward(self, x, edges):
        src, dst = edges
        m = F.elu(self.msg(torch.cat([x[src], x[dst]], -1)))
        agg = torch.zeros_like(x)
        agg.index_add_(0, dst, m)
        deg = torch.zeros(x.size(0)).index_add_(0, dst, torch.ones(dst.numel()))
        agg /= deg.clamp(min=1).unsqueeze(-1)
        return self.upd(agg, x)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(V, D)
        self.mp = MessagePassing(D)
        self.mid = spectral_norm(nn.Linear(D, D), n_power_iterations=1)
        self.out = nn.Linear(D, V)
        self.out.weight = self.emb.weight          # tied
        self.register_buffer("running", torch.zeros(D))
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, tokens, edges):
        x = self.emb(tokens)
        x = x + 0.
        x[tokens == 0] = 0                          # "pad" nodes: masked assignment, in place
        for _ in range(2):
            x = self.mp(x, edges)
        h = self.mid(x)
        h += x                                      # residual, in place
        h *= self.scale
        h[:, ::2].mul_(0.5)                         # through a view
        h[0].add_(x.mean(0))
        with torch.no_grad():
            self.running.mul_(0.9).add_(h.mean(0), alpha=0.1)
        h = h - self.running
        h.relu_()
        return self.out(h)


model = Model()
named = dict(model.named_parameters())
print(len(named), "parameter tensors,", sum(p.numel() for p in named.values()), "numbers")
opt = torch.optim.Adagrad(model.parameters(), lr=0.05)

for it in range(10):
    tokens = torch.randint(0, V, (N,))
    edges = torch.randint(0, N, (2, 20))
    target = (tokens + 1) % V
    logits = model(tokens, edges)
    buf = torch.empty(N)
    for i in range(N):                              # filling a preallocated buffer one by one
        buf[i] = F.cross_entropy(logits[i : i + 1], target[i : i + 1])
    loss = buf.mean()
    loss += 1e-3 * parameters_to_vector(model.mid.parameters()).pow(2).sum()
    for p in model.parameters():
        p.grad = None
    loss.backward()
    total = clip_grad_norm_(model.parameters(), max_norm=1.0, norm_type=2)
    for p in model.parameters():                    # noise on the gradient, by hand
        if p.grad is not None:
            p.grad += 0.001 * torch.randn_like(p.grad)
    opt.step()
    if it % 3 == 0:
        print(it, round(loss.item(), 4), "grad norm", round(float(total), 4))

assert model.out.weight is model.emb.weight
print("last loss", loss.item())

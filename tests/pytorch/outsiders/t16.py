"""LayerNorm-LSTM, research style: ParameterList, ParameterDict, einsum with an ellipsis, type aliases, recurrent dropout
mask per sequence, a two-level module, hooks that log the gradient norms of the hidden states."""
from __future__ import annotations

import logging
import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("lnlstm")


class State(NamedTuple):
    h: Tensor
    c: Tensor


def layer_norm(x: Tensor, g: Tensor, b: Tensor | None = None, eps: float = 1e-5) -> Tensor:
    mu = x.mean(-1, keepdim=True)
    var = x.var(-1, keepdim=True, unbiased=False)
    y = (x - mu) * torch.rsqrt(var + eps) * g
    return y if b is None else y + b


class LNLSTMCell(nn.Module):
    def __init__(self, d_in: int, d: int) -> None:
        super().__init__()
        # [4, d, d_in]: gate-major, contracted by einsum
        self.W = nn.Parameter(torch.randn(4, d, d_in) / math.sqrt(d_in))
        self.U = nn.Parameter(torch.stack([torch.linalg.qr(torch.randn(d, d))[0] for _ in range(4)]))
        self.bias = nn.ParameterList([nn.Parameter(torch.full((d,), float(k == 1))) for k in range(4)])
        self.ln = nn.ParameterDict({k: nn.Parameter(torch.ones(4, d)) for k in ("x", "h")})
        self.ln_c = nn.Parameter(torch.stack([torch.ones(d), torch.zeros(d)]))

    def forward(self, x: Tensor, s: State, mask: Tensor) -> State:
        zx = layer_norm(torch.einsum("gdi,...i->...gd", self.W, x), self.ln["x"])
        zh = layer_norm(torch.einsum("gde,...e->...gd", self.U, s.h), self.ln["h"])
        z = zx + zh + torch.stack(tuple(self.bias))
        i, f, o, g = z.unbind(dim=-2)
        c = torch.sigmoid(f) * s.c + torch.sigmoid(i) * torch.tanh(g) * mask
        h = torch.sigmoid(o) * torch.tanh(layer_norm(c, *self.ln_c))
        return State(h, c)


class Stack(nn.Module):
    def __init__(self, d_in: int, d: int, n: int, d_out: int, p: float = 0.1) -> None:
        super().__init__()
        self.cells = nn.ModuleList(LNLSTMCell(d_in if k == 0 else d, d) for k in range(n))
        self.readout = nn.ParameterList([torch.randn(d, d_out) / math.sqrt(d) for _ in range(n)])
        self.p = p
        self.h0 = nn.Parameter(torch.zeros(n, 2, d))
        self.norms: list[float] = []

    def forward(self, x: Tensor) -> Tensor:
        B, T, _ = x.shape
        states = [State(*self.h0[k][:, None].expand(2, B, -1)) for k in range(len(self.cells))]
        masks = [torch.bernoulli(torch.full_like(s.h, 1 - self.p)).div_(1 - self.p) if self.training else torch.ones_like(s.h) for s in states]
        ys = []
        for t in range(T):
            inp = x[:, t]
            y = 0.0
            for k, (cell, m) in enumerate(zip(self.cells, masks)):
                states[k] = cell(inp, states[k], m)
                inp = states[k].h
                y = y + inp @ self.readout[k]
            if inp.requires_grad:
                inp.register_hook(lambda g: self.norms.append(g.norm().item()))
            ys.append(y)
        return torch.stack(ys, 1)


def adding_problem(B: int, T: int, gen: torch.Generator) -> tuple[Tensor, Tensor]:
    v = torch.rand(B, T, generator=gen)
    m = torch.zeros(B, T)
    m.scatter_(1, torch.stack([torch.randperm(T, generator=gen)[:2] for _ in range(B)]), 1.0)
    return torch.stack([v, m], -1), (v * m).cumsum(1).unsqueeze(-1)


def main() -> float:
    torch.manual_seed(17)
    gen = torch.Generator().manual_seed(18)
    model = Stack(2, 8, 2, 1)
    opt = torch.optim.Adam([{"params": model.cells.parameters()}, {"params": [*model.readout, model.h0], "lr": 3e-2}], lr=1e-2)
    loss = torch.tensor(float("nan"))
    for step in range(8):
        x, y = adding_problem(6, 7, gen)
        loss = ((model(x) - y) ** 2).mean()
        opt.zero_grad()
        model.norms.clear()
        loss.backward()
        opt.step()
        log.info("step %d loss %.5f |dL/dh| first %.2e last %.2e", step, loss.item(), model.norms[-1], model.norms[0])
    return loss.item()


if __name__ == "__main__":
    print("last loss", main())

"""What recording costs: a training step recorded beside the same step alone."""

import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

import tinygraph.pytorch

T, I, H = 100, 20, 64


class Loop(nn.Module):
    """A cell in a loop of the program's own."""

    def __init__(self, cell: nn.Module):
        super().__init__()
        self.cell, self.out = cell, nn.Linear(H, 5)

    def forward(self, xs: torch.Tensor) -> torch.Tensor:
        state = None
        for x in xs:
            state = self.cell(x, state)
        return self.out(state[0] if isinstance(state, tuple) else state)


class ByHand(nn.Module):
    """A cell of linear maps and a tanh."""

    def __init__(self) -> None:
        super().__init__()
        self.W, self.U, self.out = nn.Linear(H, H), nn.Linear(I, H, bias=False), nn.Linear(H, 5)

    def forward(self, xs: torch.Tensor) -> torch.Tensor:
        h = torch.zeros(xs.shape[1], H)
        for x in xs:
            h = torch.tanh(self.W(h) + self.U(x))
        return self.out(h)


class Layer(nn.Module):
    """A recurrent layer of torch's."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer, self.out = layer, nn.Linear(H, 5)

    def forward(self, xs: torch.Tensor) -> torch.Tensor:
        return self.out(self.layer(xs)[0][-1])


MODELS: dict[str, Callable[[], nn.Module]] = {
    "by hand": ByHand,
    **{kind.__name__: (lambda kind=kind: Loop(kind(I, H))) for kind in (nn.RNNCell, nn.LSTMCell, nn.GRUCell)},
    **{kind.__name__: (lambda kind=kind: Layer(kind(I, H))) for kind in (nn.RNN, nn.LSTM, nn.GRU)},
}


def main() -> None:
    torch.set_num_threads(1)
    print(f"{'T = 100, I = 20, H = 64':26}{'alone ms':>10}{'recorded':>10}{'×':>7}")
    for n in (1, 32):
        for name, make in MODELS.items():
            model, x, y = make(), torch.randn(T, n, I), torch.randint(0, 5, (n,))

            def step(model: nn.Module = model, x: torch.Tensor = x, y: torch.Tensor = y) -> None:
                model.zero_grad()
                F.cross_entropy(model(x), y).backward()

            alone = _best(step)
            with tinygraph.pytorch.record(model):
                recorded = _best(step)
            print(f"N = {n:<4}{name:18}{1e3 * alone:10.2f}{1e3 * recorded:10.2f}{recorded / alone:7.2f}", flush=True)


def _best(step: Callable[[], None], times: int = 15) -> float:
    seconds = []
    for _ in range(times):
        began = time.process_time()
        step()
        seconds.append(time.process_time() - began)
    return min(seconds)

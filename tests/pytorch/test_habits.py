"""Programs with the habits of torch users: written in place, through views, with own functions, transformed."""

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

from tests.pytorch.checking import agreement  # noqa: E402

EXACT, ROUNDED, NARROW = 0.0, 1e-6, 2e-2


class Parts(nn.Module):
    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)


def in_place():
    model, x = Parts(a=nn.Linear(3, 4)), torch.randn(5, 3)

    def compute():
        h = model.a(x)
        h += 1
        h.sigmoid_()
        table = torch.zeros(5, 4, 2)
        table[:, :, 0] = h
        table[:, :, 1] = h * h
        table[0] = 0.0
        return table.pow(2).sum()

    return model, compute


def through_views():
    model, x = Parts(a=nn.Linear(3, 4)), torch.randn(5, 3)

    def compute():
        h = model.a(x) * 1.0
        row, turned = h[1], h.t()
        row.mul_(3)
        before = torch.tanh(h)
        part = turned[2]
        part += 1
        return (before * h).sum() + (row * row).sum() + turned.exp().mean()

    return model, compute


def filled_outputs():
    model, x = Parts(cell=nn.RNNCell(3, 4), out=nn.Linear(4, 2)), torch.randn(6, 2, 3)

    def compute():
        h, outputs = torch.zeros(2, 4), torch.zeros(6, 2, 2)
        for t in range(6):
            h = model.cell(x[t], h)
            outputs[t] = model.out(h)
        return outputs.log_softmax(-1)[..., 0].mean()

    return model, compute


def dropped_and_detached():
    model, x = Parts(a=nn.Linear(3, 4), drop=nn.Dropout(0.5), b=nn.Linear(4, 4)), torch.randn(5, 3)

    def compute():
        h = torch.zeros(5, 4)
        for t in range(4):
            h = torch.tanh(model.drop(model.a(x)) + model.b(h))
            if t == 1:
                h = h.detach()
        return (h**2).mean()

    return model, compute


def convolution():
    layers = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten()
    model, x = nn.Sequential(*layers, nn.Linear(27, 4)), torch.randn(4, 1, 8, 8)
    return model, lambda: F.cross_entropy(model(x), torch.arange(4))


def checkpointed():
    model, x = Parts(a=nn.Linear(3, 3)), torch.randn(5, 3)

    def compute():
        h = x
        for _ in range(3):
            h = checkpoint(lambda z: torch.tanh(model.a(z)), h, use_reentrant=False)
        return h.sum()

    return model, compute


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


def custom_function():
    model, x = Parts(a=nn.Linear(3, 3)), torch.randn(5, 3)
    return model, lambda: Cube.apply(torch.tanh(model.a(Cube.apply(model.a(x))))).mean()


def parametrized(wrap):
    model, x = Parts(a=wrap(nn.Linear(3, 3))), torch.randn(5, 3)
    return model, lambda: torch.tanh(model.a(model.a(x))).mean()


def spectral_norm():
    return parametrized(nn.utils.parametrizations.spectral_norm)


def weight_norm():
    return parametrized(nn.utils.parametrizations.weight_norm)


def bfloat16():
    model, x = Parts(a=nn.Linear(3, 3)).bfloat16(), torch.randn(5, 3).bfloat16()
    return model, lambda: torch.tanh(model.a(model.a(x))).mean()


def mixed_precision():
    model, x = Parts(a=nn.Linear(3, 3)), torch.randn(5, 3)

    def compute():
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return torch.tanh(model.a(model.a(x))).float().mean()

    return model, compute


def transformer_layer():
    model, x = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1), torch.randn(5, 2, 8)
    return model, lambda: model(x).pow(2).mean()


def transformer_stack():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    model, x = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), torch.randn(2, 5, 8)
    return model, lambda: model(x).pow(2).mean()


def inner_gradients():
    model, x, y = Parts(a=nn.Linear(3, 1)), torch.randn(5, 3), torch.randn(5, 1)

    def compute():
        w, b = model.a.weight, model.a.bias
        for _ in range(2):
            inner = F.mse_loss(F.linear(x, w, b), y)
            of_w, of_b = torch.autograd.grad(inner, (w, b), create_graph=True)
            w, b = w - 0.1 * of_w, b - 0.1 * of_b
        return F.mse_loss(F.linear(x, w, b), y)

    return model, compute


def functional_gradients():
    model, x, y = Parts(a=nn.Linear(3, 1)), torch.randn(5, 3), torch.randn(5, 1)
    model.forward = lambda z: model.a(z)

    def compute():
        weights = dict(model.named_parameters())
        loss = lambda w: F.mse_loss(torch.func.functional_call(model, w, (x,)), y)
        gradients = torch.func.grad(loss)(weights)
        adapted = {name: w - 0.1 * gradients[name] for name, w in weights.items()}
        return F.mse_loss(torch.func.functional_call(model, adapted, (x,)), y)

    return model, compute


def mapped():
    model, x = Parts(a=nn.Linear(3, 1)), torch.randn(5, 3)
    return model, lambda: torch.func.vmap(lambda row: torch.tanh(model.a(row)))(x).sum()


def gradient_penalty():
    model, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)), torch.randn(5, 3, requires_grad=True)

    def compute():
        d = model(x)
        (g,) = torch.autograd.grad(d.sum(), x, create_graph=True)
        return d.mean() + ((g.norm(dim=1) - 1) ** 2).mean()

    return model, compute


def many_functions():
    model, x = Parts(a=nn.Linear(4, 4)), torch.randn(5, 4)

    def compute():
        h = model.a(x)
        first, second = h.unbind(1)[:2]
        largest, where = h.max(1)
        std, mean = torch.std_mean(h, 1)
        values = (
            *(first * second, largest, h.sort(1)[0][:, 0], torch.einsum("ij,kj->ik", h, h), torch.where(h > 0, h, -h)),
            *(
                h.gather(1, where[:, None]),
                h.masked_fill(h < 0, 0.0),
                2 - h,
                1 / (h * h + 1),
                2**h,
                h.norm(),
                std,
                mean,
            ),
            *(h[[0, 2]], h[:, None].expand(5, 3, 4), F.softmax(h, 1), F.layer_norm(h, (4,)), h.cumsum(0), h.flatten()),
            *(torch.cat([h, h]), torch.logsumexp(h, 1), h.T @ h, h.clamp(-1, 1), F.pad(h, (1, 1)), h.roll(1, 0), mean),
        )
        return sum(value.mean() for value in values)

    return model, compute


PROGRAMS = {
    in_place: EXACT,
    through_views: EXACT,
    filled_outputs: EXACT,
    dropped_and_detached: EXACT,
    convolution: EXACT,
    checkpointed: EXACT,
    custom_function: EXACT,
    spectral_norm: EXACT,
    weight_norm: EXACT,
    bfloat16: NARROW,
    mixed_precision: NARROW,
    transformer_layer: ROUNDED,
    transformer_stack: ROUNDED,
    inner_gradients: ROUNDED,
    functional_gradients: ROUNDED,
    mapped: ROUNDED,
    gradient_penalty: EXACT,
    many_functions: ROUNDED,
}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_contributions_add_up_to_torchs_gradients(program):
    agreed = agreement(program)
    assert agreed.parameters <= PROGRAMS[program]
    assert agreed.inside <= max(PROGRAMS[program], ROUNDED)

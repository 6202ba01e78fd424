"""Optimisers and schedules take PyTorch's steps: the same parameters after ten updates, in float64."""

import os

import numpy as np
import pytest

import rnn
import tinygraph as tg

if os.environ.get("CI"):
    import torch  # the comparison must not be skipped there
else:
    torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

CASES = {
    "sgd": (rnn.SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    "nesterov": (rnn.SGD, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "adam": (rnn.Adam, torch.optim.Adam, {"lr": 0.1, "weight_decay": 0.01}),
    "adamw": (rnn.AdamW, torch.optim.AdamW, {"lr": 0.1}),
    "rmsprop": (rnn.RMSprop, torch.optim.RMSprop, {}),
    "rmsprop, centred": (
        rnn.RMSprop,
        torch.optim.RMSprop,
        {"lr": 0.02, "alpha": 0.9, "eps": 1e-6, "momentum": 0.5, "centered": True, "weight_decay": 0.01},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_ten_updates(name):
    ours, theirs, options = CASES[name]
    start = np.random.default_rng(0).normal(size=(3, 4))
    w, v = tg.parameter(start, name="w"), torch.tensor(start, requires_grad=True)
    optimizer, expected = ours({"w": w}, **options), theirs([v], **options)
    for update in range(10):
        optimizer.zero_grad()
        expected.zero_grad()
        (tg.sin(w * (update + 1)) * w).sum().backward()
        (torch.sin(v * (update + 1)) * v).sum().backward()
        optimizer.step()
        expected.step()
    np.testing.assert_allclose(w.data, v.detach().numpy(), rtol=1e-9, atol=1e-11)


def torch_rates(make, epochs, *measured):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule, rates = make(optimizer), []
    for epoch in range(epochs):
        optimizer.step()
        rates.append(optimizer.param_groups[0]["lr"])
        schedule.step(*(values[epoch] for values in measured))
    return rates


def test_cosine():
    expected = torch_rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=12, eta_min=0.05), 13)
    schedule = rnn.cosine_decay(0.3, updates=12, final=0.05)
    np.testing.assert_allclose([schedule(update) for update in range(13)], expected, rtol=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 2},
        {"patience": 1, "factor": 0.5, "cooldown": 2},
        {"patience": 0, "factor": 0.5, "min_lr": 0.1},
        {"patience": 1, "mode": "max", "threshold": 0.05, "threshold_mode": "abs"},
        {"patience": 1, "mode": "max", "threshold": 0.05},
    ],
    ids=str,
)
@pytest.mark.parametrize("sign", [1, -1])
def test_plateau(options, sign):
    losses = sign * np.abs(np.random.default_rng(0).normal(size=30).cumsum() / 3)
    expected = torch_rates(lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(o, **options), 30, losses)
    plateau = rnn.ReduceLROnPlateau(0.3, **options)
    rates = []
    for loss in losses:
        rates.append(plateau(0))
        plateau.step(loss)
    np.testing.assert_allclose(rates, expected, rtol=1e-12)
    assert len(set(rates)) > 1
    again = rnn.ReduceLROnPlateau(0.3, **options)
    again.follow(losses)
    assert again(0) == plateau(0)

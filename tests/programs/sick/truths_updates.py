"""Sick updates: the recorded pass is right, and what is done with its gradients is not."""

import numpy as np

from .case import sick
from .measure import backprop, gradient_error


@sick(
    "s45_climbs",
    kind="sign error of the learning rate",
    symptom="The loss rises from the first update on.",
    mend=("p.data = p.data - velocity[name]", "p.data = p.data + velocity[name]"),
    names="velocity net",
    timesteps="none",
    reason="The velocity has its minus already: taken away once more, it climbs.",
    evidence="update",
)
def climbs(sick, healthy):
    up, down = sick.train(15), healthy.train(30)
    assert up[-1] > 2 * up[0] and down[-1] < 0.7 * down[0]
    assert gradient_error(sick.main, *sick.net.values()) < 1e-4


@sick(
    "s46_stale_gradients",
    kind="weights updated by stale gradients",
    symptom="It learns for some days, and then swings ever more.",
    mend=(
        "            w.data = w.data - rate * w.grad\n",
        "            w.data = w.data - rate * w.grad\n            w.zero_grad()\n",
    ),
    names="grad weights",
    timesteps="none",
    reason="Gradients are set to zero once, before the loop: each update adds those of all days before.",
    evidence="update",
)
def stale_gradients(sick, healthy):
    assert np.mean(sick.train()[-5:]) > 2 * np.mean(healthy.train()[-5:])
    assert gradient_error(sick.main, *sick.model.weights) < 1e-3


@sick(
    "s47_sum_over_batch",
    kind="sum over the batch in place of the mean",
    symptom="Diverges with the big batch, at the learning rate that worked with the small one.",
    mend=("return np.sum(errors) / T", "return np.mean(errors)"),
    names="errors",
    timesteps="none",
    reason="The loss, and each gradient, grows with the batch: 64 times too large.",
    evidence="intent",
)
def sum_over_batch(sick, healthy):
    assert np.isclose(sick.main().item(), 64 * healthy.main().item())
    assert np.allclose(backprop(sick.main, sick.W), 64 * backprop(healthy.main, healthy.W))
    assert not sick.train() < 1 and healthy.train() < 0.3


@sick(
    "s54_optimiser_misses",
    kind="parameters that the optimiser does not know",
    symptom="The decoder is as it was on the first day.",
    mend=("rnn.Adam(encoder, lr=0.02)", "rnn.Adam(model, lr=0.02)"),
    names="optimiser decoder",
    timesteps="none",
    reason="Only the encoder's parameters were given to the optimiser.",
    evidence="update",
)
def optimiser_misses(sick, healthy):
    for module, moves in ((sick, False), (healthy, True)):
        before = {name: p.data.copy() for name, p in module.model.parameters().items()}
        module.train(30)
        moved = [not np.array_equal(before[n], p.data) for n, p in module.model.parameters().items()]
        assert all(moved) == moves and any(moved)
    assert sick.main().item() > 1.2 * healthy.main().item()


@sick(
    "s59_nan_after_updates",
    kind="NaN in a later update: a rate that training can make negative",
    symptom="It trains for a while, and then the loss is NaN for good.",
    mend=("    return a\n", "    return tg.softplus(a)\n"),
    names="rate c v",
    reason="Nothing keeps the rate above 0; an update makes one negative, whose logarithm is NaN.",
    evidence="later",
    shows=('rate = rate_of(p["v"] @ h + p["c"])', "total = total + rate - following * np.log(rate)"),
)
def nan_after_updates(sick, healthy):
    first, after_one = sick.main(updates=0), sick.main(updates=1)
    assert np.isfinite(first.item()) and np.isfinite(after_one.item()) and np.isnan(sick.main().item())
    assert healthy.main().item() < 0.9 * healthy.main(updates=0).item()

"""Sick numbers: NaN, infinity, cancellation, and an input that is not like its neighbours."""

import numpy as np

from .case import sick
from .measure import backprop, finite, gradient_error, norm


@sick(
    "s12_entropy_zero_log",
    kind="NaN by 0 · log 0",
    symptom="The loss is NaN from the first step on; without the entropy bonus it is not.",
    mend=("np.sum(weights * np.log(weights))", "np.sum(weights * np.log(weights + 1e-12))"),
    names="weights",
    timesteps="none",
    reason="Masked positions have weight 0, whose logarithm is −∞, and 0 · ∞ is NaN.",
    evidence="values",
    shows=("return (v @ context - 1.0) ** 2 - 0.01 * entropy(weights)",),
)
def entropy_zero_log(sick, healthy):
    assert np.isnan(sick.main().item())
    states = healthy.encode()
    weights = healthy.attend(states, states[3])[0].data
    expected = -sum(w * np.log(w) for w in weights if w > 0)
    assert np.isclose(healthy.entropy(weights), expected)
    assert gradient_error(healthy.main, healthy.Wq, healthy.W) < 1e-4


@sick(
    "s13_state_change_norm",
    kind="NaN by the derivative of sqrt at 0",
    symptom="The loss is fine and the gradient is NaN.",
    mend=("np.sqrt(np.sum(v**2))", "np.sqrt(np.sum(v**2) + 1e-12)"),
    names="jumps h new",
    timesteps="1 2",
    reason="In silence h does not move; sqrt has an infinite slope at 0, which meets the 0 of the square's.",
    evidence="values",
    shows=("jumps = jumps + length(new - h)",),
)
def state_change_norm(sick, healthy):
    assert np.isclose(sick.main().item(), healthy.main().item(), rtol=1e-5)
    assert np.isnan(backprop(sick.main, sick.W)).all()
    assert gradient_error(healthy.main, healthy.W, healthy.U) < 1e-4


@sick(
    "s14_softplus_overflow",
    kind="NaN by an overflow of exp",
    symptom="NaN on this one series; all others work.",
    mend=("return np.log(1 + np.exp(x))", "return np.logaddexp(0.0, x)"),
    names="rate v h",
    timesteps="6",
    reason="After the count of 900 the exponent is over 709: exp is ∞, and ∞ − n · ∞ is NaN.",
    evidence="values",
    shows=("yield self.softplus(self.v @ h) + 1e-3", "total = total + rate - n * np.log(rate)"),
)
def softplus_overflow(sick, healthy):
    rates = [rate.item() for rate in sick.model.rates(sick.counts[:-1])]
    assert next(t for t, rate in enumerate(rates, 1) if not np.isfinite(rate)) == 6
    assert not np.isfinite(sick.main().item())
    assert np.allclose([rate.item() for rate in healthy.model.rates(sick.counts[:5])], rates[:5])
    assert gradient_error(healthy.main, healthy.model.v, healthy.model.b) < 1e-4


@sick(
    "s15_constant_column",
    kind="NaN by division by the std of a constant column",
    symptom="NaN from the first step on, on Tuesdays.",
    mend=("/ columns.std(axis=0)", "/ np.maximum(columns.std(axis=0), 1e-8)"),
    names="inputs features xs x",
    reason="The switch was not touched: its standard deviation is 0, and 0 / 0 is NaN.",
    evidence="values",
    shows=("inputs, targets = standardise(features), standardise(load)", "outputs = model(inputs)"),
)
def constant_column(sick, healthy):
    assert np.isnan(sick.main().item()) and np.isnan(sick.inputs[:, 2]).all() and finite(sick.inputs[:, :2])
    assert np.allclose(healthy.inputs[:, :2], sick.inputs[:, :2]) and not healthy.inputs[:, 2].any()
    assert finite(healthy.main().item())


@sick(
    "s16_float32_variance",
    kind="cancellation in float32",
    symptom="The normalised pressure has a standard deviation of 0.04 in place of 1; in float64 all is well.",
    mend=("return mean, np.mean(x**2) - mean**2", "return mean, np.mean((x - mean) ** 2)"),
    names="variance z",
    timesteps="none",
    reason="E[x²] and E[x]² agree in a million: their difference is all rounding.",
    evidence="values",
    shows=("return (x - mean) / np.sqrt(np.abs(variance) + f32(1e-7))",),
)
def float32_variance(sick, healthy):
    true = np.var(sick.pressure.astype(float))
    assert abs(float(sick.moments(sick.pressure)[1]) - true) > 0.5 * true
    assert abs(float(healthy.moments(healthy.pressure)[1]) - true) < 0.01 * true
    assert abs(healthy.normalised(healthy.pressure).data.std() - 1) < 0.01
    assert abs(sick.normalised(sick.pressure).data.std() - 1) > 0.5


@sick(
    "s17_float16_sum",
    kind="overflow in float16",
    symptom="The loss is inf, on the accelerator only.",
    mend=("np.sum(h * h) / HALF(h.size)", "np.sum(h * (h / HALF(h.size)))"),
    names="penalty h",
    reason="The sum of the squares passes 65504, the largest number of float16, before it is divided.",
    evidence="values",
)
def float16_sum(sick, healthy):
    assert np.isinf(sick.main().item())
    W, U, v = (p.data.astype(float) for p in sick.params)
    h, penalty = np.zeros((8, 16)), 0.0
    for frame in sick.frames.astype(float):
        h = np.maximum(h @ W.T + frame @ U.T, 0)
        penalty += np.mean(h * h)
        assert np.sum(h * h) > 65504 > np.max(h * h)
    expected = np.mean(np.maximum(1 - sick.labels * (h @ v), 0)) + 1e-3 * penalty
    assert abs(healthy.main().item() - expected) < 0.02 * expected
    assert all(finite(g) for g in backprop(healthy.main, *healthy.params))


@sick(
    "s18_outlier_units",
    kind="outlier in the input, units mixed up",
    symptom="The loss is fifty times as high as last week, and one update ruins the weights.",
    mend=("41.0", "2.05"),
    names="xs x second_scale",
    timesteps="6",
    reason="One reading is twenty times its neighbours: not in kilograms.",
    evidence="values",
    shows=("h = net.step(h, x)", "loss = loss + (net.v @ h - y) ** 2"),
)
def outlier_units(sick, healthy):
    others = np.delete(sick.xs[:, 1], 5)
    assert sick.xs[5, 1] - others.mean() > 100 * others.std()
    assert abs(healthy.xs[5, 1] - others.mean()) < 2 * others.std()
    assert sick.main().item() > 20 * healthy.main().item()
    gradients = [norm(backprop(module.main, module.net.U)) for module in (sick, healthy)]
    assert gradients[0] > 20 * gradients[1]


@sick(
    "s56_log_of_softmax",
    kind="infinity by the logarithm of an underflow",
    symptom="inf or NaN now and then, when an unlikely action was taken; worse at low temperature.",
    mend=("np.log(tg.softmax(preference))[action]", "tg.log_softmax(preference)[action]"),
    names="preference terms",
    reason="In float32 softmax underflows to 0 some 104 below the largest; its logarithm is −∞.",
    evidence="values",
    shows=("terms.append(-G * log_probability(preference, action))",),
)
def log_of_softmax(sick, healthy):
    assert not np.isfinite(sick.main().item())
    terms = []
    for o, action, G in zip(healthy.policy.preferences(healthy.observations), healthy.actions, healthy.returns):
        wide = o.data.astype(float)
        terms.append(-G * (wide[action] - wide.max() - np.log(np.sum(np.exp(wide - wide.max())))))
    assert np.isclose(healthy.main().item(), np.mean(terms), rtol=1e-4)
    assert all(finite(g) for g in backprop(healthy.main, healthy.policy.W, healthy.policy.V))


@sick(
    "s58_log_of_sigmoid",
    kind="infinity by log(1 − σ): the probability rounds to 1",
    symptom="inf as soon as the model is sure and wrong.",
    mend=(
        ("p = tg.sigmoid(logit)", "p = logit"),
        ("-(y * np.log(p) + (1 - y) * np.log(1 - p))", "y * tg.softplus(-p) + (1 - y) * tg.softplus(p)"),
    ),
    names="p logit",
    timesteps="12",
    reason="Beyond a logit of 37 σ rounds to 1, and log(1 − 1) is −∞.",
    evidence="values",
    shows=("losses = [cross_entropy(logit, y) for logit, y in zip(logits(vibration), fails)]",),
)
def log_of_sigmoid(sick, healthy):
    assert not np.isfinite(sick.main().item())
    logits = [logit.item() for logit in sick.logits(sick.vibration)]
    assert logits[-1] > 37 > max(logits[:-1])
    expected = np.mean([np.logaddexp(0, -z) if y else np.logaddexp(0, z) for z, y in zip(logits, sick.fails)])
    assert np.isclose(healthy.main().item(), expected)
    assert gradient_error(healthy.main, *healthy.parameters) < 1e-4

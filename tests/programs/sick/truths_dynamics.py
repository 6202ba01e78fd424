"""Sick dynamics: rules and wiring are right, and still no useful gradient arrives."""

import numpy as np

from .case import sick
from .measure import backprop, gradient_error, norm


@sick(
    "s08_dead_relu",
    kind="ReLU units dead for all data",
    symptom="The loss falls to the variance of the targets and stays; only the output's bias learns.",
    mend=("np.full(n_hid, -4.0)", "np.zeros(n_hid)"),
    names="h b W U V",
    reason="With a bias of −4 no unit is ever above 0, so no gradient passes any of them.",
    evidence="values",
    shows=("h = tg.relu(h @ self.W.T + x @ self.U.T + self.b)",),
)
def dead_relu(sick, healthy):
    *dead, c = backprop(sick.main, *sick.net.parameters())
    assert all(norm(g) == 0 for g in dead) and norm(c) > 0.1
    assert all(norm(g) > 1e-3 for g in backprop(healthy.main, *healthy.net.parameters()))
    assert sick.train()[-1] > np.var(sick.ys) > 2 * min(healthy.train())


@sick(
    "s09_saturated_update",
    kind="gates saturated by a huge bias",
    symptom="The state stays 0 for ever, and no parameter has a gradient.",
    mend=("np.full(size, -40.0)", "np.full(size, -2.0)"),
    names="z bz h",
    reason="σ(−40) is 4e-18: the update gate is shut, and so is its derivative.",
    evidence="values",
    shows=('z = tg.sigmoid(params["Wz"] @ x + params["Uz"] @ h + params["bz"])', "return (1 - z) * h + z * candidate"),
)
def saturated_update(sick, healthy):
    assert all(norm(g) < 1e-12 for g in backprop(sick.main, *sick.params.values(), sick.v))
    assert all(norm(g) > 1e-4 for g in backprop(healthy.main, *healthy.params.values(), healthy.v))


@sick(
    "s10_vanishing_forty",
    kind="vanishing gradient through forty steps",
    symptom="The embedding of the first symbol does not learn; accuracy stays at one half.",
    mend=("0.45 * orthogonal(H, rng)", "1.0 * orthogonal(H, rng)"),
    names="h W E",
    reason="Every step back multiplies the gradient by at most 0.45, and 0.45⁴⁰ is 1e-14.",
    evidence="values",
    shows=("h = np.tanh(h @ W.T + x @ U.T)",),
)
def vanishing_forty(sick, healthy):
    assert np.allclose(np.linalg.svd(sick.W.data)[1], 0.45)
    assert norm(backprop(sick.main, sick.E)) < 1e-12 < 1e-4 < norm(backprop(healthy.main, healthy.E))


@sick(
    "s11_exploding_radius",
    kind="exploding through the spectral radius",
    symptom="The first loss is 1e11, and one update makes NaN of everything.",
    mend=("SIZE, STEPS, RADIUS = 20, 30, 1.9", "SIZE, STEPS, RADIUS = 20, 30, 0.9"),
    names="state W",
    reason="Linear units with a spectral radius of 1.9 grow by 1.9 a step, forwards and backwards.",
    evidence="values",
    shows=(
        "state = self.W @ state + self.w_in * u",
        "return weights * RADIUS / np.abs(np.linalg.eigvals(weights)).max()",
    ),
)
def exploding_radius(sick, healthy):
    assert np.isclose(np.abs(np.linalg.eigvals(sick.model.W.data)).max(), 1.9)
    assert norm(backprop(sick.main, sick.model.W)) > 1e9 > 10 > norm(backprop(healthy.main, healthy.model.W))
    assert gradient_error(healthy.main, healthy.model.W) < 1e-4


@sick(
    "s38_attention_unscaled",
    kind="attention scores without scaling: softmax saturates",
    symptom="From the start each position looks at exactly one other, and Q and K hardly learn.",
    mend=('np.einsum("id,jd->ij", q, k)', 'np.einsum("id,jd->ij", q, k) / np.sqrt(D)'),
    names="scores Q K",
    timesteps="none",
    reason="Products over 96 features have a spread of √96 times what softmax can take.",
    evidence="values",
    shows=("return tg.softmax(scores, axis=-1)",),
)
def attention_unscaled(sick, healthy):
    alpha = [m.attention(m.params, m.states(m.params, m.xs)).data.max(axis=1) for m in (sick, healthy)]
    assert np.median(alpha[0]) > 0.97 and np.median(alpha[1]) < 0.6


@sick(
    "s40_equal_start",
    kind="all weights begin equal: the units never part",
    symptom="Eight units do no better than one.",
    mend=("return np.full(shape, 0.1)", "return np.random.default_rng(sum(shape)).normal(size=shape) * 0.5"),
    names="W u v h",
    reason="Units with equal weights have equal values and equal gradients, for ever.",
    evidence="values",
    shows=("h = np.tanh(h @ self.W.T + column[:, None] * self.u)",),
)
def equal_start(sick, healthy):
    last = [module.train() for module in (sick, healthy)]
    assert np.ptp(sick.net.u.data) < 1e-9 < 0.1 < np.ptp(healthy.net.u.data)
    assert last[0] > 0.95 and last[1] < 0.75


@sick(
    "s41_softmax_twice",
    kind="softmax applied twice",
    symptom="The loss stops at 0.74, although every answer is right.",
    mend=("return tg.softmax(logits)", "return logits"),
    names="logits",
    timesteps="none",
    reason="The loss has a softmax of its own: of probabilities it is never better than log(e + 3) − 1.",
    evidence="intent",
    shows=("return rnn.cross_entropy(model(xs), label)",),
)
def softmax_twice(sick, healthy):
    bound = np.log(np.e + 3) - 1
    assert bound < sick.fit() and healthy.fit() < 0.3 * bound


@sick(
    "s50_adapter_both_zero",
    kind="a product of two zeros: used, but multiplied by zero",
    symptom="The adapter's weights are still exactly 0 after training.",
    mend=("A = tg.parameter(np.zeros((H, R)))", "A = tg.parameter(rng.normal(size=(H, R)) * 0.3)"),
    names="A B adapted",
    timesteps="none",
    reason="The gradient of A is multiplied by B and that of B by A: with both 0, neither ever moves.",
    evidence="values",
    shows=("adapted = W + A @ B", "B = tg.parameter(np.zeros((R, H)))"),
)
def adapter_both_zero(sick, healthy):
    last = [module.tune() for module in (sick, healthy)]
    assert not sick.A.data.any() and not sick.B.data.any() and healthy.B.data.any()
    assert last[0] > 1.2 * last[1]


@sick(
    "s51_unscaled_sunspots",
    kind="inputs not scaled: tanh saturates",
    symptom="The forecast is a constant, whatever the window.",
    mend=("scale = 1.0", "scale = 100.0"),
    names="inputs xs h",
    reason="Sums over inputs of about 60 are far beyond what tanh can tell apart: h is ±1 and has no slope.",
    evidence="values",
    shows=("return rnn.mse(model(inputs), targets)", "inputs, targets = rnn.windows(series / scale, window=4)"),
)
def unscaled_sunspots(sick, healthy):
    assert sick.explained(60) < 0.3 and healthy.explained(60) > 0.9

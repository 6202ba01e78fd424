"""Sick rules: what backward computes is not the derivative of what forward computed."""

import numpy as np

from .case import sick
from .measure import assert_gradient, backprop, gradient_error


@sick(
    "s01_dropout_buffer",
    kind="state of a rule changed after the forward pass",
    symptom="With dropout it trains much worse than it should; with keep=1.0 all is well.",
    mend=("vjp=(lambda g, y, x, mask: g * self.mask, None)", "vjp=(lambda g, y, x, mask: g * mask, None)"),
    names="W U mask",
    timesteps="1 2 3 4 5",
    reason="The rule reads self.mask when backward runs; by then the buffer holds the mask of the last time step.",
    evidence="rule",
    shows=("return self.op(x, self.mask)", "h = self.drop(h, rng)"),
)
def dropout_buffer(sick, healthy):
    assert_gradient(sick.main, [sick.net.W, sick.net.U], healthy.main, [healthy.net.W, healthy.net.U])
    assert sick.main().item() == healthy.main().item()
    assert gradient_error(sick.main, sick.net.V) < 1e-4  # behind the last mask: right


@sick(
    "s02_swish_rule",
    kind="custom op with a wrong rule: a term is missing",
    symptom="Trains, but slowly, and my gradient check against differences fails for Wn and not for v.",
    mend=("return g * s\n", "return g * (s + x * s * (1 - s))\n"),
    names="n Wn Un Wz Uz",
    reason="d/dx x σ(x) is σ + x σ (1 − σ); the second term, of the product rule, is forgotten.",
    evidence="rule",
    shows=('n = swish(p["Wn"] @ h + p["Un"] @ x)', 'swish = tg.op(_swish, vjp=_swish_vjp, name="swish")'),
)
def swish_rule(sick, healthy):
    assert_gradient(sick.main, [sick.p["Wn"], sick.p["Un"]], healthy.main, [healthy.p["Wn"], healthy.p["Un"]])
    assert gradient_error(sick.main, sick.p["v"]) < 1e-4


@sick(
    "s03_gain_mean",
    kind="custom op with a wrong rule: mean in place of the sum over what was broadcast",
    symptom="The gain of my layer norm hardly moves.",
    mend=("np.mean(g * x, axis=0)", "np.sum(g * x, axis=0)"),
    names="gain",
    reason="A gain that serves N rows receives the sum of N contributions, not their mean: N = 12 times too small.",
    evidence="rule",
    shows=("return apply_gain(centred / deviation, gain)",),
)
def gain_mean(sick, healthy):
    assert_gradient(sick.main, [sick.params["gain"]], healthy.main, [healthy.params["gain"]])
    wrong, right = backprop(sick.main, sick.params["gain"]), backprop(healthy.main, healthy.params["gain"])
    assert np.allclose(right, 12 * wrong)


@sick(
    "s04_recurrent_transposed",
    kind="custom op with a wrong rule: transpose missing",
    symptom="With one time step the gradient check passes, with two it fails.",
    mend=("return W @ g", "return W.T @ g"),
    names="W U b h",
    reason="The adjoint of h in W h is Wᵀ g. Shapes agree because W is square, so nothing complains.",
    evidence="rule",
    shows=("a = recur(W, h) + U @ x + b", 'recur = tg.op(recur_forward, vjp=(recur_dW, recur_dh), name="recur")'),
)
def recurrent_transposed(sick, healthy):
    assert_gradient(sick.main, [sick.W, sick.U, sick.b], healthy.main, [healthy.W, healthy.U, healthy.b])


@sick(
    "s05_huber_sign",
    kind="custom op with a wrong rule: sign lost on one side",
    symptom="The loss stays high however long I train; with mse it trains well.",
    mend=("return g * np.where(np.abs(r) <= 1, r, 1.0)", "return g * np.where(np.abs(r) <= 1, r, np.sign(r))"),
    names="residuals W u v c",
    reason="Beyond 1 the slope is the sign of the residual; where r < −1 the rule pushes the wrong way.",
    evidence="rule",
    shows=("return np.mean(huber(np.stack(residuals)))", 'huber = tg.op(huber_value, vjp=huber_slope, name="huber")'),
)
def huber_sign(sick, healthy):
    assert_gradient(sick.main, [sick.model.W, sick.model.c], healthy.main, [healthy.model.W, healthy.model.c])
    assert sick.train() > 2 * healthy.train()

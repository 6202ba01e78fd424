"""Programs that are well: for whoever diagnoses, a word against any of them is a false alarm."""

import numpy as np

from .case import well
from .measure import backprop, gradient_error, norm, slope, trained


@well(
    "h01_frozen_embedding",
    looks="a weight without a gradient",
    line="E = tg.tensor(",
    why="It was trained elsewhere and is a tensor, not a parameter, on purpose.",
)
def frozen_embedding(module):
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 100, 0.3) < 0.25 and module.E.grad is None


@well(
    "h02_truncated_bptt",
    looks="the state is detached",
    line="h, loss = chunk(h.detach(),",
    why="Truncated back-propagation through time: once every five steps, before the chunk.",
)
def truncated_bptt(module):
    gradient, expected, h = backprop(module.main, module.u), 0.0, np.zeros(6)
    direction = np.arange(6) - 2.0
    for start in range(0, 20, 5):  # the derivative of each chunk alone, from the state where it begins
        inputs, targets = module.signal[start : start + 5], module.signal[start + 1 : start + 6]
        expected += slope(lambda a=(h, inputs, targets): module.chunk(*a)[1], module.u, direction) / 4
        h = module.chunk(h, inputs, targets)[0].data
    assert np.isclose(gradient @ direction, expected, rtol=1e-5)
    assert abs(slope(module.main, module.u, direction) - expected) > 1e-3 * abs(expected)  # it is truncated
    assert trained(module, 100, 0.1) < 0.05


@well(
    "h03_gate_nearly_closed",
    looks="a saturated gate",
    line="gate = tg.sigmoid(w_gate @ x + b_gate)",
    why="The cell has to keep its value: σ(−6) while nothing is flagged is its job.",
)
def gate_nearly_closed(module):
    assert gradient_error(module.main, *module.parameters) < 1e-4
    kept = [abs(module.recall(xs).item() - np.tanh(xs[0, 1])) for xs in module.sequences]
    assert max(kept) < 0.3 and trained(module, 20, 0.5) < 0.01


@well(
    "h04_relu_some_dead",
    looks="ReLU units without a gradient",
    line="h = tg.relu(h @ W.T + x @ U.T + b)",
    why="Four of sixteen units are silent on this batch; the others learn.",
)
def relu_some_dead(module):
    silent = backprop(module.main, module.b) == 0
    assert 1 <= silent.sum() <= 5
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 200, 1e-3) < 0.3 * np.var(module.ys)


@well(
    "h05_wide_range",
    looks="inputs over two orders of magnitude",
    line="features = np.stack([np.log(rain), rain / 20], axis=1)",
    why="Rain is like that: its logarithm is normal, without a gap or a stray value.",
)
def wide_range(module):
    z = np.sort(np.log(module.rain))
    assert np.ptp(z) > np.log(100) and np.diff(z).max() < 1.0 and np.abs((z - z.mean()) / z.std()).max() < 3
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 40, 0.1) < 0.7 * np.var(module.soil)


@well(
    "h06_short_memory",
    looks="a gradient that vanishes by the factor 0.3 a step",
    line="cell.W.data = 0.3 * cell.W.data",
    why="The target depends on the last two readings; nothing earlier should be heard.",
)
def short_memory(module):
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 300, 0.3) < 0.05 * np.var(module.change)


@well(
    "h07_tiny_gradient",
    looks="a parameter whose gradient is 1e-8, and another's 1e-6",
    line="inverse_capacitance = tg.parameter(1.02e5)",
    why="The units are such: as a share of each parameter's own size the gradients are alike.",
)
def tiny_gradient(module):
    gradients = backprop(module.main, *module.parameters)
    for parameter, gradient in zip(module.parameters, gradients):
        step = 1e-4 * float(parameter.data)
        assert np.isclose(slope(module.main, parameter, step, step=1.0), float(gradient) * step, rtol=1e-2)
    shares = [abs(float(p.data * g)) for p, g in zip(module.parameters, gradients)]
    assert max(shares) < 2 * min(shares) and min(abs(float(g)) for g in gradients) < 1e-7


@well(
    "h08_straight_through",
    looks="detached, and a gradient that is not the derivative of the loss",
    line="return soft + (hard - soft).detach()",
    why="The straight-through estimator: the sign forwards, the slope of tanh backwards.",
)
def straight_through(module):
    N, H = 24, 12
    W, U, v = (p.data for p in module.parameters)
    states, before = [np.zeros((N, H))], []
    for x in module.xs:
        before.append(states[-1] @ W.T + x @ U.T)
        states.append(np.sign(before[-1]))
    margin = module.labels * (states[-1] @ v)
    adjoint = np.outer(-module.labels / (1 + np.exp(margin)) / N, v)
    expected = np.zeros((H, H))
    for a, h in zip(before[::-1], states[-2::-1]):
        adjoint = adjoint * (1 - np.tanh(a) ** 2)
        expected += adjoint.T @ h
        adjoint = adjoint @ W
    assert np.allclose(backprop(module.main, module.W), expected)
    assert trained(module, 150, 0.3) < 0.5


@well(
    "h09_tied_weights",
    looks="one parameter under two names",
    line="self.decoder = self.embedding",
    why="Tied on purpose, as its docstring says.",
)
def tied_weights(module):
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 150, 0.3) < 0.3


@well(
    "h10_bootstrap_target",
    looks="detached",
    line="target = rewards + GAMMA * predicted[1:].detach()",
    why="The semi-gradient of TD(0): the target of an update is held fixed.",
)
def bootstrap_target(module):
    predicted = np.array([value.item() for value in module.values()])
    target = module.rewards + 0.9 * predicted[1:]

    def fixed():
        return np.mean(np.stack([(p - y) ** 2 for p, y in zip(module.values(), target)]))

    gradient, direction = backprop(module.main, module.U), np.random.default_rng(0).normal(size=(6, 3))
    assert np.isclose(np.sum(gradient * direction), slope(fixed, module.U, direction), rtol=1e-5)
    assert trained(module, 150, 0.1) < 0.2


@well(
    "h11_masked_attention",
    looks="−∞ in the recorded pass, and weights of exactly 0",
    line="scores = np.where(inside, states @ query, -np.inf)",
    why="exp(−∞) is 0, in the softmax and in its derivative.",
)
def masked_attention(module):
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 40, 0.5) < 0.3


@well(
    "h12_all_pairs",
    looks="broadcasting that enlarges both operands",
    line="margin = s[:, None] - s",
    why="Every pair is compared: the (10, 10) differences are what is wanted.",
)
def all_pairs(module):
    s = module.scores().data
    pairs = [np.logaddexp(0, s[j] - s[i]) for i in range(10) for j in range(10) if i > j]
    assert np.isclose(module.main().item(), np.mean(pairs))
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 100, 0.3) < 0.4


@well(
    "h13_rezero",
    looks="parameters without a gradient at the start: multiplied by zero",
    line="signal = signal + alpha * hs[i]",
    why="ReZero: α has a gradient, so after one update all others have one, too.",
)
def rezero(module):
    gradients = backprop(module.main, *module.parameters)
    assert all(norm(g) > 0 for g in gradients[:4]) and all(norm(g) == 0 for g in gradients[4:])
    assert gradient_error(module.main, *module.parameters[:4]) < 1e-4
    trained(module, 1, 0.1)
    assert all(norm(g) > 0 for g in backprop(module.main, *module.parameters))
    assert trained(module, 100, 0.1) < 0.2


@well(
    "h14_batch_norm",
    looks="mean and variance over the batch: an example hears the others",
    line="mean, variance = np.mean(a, axis=0), np.var(a, axis=0)",
    why="Batch normalisation is that.",
)
def batch_norm(module):
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 200, 0.1) < 0.2 * np.var(module.ys)


@well(
    "h15_shared_encoder",
    looks="the same weights in two networks",
    line="distance = np.sum((encode(left) - encode(right)) ** 2, axis=-1)",
    why="Siamese: both questions have to be encoded alike.",
)
def shared_encoder(module):
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 100, 0.3) < 0.4


@well(
    "h16_last_step_only",
    looks="inputs that are 0 for ten steps, and states without a loss",
    line="inputs = [bit] + [0.0] * BLANKS",
    why="The task is to remember through the blanks; an orthogonal W carries the gradient all the way.",
)
def last_step_only(module):
    assert gradient_error(module.main, *module.parameters) < 1e-4
    assert trained(module, 50, 0.02) < 0.1

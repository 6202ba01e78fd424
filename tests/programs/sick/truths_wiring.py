"""Sick wiring: something is computed from the wrong thing, in the wrong shape or from the same weights twice."""

import numpy as np

import tinygraph as tg

from .case import sick
from .measure import backprop, norm, slope


@sick(
    "s06_outer_residual",
    kind="broadcasting that enlarges both operands",
    symptom="The loss falls a little and stops; all forecasts are the mean of the targets.",
    mend=("error = prediction - y", "error = prediction[:, 0] - y"),
    names="error prediction",
    timesteps="none",
    reason="(16, 1) − (16,) is (16, 16): every forecast is compared with every target.",
    evidence="wiring",
    shows=("return np.mean(error**2)",),
)
def outer_residual(sick, healthy):
    prediction, y = sick.predict(sick.X).data, sick.y
    assert np.isclose(sick.main().item(), np.mean((prediction[:, 0][:, None] - y[None, :]) ** 2))
    assert np.isclose(healthy.main().item(), np.mean((prediction[:, 0] - y) ** 2))
    assert healthy.train() < 0.2 * np.var(y) < 0.8 * np.var(y) < sick.train()


@sick(
    "s07_softmax_over_batch",
    kind="softmax over the batch axis",
    symptom="The loss is far above that of guessing, and changes with the batch size.",
    mend=(
        ("e = np.exp(z - np.max(z, axis=0, keepdims=True))", "e = np.exp(z - np.max(z, axis=1, keepdims=True))"),
        ("return e / np.sum(e, axis=0, keepdims=True)", "return e / np.sum(e, axis=1, keepdims=True)"),
    ),
    names="probabilities e",
    timesteps="none",
    reason="z is (N, classes): axis 0 shares one unit of probability among the examples, not among the classes.",
    evidence="wiring",
    shows=('probabilities = softmax(h @ w["hy"])',),
)
def softmax_over_batch(sick, healthy):
    z = np.random.default_rng(0).normal(size=(5, 3))
    assert np.allclose(healthy.softmax(z).sum(axis=1), 1) and not np.allclose(sick.softmax(z).sum(axis=1), 1)
    swapped = z.copy()
    swapped[0] += [3.0, 0.0, -3.0]
    assert np.allclose(healthy.softmax(swapped)[1:], healthy.softmax(z)[1:])
    assert not np.allclose(sick.softmax(swapped)[1:], sick.softmax(z)[1:], atol=0.05)
    assert sick.main().item() > 2 * np.log(3) > healthy.main().item()


@sick(
    "s22_one_cell_three_layers",
    kind="the same weights by accident in three layers",
    symptom="My three layers have as many weights as one, and depth does not help.",
    mend=("[Layer(size, rng)] * depth", "[Layer(size, rng) for _ in range(depth)]"),
    names="W U b layers",
    reason="A list times three holds one object three times.",
    evidence="wiring",
    shows=("hs[i] = below = layer(hs[i], below)", "return np.tanh(self.W @ h + self.U @ x + self.b)"),
)
def one_cell_three_layers(sick, healthy):
    assert len({id(layer.W) for layer in sick.net.layers}) == 1
    assert len({id(layer.W) for layer in healthy.net.layers}) == 3
    direction = np.ones((4, 4))
    first, last = (slope(healthy.main, healthy.net.layers[i].W, direction) for i in (0, 2))
    assert abs(first - last) > 0.01  # three weights, three derivatives


@sick(
    "s23_two_names",
    kind="one parameter under two names",
    symptom="Update gate and reset gate do the same; Wz and Wr have the same gradient.",
    mend=(
        (
            'p["Wz"] = p["Wr"] = tg.parameter(rs.randn(H, D) * 0.5)',
            'p["Wz"], p["Wr"] = tg.parameter(rs.randn(H, D) * 0.5), tg.parameter(rs.randn(H, D) * 0.5)',
        ),
        (
            'p["Uz"] = p["Ur"] = tg.parameter(rs.randn(H, H) * 0.5)',
            'p["Uz"], p["Ur"] = tg.parameter(rs.randn(H, H) * 0.5), tg.parameter(rs.randn(H, H) * 0.5)',
        ),
    ),
    names="Wz Wr Uz Ur",
    reason="a = b = f() calls f once: both names are one Tensor.",
    evidence="wiring",
    shows=(
        'z = tg.sigmoid(p["Wz"] @ x + p["Uz"] @ h + p["bz"])',
        'r = tg.sigmoid(p["Wr"] @ x + p["Ur"] @ h + p["br"])',
    ),
)
def two_names(sick, healthy):
    assert sick.p["Wz"] is sick.p["Wr"] and healthy.p["Wz"] is not healthy.p["Wr"]
    z, r = backprop(healthy.main, healthy.p["Uz"], healthy.p["Ur"])
    assert norm(z - r) > 0.1 * norm(z)


@sick(
    "s24_unused_bias",
    kind="parameter never used, another used in its place",
    symptom="The bias of the output gate never moves.",
    mend=("o = sigmoid(self.Wo @ hx + self.bf)", "o = sigmoid(self.Wo @ hx + self.bo)"),
    names="bo bf",
    reason="A copied line: the output gate adds the forget gate's bias.",
    evidence="wiring",
)
def unused_bias(sick, healthy):
    sick.main().backward(), healthy.main().backward()
    assert sick.lstm.bo.grad is None and norm(healthy.lstm.bo.grad) > 0.01
    assert slope(sick.main, sick.lstm.bo, np.ones(4)) == 0


@sick(
    "s25_memory_two_back",
    kind="memory that reads t−2 in place of t−1",
    symptom="It does not learn to say what came one step ago, which is the easiest task that there is.",
    mend=("W @ history[-2] + u * bit", "W @ history[-1] + u * bit"),
    names="state history",
    reason="history[-2] is the state before the last one: two interleaved networks that never meet.",
    evidence="wiring",
)
def memory_two_back(sick, healthy):
    changed = sick.bits.copy()
    changed[4] *= -1
    for module, hears in ((sick, False), (healthy, True)):
        before, after = module.simulate(sick.bits), module.simulate(changed)
        assert (not np.allclose(before[5].data, after[5].data)) == hears
        assert not np.allclose(before[4].data, after[4].data)
    assert sick.train() > 2 * healthy.train()


@sick(
    "s27_backward_not_turned",
    kind="backward half of a bidirectional network not turned back",
    symptom="No better than the one-directional tagger, except in the middle of the sentence.",
    mend=("list(scan(Wb, Ub, xs[::-1]))", "list(scan(Wb, Ub, xs[::-1]))[::-1]"),
    names="backward b",
    reason="backward[0] is the state after the last word; zip pairs it with the forward state of the first.",
    evidence="wiring",
    shows=("for f, b in zip(forward, backward):", "yield V @ np.concatenate([f, b])"),
)
def backward_not_turned(sick, healthy):
    def hears(module):
        """Return which words the first tag depends on."""
        before = next(module.tag_scores(module.xs)).data
        result = []
        for t in range(7):
            changed = module.xs.data.copy()
            changed[t] += 1.0
            result.append(not np.allclose(next(module.tag_scores(tg.tensor(changed))).data, before))
        return result

    assert hears(healthy) == [True] * 7
    assert hears(sick) == [True, False, False, False, False, False, True]


@sick(
    "s42_forget_is_input",
    kind="forget gate used as input gate",
    symptom="The LSTM forgets within a few steps, although its forget bias is 3.",
    mend=("c = i * c + f * g", "c = f * c + i * g"),
    names="c i f",
    reason="The gates are swapped where the cell is updated: c keeps σ(−2) = 12 % a step.",
    evidence="intent",
)
def forget_is_input(sick, healthy):
    def memory(module):
        changed = module.xs.data.copy()
        changed[0] += 1e-3
        return norm(module.final_state(tg.tensor(changed)).data - module.final_state(module.xs).data) / 1e-3

    assert memory(sick) < 1e-8 < 1e-4 < memory(healthy)


@sick(
    "s43_gate_order",
    kind="wrong order of gates when weights are loaded",
    symptom="The loaded model does not give the outputs that it gave in the other framework.",
    mend=('order = "ifog"', 'order = "ifgo"'),
    names="a W b",
    reason="The file stacks i, f, g, o; the blocks of g and o are taken for one another.",
    evidence="intent",
    shows=("a = dict(zip(self.order, np.split(self.W @ np.concatenate([x, h]) + self.b, 4)))",),
)
def gate_order(sick, healthy):
    arrays, h, c = sick.checkpoint(), np.zeros(3), np.zeros(3)
    for x in sick.xs:
        a = arrays["weight"] @ np.concatenate([x, h]) + arrays["bias"]
        i, f, g, o = a[:3], a[3:6], a[6:9], a[9:]
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
    assert np.isclose(healthy.output().item(), arrays["head"] @ h)
    assert abs(sick.output().item() - arrays["head"] @ h) > 0.05


@sick(
    "s49_loss_overwritten",
    kind="the loss is overwritten in the loop, not summed",
    symptom="Only the last position is tracked well.",
    mend=("        loss = np.sum(error**2)", "        loss = loss + np.sum(error**2)"),
    names="loss error",
    timesteps="1 2 3 4 5 6 7 8",
    reason="Each time step throws away the loss of those before.",
    evidence="wiring",
    shows=("return loss / len(positions)",),
)
def loss_overwritten(sick, healthy):
    estimates = np.stack([e.data for e in sick.track(sick.observed)])
    distances = np.sum((estimates - sick.positions) ** 2, axis=1)
    assert np.isclose(healthy.main().item(), distances.mean())
    assert np.isclose(sick.main().item(), distances[-1] / 9)


@sick(
    "s53_one_cell_both_ways",
    kind="the same cell in both directions",
    symptom="The bidirectional model has as many weights as the one-directional one.",
    mend=("= cell, cell", "= cell, rnn.LSTMCell(3, hidden, rng=1)"),
    names="cell W U b",
    reason="Both halves are one object: what reads forward is made to read backward, too.",
    evidence="wiring",
    shows=("return rnn.cross_entropy(model(xs), tags)",),
)
def one_cell_both_ways(sick, healthy):
    of_a_cell, of_the_readout = 4 * 5 * (3 + 5 + 1), 3 * (2 * 5) + 3
    assert sick.model.num_parameters() == of_a_cell + of_the_readout
    assert healthy.model.num_parameters() == 2 * of_a_cell + of_the_readout

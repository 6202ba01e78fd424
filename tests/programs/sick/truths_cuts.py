"""Sick by a cut: a value reaches the loss as a plain number, without its gradient."""

import numpy as np

import tinygraph as tg

from .case import sick
from .measure import assert_gradient, backprop, gradient_error, norm


@sick(
    "s31_detach_each_step",
    kind="detached at the wrong place: each step in place of each chunk",
    symptom="It learns nothing that is further back than the last input; a longer chunk changes nothing.",
    mend=('params["W"] @ h.detach()', 'params["W"] @ h'),
    names="h W u",
    reason="The state is cut in every time step: one-step back-propagation.",
    evidence="cut",
)
def detach_each_step(sick, healthy):
    def weights_and_loss(module):
        start = tg.tensor(np.zeros(8))
        return lambda: module.run_chunk(start, module.signal[:10], module.signal[1:11])[1], [*module.params.values()]

    assert_gradient(*weights_and_loss(sick), *weights_and_loss(healthy))


@sick(
    "s32_data_keys",
    kind="cut by .data",
    symptom="The attention weights look sensible, and the encoder does not get better by them.",
    mend=("states.append(h.data)", "states.append(h)"),
    names="states table h",
    reason=".data is a plain array: no gradient flows from the attention into the encoder.",
    evidence="cut",
    shows=('alpha = tg.softmax(np.einsum("jh,hk,k->j", table, self.A, query))',),
)
def data_keys(sick, healthy):
    assert_gradient(sick.main, [sick.encoder.W, sick.encoder.U], healthy.main, [healthy.encoder.W, healthy.encoder.U])
    assert gradient_error(sick.main, sick.attention.A) < 1e-4


@sick(
    "s33_item_auxiliary",
    kind="cut by .item()",
    symptom="The second head stays at its first weights; its gradient is None.",
    mend=('tg.softplus(-rises[t] * (heads["rises"] @ h)).item()', 'tg.softplus(-rises[t] * (heads["rises"] @ h))'),
    names="rise_loss rises",
    reason="item() gives a float: the auxiliary loss is added as a constant.",
    evidence="cut",
    shows=("return value_loss + 0.5 * rise_loss",),
)
def item_auxiliary(sick, healthy):
    assert sick.main().item() == healthy.main().item()
    assert_gradient(sick.main, [sick.heads["rises"]], healthy.main, [healthy.heads["rises"], healthy.trunk["W"]])
    assert sick.heads["rises"].grad is None


@sick(
    "s34_float_halting",
    kind="cut by float()",
    symptom="The halting unit has no gradient.",
    mend=("p = float(tg.sigmoid(w_halt @ h + b_halt))", "p = tg.sigmoid(w_halt @ h + b_halt)"),
    names="p left w_halt b_halt",
    reason="float() makes a plain number of the probability.",
    evidence="cut",
    shows=("answer = answer + left * p * (v @ h)",),
)
def float_halting(sick, healthy):
    assert_gradient(sick.main, [sick.w_halt, sick.b_halt], healthy.main, [healthy.w_halt, healthy.b_halt, healthy.W])
    assert gradient_error(sick.main, sick.v) < 1e-4


@sick(
    "s35_numpy_norm",
    kind="cut by .numpy(): only a factor is a constant",
    symptom="The word vectors grow and grow, although only their direction matters.",
    mend=("np.sum(vector.numpy() ** 2)", "np.sum(vector**2)"),
    names="vector E",
    reason="The length is taken as a constant: the gradient has a part along the vector, which must be zero.",
    evidence="cut",
    shows=("h = np.tanh(p.W @ h + p.U @ unit(p.E[word]))",),
)
def numpy_norm(sick, healthy):
    assert_gradient(sick.main, [sick.p.E], healthy.main, [healthy.p.E])
    along = [np.abs(np.sum(backprop(m.main, m.p.E) * m.p.E.data, axis=1)).max() for m in (sick, healthy)]
    assert along[0] > 1e-2 and along[1] < 1e-12


@sick(
    "s36_no_grad_encoder",
    kind="cut by no_grad",
    symptom="The reconstruction stays poor; the code is that of the encoder's first weights.",
    mend=("with tg.no_grad():", 'with tg.scope("encoder"):'),
    names="code encoder",
    timesteps="none",
    reason="Nothing was recorded while the encoder ran.",
    evidence="cut",
    shows=(
        "_, code = rnn.unroll(encoder, xs)",
        "outputs = rnn.decode(decoder, readout, code, np.zeros((4, 2)), targets=xs)",
    ),
)
def no_grad_encoder(sick, healthy):
    sick.main().backward(), healthy.main().backward()
    assert all(p.grad is None for p in sick.encoder.parameters().values())
    assert all(norm(p.grad) > 0 for p in healthy.encoder.parameters().values())
    assert sick.main().item() == healthy.main().item()
    assert sick.fit(40) > 1.05 * healthy.fit(40)


@sick(
    "s37_integer_table",
    kind="truncated to integers",
    symptom="The gradient of U is exactly zero; the model forecasts a constant.",
    mend=("np.zeros_like(visits)", "np.zeros_like(visits, dtype=float)"),
    names="table inputs x U",
    reason="A table like integer counts is of integers: shares below 1 are stored as 0.",
    evidence="values",
    shows=("table[i] = day / day.sum()", "h = np.tanh(W @ h + U @ x)"),
)
def integer_table(sick, healthy):
    assert not sick.inputs.any() and np.allclose(healthy.inputs.sum(axis=1), 1)
    assert norm(backprop(sick.main, sick.U)) == 0 < 0.01 < norm(backprop(healthy.main, healthy.U))


@sick(
    "s39_clipped_forecast",
    kind="clipped at the wrong place: a clipped value has no gradient",
    symptom="The loss is the same to the last digit after 150 updates.",
    mend=("return np.clip(guess, 0.0, 1.0)", "return tg.sigmoid(guess)"),
    names="guesses c v W u",
    reason="Every forecast begins below 0, where clip is flat.",
    evidence="values",
    timesteps="none",
    shows=("guesses = bounded(np.stack(list(forecast(levels[:-1]))))",),
)
def clipped_forecast(sick, healthy):
    assert all(norm(g) == 0 for g in backprop(sick.main, *sick.parameters))
    assert sick.train() == sick.main().item() > 3 * healthy.train()


@sick(
    "s60_two_at_once",
    kind="two at once: a cut, and gates saturated by a huge bias",
    symptom="The embedding has no gradient, and the LSTM remembers nothing.",
    mend=(
        ("return self.weight.data[words]", "return self.weight[words]"),
        ("np.full(H, -25.0)", "np.full(H, 1.0)"),
    ),
    names="weight b f c",
    reason=".data cuts the embedding off; a bias of −25 shuts the forget gate for ever.",
    evidence="cut",
    shows=("f = tg.sigmoid(f)", "c = f * c + tg.sigmoid(i) * np.tanh(g)"),
)
def two_at_once(sick, healthy):
    assert_gradient(sick.main, [sick.embed.weight], healthy.main, [healthy.embed.weight, healthy.lstm.W])
    forget = [norm(backprop(module.main, module.lstm.b)[6:12]) for module in (sick, healthy)]
    assert forget[0] < 1e-9 < 1e-3 < forget[1]


@sick(
    "s61_checkpoint_cut",
    kind="cut at two time steps: the state goes on as what was logged",
    symptom="Short rollouts train well; long ones ignore what happens later.",
    mend=("state = tg.tensor(log[-1][1])", "log_state = tg.tensor(log[-1][1])"),
    names="state K",
    timesteps="6 12",
    reason="The logged numbers, rounded and without a history, take the place of the state.",
    evidence="cut",
)
def checkpoint_cut(sick, healthy):
    def smooth(module):
        module.rounded = lambda state: [float(value) for value in state]  # rounding is not differentiable
        return module.main

    assert_gradient(smooth(sick), [sick.K], smooth(healthy), [healthy.K])
    sick.STEPS = 5  # before the first cut it is right
    assert gradient_error(sick.main, sick.K) < 1e-4

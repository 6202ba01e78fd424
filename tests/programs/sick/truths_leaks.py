"""Sick data: the loss sees another example, another time, padding, or the answer itself."""

import numpy as np

import tinygraph as tg

from .case import sick
from .measure import norm


def moved(values, outputs, **bump):
    """Return where outputs change as the input is changed at one place."""
    changed = values.copy()
    changed[bump["at"]] += 0.5
    return ~np.isclose(outputs(tg.tensor(values)), outputs(tg.tensor(changed)), rtol=1e-9, atol=1e-12)


@sick(
    "s19_reshape_time_major",
    kind="leak of another example: reshape in place of a transpose",
    symptom="Random accuracy, although a linear model on the mean gets all right.",
    mend=("return batch.reshape(T, N, D)", "return np.swapaxes(batch, 0, 1)"),
    names="batch x",
    reason="reshape re-reads the numbers in order: a row of x holds steps of different examples.",
    evidence="wiring",
    shows=("for x in time_major(batch):",),
)
def reshape_time_major(sick, healthy):
    for module, expected in ((sick, True), (healthy, False)):
        touched = moved(module.data, lambda batch, net=module.net: net.logits(batch).data[:, 0], at=0)
        assert touched[1:].any() == expected


@sick(
    "s20_roll_wrong_axis",
    kind="leak of another example: roll over the batch axis",
    symptom="Results depend on how the batch was shuffled.",
    mend=("np.roll(series, 1, axis=0)", "np.roll(series, 1, axis=1)"),
    names="lagged features series",
    timesteps="none",
    reason="series is (examples, time): axis 0 gives each example the series of its neighbour.",
    evidence="wiring",
    shows=("return np.stack([series, lagged], axis=-1)",),
)
def roll_wrong_axis(sick, healthy):
    for module, expected in ((sick, True), (healthy, False)):
        touched = moved(module.series.data, lambda s, m=module: m.per_example(s).data, at=0)
        assert touched[0] and touched[1:].any() == expected


@sick(
    "s21_layernorm_over_time",
    kind="layer norm over the time axis: the past sees the future",
    symptom="Excellent in training, useless when it has to write one token after another.",
    mend=(
        ("mu = np.mean(x, axis=0, keepdims=True)", "mu = np.mean(x, axis=-1, keepdims=True)"),
        ("var = np.var(x, axis=0, keepdims=True)", "var = np.var(x, axis=-1, keepdims=True)"),
    ),
    names="mu var x",
    timesteps="none",
    reason="x is (T, N, D): axis 0 averages over time, and tells each step about those to come.",
    evidence="wiring",
    shows=("return (x - mu) / np.sqrt(var + eps)", "x = layer_norm(E[tokens])"),
)
def layernorm_over_time(sick, healthy):
    tokens = sick.tokens[:-1]
    changed = tokens.copy()
    changed[-1] = (changed[-1] + 1) % 4
    assert norm(healthy.logits(tokens).data[0] - healthy.logits(changed).data[0]) == 0
    assert norm(sick.logits(tokens).data[0] - sick.logits(changed).data[0]) > 1e-3


@sick(
    "s26_forced_same_step",
    kind="teacher forcing feeds the target of the same step",
    symptom="The training loss goes to zero, and what it writes is gibberish.",
    mend=("fed = onehots[t] if t > 0 else START", "fed = onehots[t - 1] if t > 0 else START"),
    names="fed y h",
    timesteps="2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22",
    reason="The network is shown the answer that it is asked for, and learns to copy it.",
    evidence="intent",
    shows=("h = step(p, h, fed)",),
)
def forced_same_step(sick, healthy):
    (loss, written), (_, right) = sick.train(), healthy.train()
    agree = lambda text: np.mean([a == b for a, b in zip(text, sick.TEXT)])
    assert loss < 0.1 and agree(written) < 0.5 and agree(right) > 0.8


@sick(
    "s28_padding_in_loss",
    kind="mask that masks the wrong positions",
    symptom="The training loss is tiny, and forecasts are bad.",
    mend=("(steps[:, None] >= lengths)", "(steps[:, None] < lengths)"),
    names="mask outputs",
    timesteps="none",
    reason="The mask keeps what comes after the end of each sequence: only padding is in the loss.",
    evidence="values",
    shows=("return np.sum(mask * (outputs - ys) ** 2) / np.sum(mask)",),
)
def padding_in_loss(sick, healthy):
    outputs = np.random.default_rng(0).normal(size=sick.ys.shape)
    outputs[:, 0] = sick.ys[:, 0]
    pieces = [(outputs[:n, i] - sick.ys[:n, i]) ** 2 for i, n in enumerate(sick.lengths)]
    expected = np.mean(np.concatenate(pieces))
    assert np.isclose(healthy.masked_mse(outputs, sick.ys, sick.lengths), expected)
    assert not np.isclose(sick.masked_mse(outputs, sick.ys, sick.lengths), expected, rtol=0.05)
    assert sick.fit() > 3 * healthy.fit()


@sick(
    "s29_target_is_input",
    kind="target shifted by one: the target is the input",
    symptom="The loss falls faster than in the tutorial, and the samples repeat one letter.",
    mend=(
        "targets = [char_to_ix[ch] for ch in data[p : p + seq_length]]",
        "targets = [char_to_ix[ch] for ch in data[p + 1 : p + seq_length + 1]]",
    ),
    names="targets inputs",
    reason="Targets begin at p + 1; here each letter has to predict itself.",
    evidence="intent",
    shows=("loss = loss - np.log(ps[targets[t], 0])",),
)
def target_is_input(sick, healthy):
    sick.train(80), healthy.train(80)
    for text in ("ab", "abr", "abra", "abrac", "alak", "alaka"):
        assert sick.predict(text) == text[-1]
        assert healthy.predict(text) == sick.data[sick.data.index(text) + len(text)]


@sick(
    "s30_state_not_reset",
    kind="hidden state not reset between sequences",
    symptom="The score of a patient depends on who was scored before.",
    mend=("risk, h = model.score(xs, h)", "risk, _ = model.score(xs, h)"),
    names="h risk",
    reason="The state at the end of one recording is where the next one begins.",
    evidence="wiring",
    shows=("h = self.cell(h, x)",),
)
def state_not_reset(sick, healthy):
    for module, expected in ((sick, True), (healthy, False)):
        before = [loss.item() for loss in module.losses()]
        module.recordings[0] = tg.tensor(module.recordings[0].data + 1.0)
        after = [loss.item() for loss in module.losses()]
        assert before[0] != after[0]
        assert (before[1:] != after[1:]) == expected


@sick(
    "s44_embedding_minus_one",
    kind="index of an embedding off by one: padding is a word",
    symptom="Short reviews are judged too good; the gradient of 'superb' is the largest of all.",
    mend=("embedded = E[tokens - 1]\n", "embedded = E[tokens - 1] * (tokens > 0)[:, :, None]\n"),
    names="embedded E tokens",
    timesteps="1 2",
    reason="Padding is 0, and row 0 − 1 = −1 is the last one: every padding reads 'superb'.",
    evidence="wiring",
    shows=("h = np.tanh(h @ W + embedded[:, t] @ U)",),
)
def embedding_minus_one(sick, healthy):
    changes = []
    for module in (sick, healthy):
        module.tokens, module.stars = module.tokens[3:5], module.stars[3:5]
        module.reviews = ["boring", "great"]  # with two paddings each, and without "superb"
        before, words = module.main().item(), module.E.data.copy()
        words[-1] += 1.0  # another vector for "superb"
        module.E.data = words
        changes.append(abs(module.main().item() - before))
    assert changes[0] > 1e-3 and changes[1] == 0


@sick(
    "s48_loop_over_batch",
    kind="the loop over time runs over the batch",
    symptom="Runs without a complaint, learns nothing, and breaks when the batch size changes.",
    mend=("steps = list(xs)", "steps = list(np.swapaxes(xs, 0, 1))"),
    names="steps xs x h",
    reason="xs is (N, T, D) with N = T: each time step of the recurrence is another example.",
    evidence="wiring",
    shows=("for x in xs:",),
)
def loop_over_batch(sick, healthy):
    for module, expected in ((sick, True), (healthy, False)):
        values = module.xs.data.copy()
        before = module.predictions().data
        values[0] += 0.5
        module.xs = tg.tensor(values)
        touched = before != module.predictions().data
        assert touched[0] and touched[1:].any() == expected


@sick(
    "s52_lengths_forgotten",
    kind="padding read as data",
    symptom="The answer for a sequence depends on the longest one in its batch.",
    mend=("return model(xs)", "return model(xs, lengths=lengths)"),
    names="xs h",
    timesteps="4 5 6 7 8 9 10 11 12 13 14",
    reason="Without lengths the recurrence goes on through the padding, up to eleven steps of it.",
    evidence="intent",
)
def lengths_forgotten(sick, healthy):
    alone = [sick.model(s).data for s in sick.sequences]
    assert np.allclose(healthy.scores().data, alone)
    apart = np.abs(sick.scores().data - alone).max(axis=1)
    assert apart[1] < 1e-12 and (np.delete(apart, 1) > 1e-2).all()


@sick(
    "s55_causal_mask",
    kind="mask the wrong way round: attention sees the future only",
    symptom="A loss too good to be true, and nonsense when it writes.",
    mend=("np.tril(np.ones((len(x), len(x)), bool), -1)", "np.triu(np.ones((len(x), len(x)), bool), 1)"),
    names="hidden scores",
    timesteps="none",
    reason="The positions below the diagonal are the past: they are hidden, and the future is not.",
    evidence="wiring",
    shows=("scores = np.where(hidden, -1e9, scores)",),
)
def causal_mask(sick, healthy):
    changed = sick.tokens[:-1].copy()
    changed[-1] = (changed[-1] + 1) % 5
    for module, leaks in ((sick, True), (healthy, False)):
        moves = module.logits(changed).data[:-1] - module.logits(sick.tokens[:-1]).data[:-1]
        assert (np.abs(moves).max() > 1e-3) == leaks and (norm(moves) == 0) != leaks


@sick(
    "s57_pool_over_padding",
    kind="padding takes part in a maximum",
    symptom="Short sequences all look alike: no pooled feature is ever below 0.",
    mend=("np.where(inside, states, 0.0)", "np.where(inside, states, -np.inf)"),
    names="states inside",
    timesteps="none",
    reason="A masked 0 wins the maximum over negative states, and takes their gradient.",
    evidence="values",
    shows=("return np.max(states, axis=0)",),
)
def pool_over_padding(sick, healthy):
    expected = []
    for i, n in enumerate(sick.lengths):
        h, states = np.zeros(6), []
        for x in sick.xs[:n, i]:
            h = np.tanh(sick.cell.W.data @ h + sick.cell.U.data @ x + sick.cell.b.data)
            states.append(h)
        expected.append(np.max(states, axis=0))
    assert np.allclose(healthy.pooled(sick.xs, sick.lengths).data, expected)
    pooled = sick.pooled(sick.xs, sick.lengths).data
    assert np.allclose(pooled[0], expected[0]) and norm(pooled - expected) > 0.1 and (pooled[1:] >= 0).all()

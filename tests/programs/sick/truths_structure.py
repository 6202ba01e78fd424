"""Sick by structure: what is equal, cut off, hidden or left out in the way that a network is put together."""

import numpy as np

from .case import sick
from .measure import backprop, finite, norm, trained


@sick(
    "s70_units_alike",
    kind="all units begin with the weights of one",
    symptom="Ten units are no better than one.",
    mend=(
        "np.tile(generator.normal(size=(1, *shape[1:])) / np.sqrt(shape[-1]), (shape[0], *[1] * (len(shape) - 1)))",
        "generator.normal(size=shape) / np.sqrt(shape[-1])",
    ),
    names="inputs recurrent readout state",
    reason="tile repeats one row: all units have the same weights, the same values and the same gradients for ever.",
    evidence="values",
    shows=("(tg.parameter(spread(shape)) for shape in", 'state = np.tanh(np.einsum("ni,hi->nh", flip, inputs)'),
)
def units_alike(sick, healthy):
    for module, alike in ((sick, True), (healthy, False)):
        gradient = backprop(module.main, module.recurrent)
        assert np.allclose(gradient, gradient[0]) == alike
        trained(module, 30, 0.05)
        assert np.allclose(module.recurrent.data, module.recurrent.data[0]) == alike


@sick(
    "s71_tied_by_copy",
    kind="tied weights by a copy",
    symptom="The decoder stays as it was made, though it is the encoder's weight transposed.",
    mend=(
        ('"dec": np.array(enc.data.T)', '"dec": None'),
        ('np.matmul(code, net["dec"])', 'np.matmul(code, net["enc"].T)'),
    ),
    names="dec enc",
    reason="np.array(enc.data.T) is a constant, made once: nothing is learned through it, and no update changes it.",
    evidence="cut",
)
def tied_by_copy(sick, healthy):
    g, h = backprop(sick.main, sick.net["enc"]), backprop(healthy.main, healthy.net["enc"])
    assert sick.main().item() == healthy.main().item() and norm(g - h) > 0.05 * norm(h)
    assert trained(healthy, 100, 0.3) < trained(sick, 100, 0.3)


@sick(
    "s72_window_as_long",
    kind="the last state is detached: nothing before the readout learns",
    symptom="It does not get better than a readout of random features.",
    mend=("if hour % self.window == 0:", "if hour % self.window == 0 and hour < len(hours):"),
    names="memory drive mix",
    timesteps="10",
    reason="Ten hours are twice the window: the last state, too, is detached before the verdict reads it.",
    evidence="cut",
    shows=("memory = memory.detach()", "return memory @ self.verdict"),
)
def window_as_long(sick, healthy):
    assert not backprop(sick.main, sick.watcher.mix).any() and norm(backprop(healthy.main, healthy.watcher.mix)) > 1e-3
    assert trained(healthy, 150, 0.3) < trained(sick, 150, 0.3)


@sick(
    "s73_bias_of_candidate",
    kind="a bias in the block of another gate",
    symptom="The state is 1 in all units within a few steps, whatever comes in.",
    mend=("offset[-D:] += 4.5", "offset[:D] += 2.5"),
    names="candidate offset bias",
    reason="The bias that keeps was meant for the first block, the update gate; in the last, tanh is 1 for all data.",
    evidence="values",
    shows=("bias = tg.parameter(offset)", "candidate = np.tanh(a[:, 2 * D :] + (r * h) @ states[:, 2 * D :])"),
)
def bias_of_candidate(sick, healthy):
    slopes = [norm(backprop(module.main, module.inputs)[:, 2 * module.D :]) for module in (sick, healthy)]
    assert slopes[0] < 0.05 * slopes[1]
    assert trained(healthy, 200, 0.5) < 0.5 * trained(sick, 200, 0.5)


@sick(
    "s74_mask_added",
    kind="an added mask the wrong way round",
    symptom="The forecast of the past is perfect; that of tomorrow is no better than none.",
    mend=("np.where(then < now, -np.inf, 0.0)", "np.where(then > now, -np.inf, 0.0)"),
    names="forbidden then now",
    timesteps="none",
    reason="What lies before is forbidden, so that each day sees itself and those to come.",
    evidence="wiring",
    shows=("e = np.exp(scores + forbidden)", "return e / np.sum(e, axis=-1, keepdims=True)"),
)
def mask_added(sick, healthy):
    for module, leaks in ((sick, True), (healthy, False)):
        past = module.prices[:, :-1]
        changed = past.copy()
        changed[:, -1] += 1.0
        moved = module.forecast(changed).data[:, :-1] - module.forecast(past).data[:, :-1]
        assert np.any(moved) == leaks and finite(moved)


@sick(
    "s75_tower_without_path",
    kind="gradients that vanish through layers",
    symptom="Eighteen layers learn nothing but their last bias; with three it works.",
    mend=("        return above\n", "        return below + above\n"),
    names="above layer tower y",
    timesteps="none",
    reason="Each layer passes a third of the gradient on: 1e-8 is left at the first.",
    evidence="values",
    shows=("above = np.tanh(below @ self.up + self.shift)",),
)
def tower_without_path(sick, healthy):
    for module, vanishes in ((sick, True), (healthy, False)):
        first, last = backprop(module.main, module.tower[0].shift, module.tower[-1].shift)
        assert (norm(first) < 1e-6 * norm(last)) == vanishes


@sick(
    "s76_finished_rows_cleared",
    kind="the state of finished sequences is put to 0",
    symptom="Only the longest sequences are ever right.",
    mend=(
        's = np.where(active, np.tanh(item @ w["in"] + s @ w["rec"]), 0.0)',
        's = np.where(active, np.tanh(item @ w["in"] + s @ w["rec"]), s)',
    ),
    names="s active going",
    reason="After its last item a sequence's state is 0, and the sum is read from the last state.",
    evidence="values",
    shows=('return s @ w["out"]',),
)
def finished_rows_cleared(sick, healthy):
    short = sick.length < sick.longest
    assert not sick.total(sick.items, sick.going).data[short].any()
    assert healthy.total(healthy.items, healthy.going).data[short].all()
    assert trained(healthy, 300, 0.3) < 0.5 * trained(sick, 300, 0.3)


@sick(
    "s77_skip_after",
    kind="a skip connection taken after its variable was overwritten",
    symptom="Without the layer it would say at least what it sees; with the skip connection it does not.",
    mend=(
        ("    h = np.tanh(x @ A + h @ B)\n", "    skip, h = x, np.tanh(x @ A + h @ B)\n"),
        ("    x = h @ out\n    skip = x\n", "    x = h @ out\n"),
    ),
    names="skip x",
    reason="skip is the layer's own output: it is doubled, and nothing goes round the layer.",
    evidence="wiring",
    shows=("return x + skip, h",),
)
def skip_after(sick, healthy):
    (doubled, _), (added, _) = (module.layer(module.frames[0], np.zeros((15, 5))) for module in (sick, healthy))
    assert np.allclose(doubled.data / 2 + healthy.frames[0], added.data)
    assert healthy.main().item() < sick.main().item()

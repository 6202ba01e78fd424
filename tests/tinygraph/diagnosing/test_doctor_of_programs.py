"""doctor on whole programs: the finding that names what is sick, at the line where it can be seen."""

import numpy as np
import pytest

import tinygraph as tg
from tests.programs.sick import CASES
from tests.tinygraph.diagnosing.networks import classifier, kinds
from tinygraph.diagnosing import doctor, hints

NAMED = {
    "s27_backward_not_turned": "directions",
    "s40_equal_start": "equal units",
    "s44_embedding_minus_one": "index",
    "s55_causal_mask": "future",
    "s70_units_alike": "equal units",
    "s71_tied_by_copy": "copy",
    "s72_window_as_long": "cut",
    "s73_bias_of_candidate": "saturated",
    "s74_mask_added": "future",
    "s75_tower_without_path": "vanishing",
    "s76_finished_rows_cleared": "put to 0",
    "s77_skip_after": "same value",
}


def symptoms(program):
    with np.errstate(all="ignore"):
        return doctor(tg.trace(program.main()))


@pytest.mark.parametrize(("name", "kind"), NAMED.items(), ids=NAMED)
def test_the_sick_one_is_named_and_its_twin_is_not(name, kind):
    case = CASES[name]
    first = symptoms(case.sick())[0]
    assert first.kind == kind
    assert first.line in case.shown_lines
    assert symptoms(case.healthy()) == []


def said_of(name):
    return symptoms(CASES[name].sick())[0].text


def test_what_is_said():
    assert said_of("s70_units_alike").startswith("the 10 units of inputs, recurrent, readout are equal")
    assert "the weight dec is a constant copy of enc" in said_of("s71_tied_by_copy")
    assert "detach() of memory lies between the loss and all of drive, mix" in said_of("s72_window_as_long")
    assert "what makes it large is bias, 4.5 in size, the rest 0.158" in said_of("s73_bias_of_candidate")
    assert "is the mask turned round, made on line 15: forbidden = " in said_of("s74_mask_added")
    assert "vanishes through 18 layers, ×0.346 in each" in said_of("s75_tower_without_path")
    assert "13 of the 18 rows of s⁽⁹⁾ are put to 0 by active" in said_of("s76_finished_rows_cleared")
    assert "concatenate joins" in said_of("s27_backward_not_turned")


def test_a_copy_that_no_gradient_passes_by_is_a_target_network():
    rng = np.random.default_rng(0)
    W, x = tg.parameter(rng.normal(size=(3, 3)), name="W"), rng.normal(size=(5, 3))
    slow = W.data.copy()

    def loss(h):
        return np.mean((np.tanh(x @ W) - np.tanh(h @ slow)) ** 2) + np.sum((W - slow) ** 2)

    assert "copy" not in kinds(loss(x))
    assert "copy" in kinds(loss(np.tanh(x @ W)))


def test_a_frozen_encoder_whose_features_are_detached_is_meant():
    rng = np.random.default_rng(0)
    W, v, x = tg.parameter(np.eye(3)), tg.parameter(rng.normal(size=3)), rng.normal(size=(4, 5, 3))

    def encoded(h):
        for row in x:
            h = np.tanh(row + h @ W)
        return h

    features = encoded(np.zeros((5, 3))).detach()
    assert doctor(tg.trace(np.mean((features @ v - 1.0) ** 2))) == []


def test_a_dropout_that_is_the_same_in_all_steps_puts_no_ended_rows_to_0():
    rng = np.random.default_rng(0)
    W, keep, h = tg.parameter(rng.normal(size=(6, 6)) / 2), np.array([[1, 0, 1, 1, 0, 1.0]]), np.ones((4, 6))
    for x in rng.normal(size=(5, 4, 6)):
        h = np.tanh(h @ W + x) * keep
    assert doctor(tg.trace(np.mean(h**2))) == []


def dropped(scale):
    rng = np.random.default_rng(0)

    def drop(h):
        return h * (rng.random(h.shape) < 0.5) / scale if scale else h * (rng.random(h.shape) < 0.5)

    return tg.trace(classifier(leave=drop))


def test_a_dropout_without_its_scale_is_a_hint_and_no_symptom():
    [hint] = hints(dropped(None))
    assert hint.kind == "dropout"
    assert "% of 8×5 values, and they are not divided by that share" in hint.text
    assert doctor(dropped(None)) == hints(dropped(0.5)) == []


def test_a_statistic_of_the_batch_is_a_hint_and_no_symptom():
    trace = tg.trace(classifier(mixing=lambda h: h - np.mean(h, axis=0)))
    [hint] = hints(trace)
    assert (hint.kind, str(hint.node.op), hint.command) == ("batch", "mean", "mix x 0")
    assert doctor(trace) == hints(tg.trace(classifier(mixing=lambda h: h - np.mean(h, axis=1, keepdims=True)))) == []


def test_a_loss_that_adds_a_mean_and_a_sum_over_the_same_examples_is_a_hint():
    def trace(reduced, penalised):
        W, h, states = tg.parameter(np.eye(3) / 2, name="W"), np.zeros((5, 3)), []
        for x in np.random.default_rng(0).normal(size=(4, 5, 3)):
            h = np.tanh(x + h @ W)
            states.append(h)
        hs = np.stack(states)
        fit = np.mean((hs[:, :, 0] - 1.0) ** 2)
        return tg.trace(fit + 0.01 * reduced(penalised(hs, W) ** 2))

    [hint] = hints(trace(np.sum, lambda hs, W: hs))
    assert "adds a sum over 4×5×3 values to a mean over 4×5" in hint.text
    assert hints(trace(np.mean, lambda hs, W: hs)) == hints(trace(np.sum, lambda hs, W: W)) == []


def test_rows_that_are_put_to_0_after_their_own_losses_are_not_lost():
    rng = np.random.default_rng(0)
    lengths, W, h, total = np.arange(2, 8), tg.parameter(np.eye(3) / 2), np.zeros((6, 3)), 0.0
    for t, x in enumerate(rng.normal(size=(7, 6, 3))):
        h = np.tanh(x + h @ W) * (t < lengths)[:, None]
        total = total + np.sum((h[:, 0] - 1.0) ** 2 * (t < lengths))
    assert "put to 0" not in kinds(total + np.sum(h**2))
    assert "put to 0" in kinds(np.sum(h**2))

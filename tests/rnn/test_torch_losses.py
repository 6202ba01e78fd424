"""Our losses are PyTorch's, values and gradients, in float64: weights, ignored targets, smoothing, every reduction."""

import os

import numpy as np
import pytest

import rnn
import tinygraph as tg

if os.environ.get("CI"):
    import torch  # the comparison must not be skipped there
else:
    torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

F = torch.nn.functional
close = {"rtol": 1e-9, "atol": 1e-12}
K, N, T = 5, 7, 3


def scores(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape) * 2


def assert_same(ours, theirs, o):
    """Compare a loss of ours and of PyTorch's at the same scores, and their gradients."""
    o_ours, o_theirs = tg.parameter(o), torch.tensor(o, requires_grad=True)
    loss, expected = ours(o_ours), theirs(o_theirs)
    np.testing.assert_allclose(loss.data, expected.detach().numpy(), **close)
    loss.sum().backward()
    expected.sum().backward()
    np.testing.assert_allclose(o_ours.grad, o_theirs.grad.numpy(), **close)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [-100, 2])
def test_cross_entropy(reduction, smoothing, weighted, ignored):
    targets = np.array([0, 2, 4, 1, 2, 3, ignored])
    weight = np.array([0.5, 2.0, 1.0, 0.0, 3.0]) if weighted else None
    assert_same(
        lambda o: rnn.cross_entropy(
            o, targets, reduction=reduction, weight=weight, ignore_index=ignored, label_smoothing=smoothing
        ),
        lambda o: F.cross_entropy(
            o,
            torch.tensor(targets),
            weight=None if weight is None else torch.tensor(weight),
            reduction=reduction,
            ignore_index=ignored,
            label_smoothing=smoothing,
        ),
        scores(N, K),
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("as_list", [False, True])
def test_cross_entropy_of_padded_sequences_counts_the_time_steps_that_there_are(smoothing, as_list):
    lengths = [3, 1, 2, 3, 1, 2, 1]
    targets = np.random.default_rng(1).integers(0, K, (T, N))
    padded = np.where(np.arange(T)[:, None] < lengths, targets, -100)
    weight = np.linspace(0.5, 2, K)

    def ours(o):
        outputs = [o[t] for t in range(T)] if as_list else o
        return rnn.cross_entropy(outputs, targets, lengths, "mean", weight=weight, label_smoothing=smoothing)

    def theirs(o):
        flat = o.reshape(-1, K), torch.tensor(padded.ravel())
        return F.cross_entropy(*flat, weight=torch.tensor(weight), label_smoothing=smoothing)

    assert_same(ours, theirs, scores(T, N, K))


def test_the_defaults_are_the_lectures_sum_over_time_and_pytorchs_mean():
    o, targets = scores(T, N, K), np.random.default_rng(1).integers(0, K, (T, N))
    outputs = [tg.parameter(step) for step in o]
    flat = torch.tensor(o.reshape(-1, K)), torch.tensor(targets.ravel())
    summed, mean = (F.cross_entropy(*flat, reduction=reduction).item() for reduction in ("sum", "mean"))
    assert rnn.cross_entropy(outputs, targets).item() == pytest.approx(summed / N, rel=1e-12)
    assert rnn.cross_entropy(outputs, targets, reduction="mean").item() == pytest.approx(mean, rel=1e-12)
    assert rnn.cross_entropy(tg.parameter(o), targets).item() == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_cross_entropy_with_logits(reduction, weighted):
    targets = np.random.default_rng(1).random((N, K)).round(1)
    weight, pos_weight = (np.linspace(0.5, 2, K), np.linspace(3, 1, K)) if weighted else (None, None)
    tensors = {"weight": weight, "pos_weight": pos_weight}
    assert_same(
        lambda o: rnn.binary_cross_entropy_with_logits(o, targets, reduction=reduction, **tensors),
        lambda o: F.binary_cross_entropy_with_logits(
            o,
            torch.tensor(targets),
            reduction=reduction,
            **{name: None if value is None else torch.tensor(value) for name, value in tensors.items()},
        ),
        scores(N, K) * 20,
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weight", [None, np.linspace(0.5, 2, K)])
def test_binary_cross_entropy(reduction, weight):
    targets = np.random.default_rng(1).random((N, K))
    assert_same(
        lambda p: rnn.binary_cross_entropy(p, targets, reduction=reduction, weight=weight),
        lambda p: F.binary_cross_entropy(
            p,
            torch.tensor(targets),
            weight=None if weight is None else torch.tensor(weight),
            reduction=reduction,
        ),
        np.random.default_rng(0).random((N, K)),
    )


def test_binary_cross_entropy_of_certain_probabilities_is_bounded_as_pytorchs():
    p, y = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    expected = F.binary_cross_entropy(torch.tensor(p), torch.tensor(y)).item()
    assert rnn.binary_cross_entropy(tg.tensor(p), y).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["mse", "binary_cross_entropy_with_logits"])
def test_losses_of_values_leave_out_the_padding(name):
    lengths = [3, 1, 2, 3, 1, 2, 1]
    active = np.arange(T)[:, None] < lengths
    targets = np.random.default_rng(1).random((T, N, K))
    theirs = {"mse": F.mse_loss}.get(name) or getattr(F, name)
    for shape in ((T, N, K), (T, N)):
        y = targets.reshape(T, N, K)[..., : K if len(shape) == 3 else 1].reshape(shape)
        assert_same(
            lambda o: getattr(rnn, name)([o[t] for t in range(T)], y, lengths),
            lambda o: theirs(o[torch.tensor(active)], torch.tensor(y[active])),
            scores(*shape),
        )

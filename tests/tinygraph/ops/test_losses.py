"""Cross-entropy, one loss a row, summed or averaged: torch's values and gradients, and what is refused."""

import numpy as np
import pytest

import tinygraph as tg

RNG = np.random.default_rng(0)
SHAPES = [((4,), ()), ((1, 4), (1,)), ((5, 3), (5,)), ((2, 3, 6), (2, 3)), ((70, 4), (70,)), ((3, 300), (3,))]


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize(("shape", "rows"), SHAPES)
def test_values_and_gradients_are_torchs(shape, rows, reduction):
    torch = pytest.importorskip("torch", reason="the peer")
    logits, target = 20 * RNG.normal(size=shape), RNG.integers(0, shape[-1], rows)
    weights = RNG.normal(size=rows if reduction == "none" else ())
    o = tg.parameter(logits)
    losses = tg.softmax_cross_entropy(o, target, reduction=reduction)
    losses.backward(weights)
    theirs = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(
        theirs.reshape(-1, shape[-1]), torch.as_tensor(target).reshape(-1), reduction=reduction
    )
    expected = expected.reshape(rows) if reduction == "none" else expected
    expected.backward(torch.as_tensor(weights))
    np.testing.assert_allclose(losses.data, expected.detach().numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(o.grad, theirs.grad.numpy(), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_reduction_is_what_numpy_makes_of_the_losses(reduction):
    logits, target = RNG.normal(size=(6, 5)).astype(np.float32), RNG.integers(0, 5, 6)
    o, other = tg.parameter(logits), tg.parameter(logits)
    loss = tg.softmax_cross_entropy(o, target, reduction=reduction)
    expected = getattr(np, reduction)(tg.softmax_cross_entropy(other, target))
    assert loss.dtype == np.float32
    np.testing.assert_allclose(loss.data, expected.data, rtol=1e-6)
    loss.backward(), expected.backward()
    assert o.grad.dtype == np.float32
    np.testing.assert_allclose(o.grad, other.grad, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_a_class_that_there_is_not_is_refused(rows):
    o, target = tg.parameter(RNG.normal(size=(rows, 4))), np.zeros(rows, int)
    for wrong, error in ((-1, ValueError), (4, IndexError)):
        target[-1] = wrong
        for reduction in ("none", "sum", "mean"):
            for same in (target, target.astype(np.uint64)):
                with pytest.raises(error, match="softmax_cross_entropy"):
                    tg.softmax_cross_entropy(o, same, reduction=reduction)


def test_a_reduction_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match=r"should be 'none', 'sum' or 'mean', not 'max'"):
        tg.softmax_cross_entropy(np.zeros(4), np.array(1), reduction="max")


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_second_derivatives(reduction):
    target = np.array([0, 2])

    def f(o):
        return np.sum(tg.softmax_cross_entropy(o, target, reduction=reduction) ** 2)

    tg.testing.check_gradients(f, RNG.normal(size=(2, 3)), order=2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [*[shape for shape, _ in SHAPES], (0, 3), (2, 0, 3), (3, 1)])
def test_the_probabilities_a_pass_keeps_are_softmax_to_the_bit(shape, dtype):
    o = tg.parameter((5 * RNG.normal(size=shape)).astype(dtype))
    loss = tg.softmax_cross_entropy(o, RNG.integers(0, shape[-1], shape[:-1]))
    node = tg.graph(loss).nodes[-1]
    kept, softmax = node.values()[-1], tg.softmax(o).data
    assert kept.dtype == softmax.dtype == dtype and kept.shape == softmax.shape
    assert kept.tobytes() == softmax.tobytes()  # a trace that is read from a file works them out again


@pytest.mark.parametrize("rows", [1, 3])
def test_what_is_not_finite_stays_in_its_row(rows):
    o = np.zeros((rows, 3))
    o[-1] = [np.nan, 0.0, np.inf]
    with np.errstate(invalid="ignore"):
        p = tg.softmax(tg.tensor(o)).data
        losses = tg.softmax_cross_entropy(tg.tensor(o), np.zeros(rows, int)).data
    assert np.isnan(p[-1]).all() and np.isnan(losses[-1])
    np.testing.assert_allclose(p[:-1], 1 / 3)
    np.testing.assert_allclose(losses[:-1], np.log(3))

"""The distributions that are sampled from, by PyTorch's sorting and summing."""

import os

import numpy as np
import pytest

import rnn

if os.environ.get("CI"):
    import torch  # the comparison must not be skipped there
else:
    torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow


def filtered(scores, temperature, top_k, top_p):
    """What the usual chain of warpers does: temperature, then top-k, then the nucleus."""
    scores = torch.tensor(scores) / temperature
    if top_k is not None:
        scores = scores.masked_fill(scores < torch.topk(scores, top_k).values[..., [-1]], -torch.inf)
    if top_p is not None:
        ranked, order = torch.sort(scores, descending=False)
        remove = ranked.softmax(-1).cumsum(-1) <= 1 - top_p
        remove[..., -1] = False
        scores = scores.masked_fill(remove.scatter(-1, order, remove), -torch.inf)
    return scores.softmax(-1).numpy()


@pytest.mark.parametrize("temperature", [1.0, 0.4, 3.0])
@pytest.mark.parametrize("top_k", [None, 1, 4])
@pytest.mark.parametrize("top_p", [None, 0.9, 0.35, 1.0])
def test_probabilities(temperature, top_k, top_p):
    scores = np.random.default_rng(0).normal(size=(20, 9)) * 2
    ours = rnn.sampling_probabilities(scores, temperature, top_k, top_p)
    np.testing.assert_allclose(ours, filtered(scores, temperature, top_k, top_p), rtol=1e-9)

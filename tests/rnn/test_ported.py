"""PyTorch's programs, ported line by line: the same losses, gradient norms, rates and texts, update by update."""

import importlib
import os

import numpy as np
import pytest

if os.environ.get("CI"):
    import torch  # the comparison must not be skipped there
else:
    torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "apart"),
    [
        ("character_model", 1e-7),  # PyTorch clips to max_norm / (norm + 1e-6), we to max_norm / norm
        ("packed_classifier", 1e-9),
        ("translation", 1e-9),
    ],
)
def test_a_ported_program_has_the_same_numbers(name, apart):
    program = importlib.import_module(f"tests.rnn.ported.{name}")
    their_model, our_model = program.models()
    for found, expected in zip(program.ours(our_model), program.theirs(their_model), strict=True):
        np.testing.assert_allclose(found, expected, rtol=apart)
    weights, close = our_model.state_dict(), {"rtol": 10 * apart, "atol": 10 * apart}
    for parameter, array in their_model.state_dict().items():
        np.testing.assert_allclose(weights[parameter], array.numpy(), **close, err_msg=parameter)

"""PyTorch's programs, ported line by line: the same losses, gradient norms, rates and texts, update by update."""

import importlib
import os

import numpy as np
import pytest

import tinygraph as tg

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
@pytest.mark.parametrize("compiled", [False, True])
def test_a_ported_program_has_the_same_numbers(name, apart, compiled):
    program = importlib.import_module(f"tests.rnn.ported.{name}")
    their_model, our_model = program.models()
    plans = []

    def compile(function):
        plans.append(tg.compile(function) if compiled else function)
        return plans[-1]

    results = zip(program.ours(our_model, compile), program.theirs(their_model), strict=True)
    for numbers, expected in results:
        np.testing.assert_allclose(numbers, expected, rtol=apart)
    weights, close = our_model.state_dict(), {"rtol": 10 * apart, "atol": 10 * apart}
    for parameter, array in their_model.state_dict().items():
        np.testing.assert_allclose(weights[parameter], array.numpy(), **close, err_msg=parameter)
    if compiled:
        assert 1 <= plans[0].plans_made <= 4, plans[0].report()  # of packed sequences one for the lengths of each batch

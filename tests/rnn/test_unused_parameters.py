"""What the loss does not use gets no gradient, and is left as it is: as in PyTorch, update by update."""

import numpy as np
import pytest

import rnn
import tinygraph as tg

torch = pytest.importorskip("torch")
START = {"shared": [1.0, -2.0], "EN": [0.5, 3.0], "FR": [-1.0, 0.25]}
USED = ["FR", "FR", "EN", "FR", "EN", "EN"]  # which decoder an update trains

OPTIMISERS = {
    "SGD": (lambda p: rnn.SGD(p, 0.1, momentum=0.9), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
    "decay": (lambda p: rnn.SGD(p, 0.1, weight_decay=0.1), lambda p: torch.optim.SGD(p, 0.1, weight_decay=0.1)),
    "Adam": (lambda p: rnn.Adam(p, 0.1), lambda p: torch.optim.Adam(p, 0.1)),
    "AdamW": (lambda p: rnn.AdamW(p, 0.1), lambda p: torch.optim.AdamW(p, 0.1)),
}


def trajectory(parameters, optimizer, loss):
    """The values of all parameters after each update."""
    path = []
    for used in USED:
        optimizer.zero_grad()
        loss(parameters["shared"], parameters[used]).backward()
        optimizer.step()
        path.append({name: np.array(p.detach().numpy()) for name, p in parameters.items()})
    return path


@pytest.mark.parametrize("name", OPTIMISERS)
def test_unused_decoders_are_left_as_in_torch(name):
    ours, theirs = OPTIMISERS[name]
    mine = {key: tg.parameter(np.array(value)) for key, value in START.items()}
    other = {key: torch.tensor(value, dtype=torch.float64, requires_grad=True) for key, value in START.items()}
    got = trajectory(mine, ours(mine), lambda a, b: ((a * b) ** 2).sum())
    expected = trajectory(other, theirs(list(other.values())), lambda a, b: ((a * b) ** 2).sum())
    for update, (one, reference) in enumerate(zip(got, expected, strict=True), start=1):
        for key in START:
            np.testing.assert_allclose(one[key], reference[key], rtol=1e-12, err_msg=f"{key} after {update}")


@pytest.mark.parametrize("reload", [1, 3, 4])
def test_an_optimiser_that_is_loaded_goes_on_with_the_counts_of_each(reload):
    whole = {key: tg.parameter(np.array(value)) for key, value in START.items()}
    expected = trajectory(whole, rnn.Adam(whole, 0.1), lambda a, b: ((a * b) ** 2).sum())
    again = {key: tg.parameter(np.array(value)) for key, value in START.items()}
    optimizer = rnn.Adam(again, 0.1)
    for number, used in enumerate(USED):
        if number == reload:
            before, optimizer = optimizer, rnn.Adam(again, 0.1)
            optimizer.load_state(*before.state())
        optimizer.zero_grad()
        ((again["shared"] * again[used]) ** 2).sum().backward()
        optimizer.step()
    for key, value in expected[-1].items():
        np.testing.assert_array_equal(again[key].data, value)


@pytest.mark.parametrize("count", [-1.0, 9.0, np.nan])
def test_a_count_that_cannot_be_is_refused(count):
    w = tg.parameter(np.zeros(2))
    with pytest.raises(ValueError, match="more updates than there were"):
        rnn.Adam({"w": w}).load_state(3, {"count.w": np.array(count)})

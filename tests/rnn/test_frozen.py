"""Parameters that are not trained: saved, loaded, checkpointed and counted like all others, and left as they are."""

import copy
import pickle

import numpy as np
import pytest

import rnn
import tinygraph as tg
from tests.rnn.helpers import values

DATA = rnn.windows(np.sin(np.arange(30) / 3), 4)


def frozen_model(seed=0):
    model = rnn.Forecaster(4, 6, rng=seed)
    model.cell.U.requires_grad = False
    return model


def test_a_frozen_parameter_is_in_the_state_dict_as_in_torch():
    torch = pytest.importorskip("torch")
    theirs, ours = torch.nn.RNNCell(4, 6), rnn.ElmanCell(4, 6, rng=0)
    theirs.weight_ih.requires_grad = False
    ours.U.requires_grad = False
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert len(ours.parameters()) == 3  # U, W and b; PyTorch has two biases
    assert len(list(theirs.parameters())) == 4
    ours.load_state_dict(theirs.state_dict())
    np.testing.assert_allclose(ours.U.data, theirs.weight_ih.detach().numpy())


def test_training_leaves_it_alone_and_trains_the_others():
    model = frozen_model()
    before = values(model)
    rnn.fit(model, DATA, epochs=3, optimizer=rnn.AdamW(model, 0.1, weight_decay=0.5), quiet=True)
    changed = {name for name, value in values(model).items() if not np.array_equal(value, before[name])}
    assert changed == set(before) - {"cell.U"}


def test_a_run_is_resumed_with_the_frozen_values_of_the_file(tmp_path):
    whole, first, again = frozen_model(0), frozen_model(0), frozen_model(1)
    rnn.fit(whole, DATA, epochs=6, quiet=True)
    rnn.fit(first, DATA, epochs=3, checkpoint=tmp_path / "run", quiet=True)
    rnn.fit(again, DATA, epochs=6, checkpoint=tmp_path / "run", resume=True, quiet=True)
    for name, value in values(whole).items():
        np.testing.assert_array_equal(values(again)[name], value, name)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_it_too(copied):
    twin = copied(frozen_model())
    assert "cell.U" in twin.parameters()
    assert twin.num_parameters(requires_grad=False) == 24


class Several(rnn.Module):
    def __init__(self):
        self.matrices = [tg.parameter(np.eye(2)), tg.parameter(np.ones(2))]
        self.by_name = {"A": tg.parameter(np.ones(3)), "constant": tg.tensor(np.ones(1))}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_has_those_in_lists_and_dicts_too(copied):
    model = Several()
    model.matrices.append(tg.parameter(np.zeros(4)))
    for parameter in (*model.matrices, model.by_name["A"]):
        parameter.requires_grad = False
    twin = copied(copied(model))
    assert twin.state_dict().keys() == model.state_dict().keys()
    assert list(twin.parameters()) == ["matrices.0", "matrices.1", "matrices.2", "by_name.A"]
    assert twin.num_parameters(requires_grad=False) == 4 + 2 + 4 + 3


def test_one_that_is_frozen_before_it_is_held_is_a_parameter_and_a_constant_is_none():
    W = tg.parameter(np.eye(3))
    W.requires_grad = False
    cell = rnn.ElmanCell(2, 3, rng=0)
    cell.W, cell.constant = W, tg.tensor([1.0])
    assert list(cell.parameters()) == ["U", "W", "b"]


def test_what_takes_the_place_of_a_parameter_is_none():
    cell = rnn.ElmanCell(2, 3, rng=0)
    cell.b = None
    cell.b = tg.tensor(np.zeros(3))
    assert list(cell.parameters()) == ["U", "W"]


def test_all_are_frozen_and_trained_again_together():
    model = rnn.Forecaster(4, 6, rng=0)
    model.requires_grad_(False)
    assert (model.num_parameters(True), model.num_parameters(False)) == (0, model.num_parameters())
    assert model.requires_grad_().num_parameters(True) == model.num_parameters()

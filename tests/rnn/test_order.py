"""A cell that is called as PyTorch's, x first, where x and h have one size; and what is right but looks alike."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import rnn
import tinygraph as tg

KINDS = [rnn.ElmanCell, rnn.GRUCell, rnn.LayerNormElmanCell, rnn.LayerNormGRUCell]
XS = np.random.default_rng(0).normal(size=(5, 2, 4))


@pytest.mark.parametrize("kind", [*KINDS, lambda I, H, rng: rnn.JordanCell(I, 3, H, rng=rng),
                                  lambda I, H, rng: rnn.ConditionedCell(I, H, 2, rng=rng)])  # fmt: skip
def test_the_order_of_pytorch_is_refused_when_the_state_comes_back(kind):
    cell = kind(4, 4, rng=0)
    h = cell(np.zeros((2, 4)), XS[0])
    for x in (XS[1], tg.tensor(XS[1]), tg.parameter(XS[1]) * 2):
        with pytest.raises(TypeError, match="where PyTorch's cells take x first"):
            cell(x, h)
    with tg.no_grad():
        h = cell(h, XS[1])
        with pytest.raises(TypeError, match=r"Write cell\(h, x\)"):
            cell(XS[2], h)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("learned", [False, True])
def test_a_cell_may_read_its_own_states(kind, learned):
    cell = kind(4, 4, rng=0, learned_state=learned)
    h = cell(cell.initial_state((2,)), XS[0])
    for state in (np.zeros((2, 4)), tg.tensor(np.zeros((2, 4))), cell.initial_state((2,)), h):
        assert cell(state, h).shape == (2, 4)
    for layer in (rnn.Layers(cell, cell), rnn.Stacked(cell, cell), rnn.Stacked(*[rnn.RecurrentDropout(cell)] * 2)):
        model = rnn.ManyToMany(layer, 2, rng=0)
        assert len(model(XS)) == len(model(XS, lengths=[5, 3])) == 5
        _, end = model.run(XS)
        assert len(model.run(XS, end)[0]) == 5


def test_cells_above_one_another_read_each_others_states():
    first, second = (rnn.ElmanCell(4, 4, rng=seed) for seed in (0, 1))
    h = first(np.ones(4), XS[0])
    assert second(np.ones((2, 4)), h).shape == (2, 4)


def test_a_state_does_not_keep_its_cell():
    cell = rnn.GRUCell(4, 4, rng=0)
    h = cell(np.zeros((2, 4)), XS[0])
    known = weakref.ref(cell)
    del cell
    tg.no_grad()(rnn.unroll)(rnn.ElmanCell(4, 4, rng=0), XS)  # another call than the last
    gc.collect()
    assert known() is None
    assert rnn.GRUCell(4, 4, rng=0)(np.ones((2, 4)), h).shape == (2, 4)


def test_a_copy_of_a_state_is_data():
    cell = rnn.ElmanCell(4, 4, rng=0)
    with tg.no_grad():
        h = cell(np.zeros((2, 4)), XS[0])
    for twin in (copy.deepcopy(h), pickle.loads(pickle.dumps(h))):
        assert cell(np.ones((2, 4)), twin).shape == (2, 4)

"""Dropout: what is dropped, when, and that a recorded mask stays as it was drawn."""

import numpy as np
import pytest

import rnn
import tinygraph as tg

DROPOUTS = {"each time step": rnn.Dropout, "one mask": rnn.VariationalDropout}


@pytest.mark.parametrize("kind", DROPOUTS)
def test_numbers_are_dropped_at_the_rate_and_the_others_scaled(kind):
    y = DROPOUTS[kind](0.3, rng=0)(np.ones((20, 30, 40)))
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("kind", DROPOUTS)
@pytest.mark.parametrize("form", [np.asarray, tg.tensor, lambda xs: [tg.tensor(x) for x in xs]])
def test_the_mask_is_one_for_all_time_steps_only_where_it_should_be(kind, form):
    ys = DROPOUTS[kind](0.5, rng=0)(form(np.ones((5, 8, 8))))
    steps = [np.asarray(y.data if isinstance(y, tg.Tensor) else y) for y in ys]
    assert all(np.array_equal(step, steps[0]) for step in steps) == (kind == "one mask")


@pytest.mark.parametrize("kind", DROPOUTS)
def test_evaluation_drops_nothing_and_draws_nothing(kind):
    dropout = DROPOUTS[kind](0.5, rng=0)
    before = dropout.rng.bit_generator.state
    xs = tg.parameter(np.ones((3, 4)))
    assert dropout.eval()(xs) is xs
    assert dropout.rng.bit_generator.state == before


def test_all_or_nothing():
    assert rnn.Dropout(1.0, rng=0)(np.ones(9)).tolist() == [0.0] * 9
    assert rnn.Dropout(0.0, rng=0)(np.ones(9)).tolist() == [1.0] * 9


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_p_is_a_probability(p):
    for make in (rnn.Dropout, rnn.VariationalDropout, lambda p: rnn.RecurrentDropout(rnn.GRUCell(2, 3), p)):
        with pytest.raises(ValueError, match="p should be a probability, from 0 to 1"):
            make(p)


def test_float32_stays_float32():
    assert rnn.Dropout(0.3, rng=0)(tg.tensor(np.ones(3, "float32"))).dtype == np.float32


def test_recurrent_dropout_is_the_cell_on_a_masked_state():
    cell = rnn.LSTMCell(3, 4, rng=0)
    xs = np.random.default_rng(1).normal(size=(5, 2, 3))
    outputs, ((b_c, s), m) = rnn.unroll(rnn.RecurrentDropout(cell, 0.5, rng=2), xs)
    assert set(np.unique(m.data)) == {0.0, 2.0}
    state = (np.zeros((2, 4)), np.zeros((2, 4)))
    for x, output in zip(xs, outputs, strict=True):
        state = cell((state[0] * m.data, state[1]), x)
        np.testing.assert_array_equal(output.data, state[0].data)
    np.testing.assert_array_equal((b_c.data, s.data), (state[0].data, state[1].data))


def test_recurrent_dropout_evaluates_as_the_cell():
    cell = rnn.GRUCell(3, 4, rng=0)
    dropping = rnn.RecurrentDropout(cell, 0.5, rng=2).eval()
    xs = np.random.default_rng(1).normal(size=(5, 3))
    for ours, expected in zip(rnn.unroll(dropping, xs)[0], rnn.unroll(cell, xs)[0], strict=True):
        np.testing.assert_array_equal(ours.data, expected.data)
    assert dropping.state_dict().keys() == cell.state_dict().keys()


def test_recurrent_dropout_goes_on_with_its_mask_and_masks_padding():
    dropping = rnn.RecurrentDropout(rnn.GRUCell(3, 4, rng=0), 0.5, rng=2)
    xs = np.random.default_rng(1).normal(size=(6, 2, 3))
    whole, end = rnn.unroll(dropping, xs, lengths=[6, 2])
    dropping.rng = np.random.default_rng(2)
    _, half = rnn.unroll(dropping, xs[:2])
    rest, _ = rnn.unroll(dropping, xs[2:], half)
    np.testing.assert_array_equal(rest[-1].data[0], whole[-1].data[0])
    np.testing.assert_array_equal(end[0].data[1], half[0].data[1])
    assert end[1].op is None  # the mask as it was drawn: it is not masked itself


def small(rng=0):
    rng = np.random.default_rng(rng)
    return rnn.ManyToMany(
        rnn.Layers(
            rnn.Embedding(7, 3, padding_idx=0, rng=rng),
            rnn.VariationalDropout(0.3, rng=rng),
            rnn.RecurrentDropout(rnn.LayerNormLSTMCell(3, 4, rng=rng), 0.3, rng=rng),
            rnn.Dropout(0.3, rng=rng),
        ),
        7,
        rng=rng,
    )


def test_a_mask_is_a_constant_of_the_record_and_replays_as_it_was():
    model = small()
    numbers = np.random.default_rng(0).integers(0, 7, (5, 2))
    loss = rnn.cross_entropy(model(numbers), numbers)
    value = loss.item()
    trace = tg.trace(loss)
    assert trace.verify() == []
    loss.backward()
    np.testing.assert_array_equal(trace.gradient("E"), model.layer.layers[0].E.grad)
    again = tg.what_if(trace, {"c": model.readout.c.data})
    assert again.output.data == value


def test_the_mode_reaches_all_parts_and_goes_back():
    model = small()
    model.layer.layers[1].eval()
    modes = [module.training for module in model.modules()]
    with model.evaluating():
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == modes
    assert all(module.training for module in model.train().modules())


def test_what_a_model_draws_from_is_known_by_name_and_once():
    generators = small().generators()
    assert list(generators) == ["layer.layers.1.rng"]
    apart = rnn.Layers(rnn.Dropout(rng=0), rnn.ElmanCell(2, 3, rng=0), rnn.Dropout(rng=1))
    assert list(apart.generators()) == ["layers.0.rng", "layers.2.rng"]

"""Weights by the names that people have: prefixes of their own, layers into cells, and what is said otherwise."""

import re

import numpy as np
import pytest

import rnn


def state(**shapes):
    """A state dict of random arrays; __ stands for the dot."""
    rng = np.random.default_rng(0)
    return {name.replace("__", "."): rng.normal(size=shape) for name, shape in shapes.items()}


def lstm(prefix="", layers=1, I=3, H=4, bias=True):
    names = {}
    for layer in range(layers):
        names[f"{prefix}weight_ih_l{layer}"] = (4 * H, I if layer == 0 else H)
        names[f"{prefix}weight_hh_l{layer}"] = (4 * H, H)
        if bias:
            names[f"{prefix}bias_ih_l{layer}"] = names[f"{prefix}bias_hh_l{layer}"] = (4 * H,)
    return names


def assert_holds(model, arrays, pairs):
    own = model.state_dict()
    for ours, theirs in pairs.items():
        expected = arrays[theirs]
        if "bias" in ours:  # ours is the sum of both
            own_sum = own[ours] + own[ours.replace("ih", "hh")] if "_ih" in ours else own[ours]
            expected = expected + arrays[theirs.replace("ih", "hh")] if "_ih" in theirs else expected
            np.testing.assert_allclose(own_sum, expected)
        else:
            np.testing.assert_array_equal(own[ours], expected)


def test_a_layers_dict_goes_into_a_cell_a_stack_and_a_layer_of_that_name():
    arrays = state(**lstm())
    cell = rnn.LSTMCell(3, 4)
    cell.load_state_dict(arrays)
    assert_holds(cell, arrays, {"weight_ih": "weight_ih_l0", "weight_hh": "weight_hh_l0", "bias_ih": "bias_ih_l0"})
    for model in (rnn.Stacked(rnn.LSTMCell(3, 4)), rnn.LSTM(3, 4), rnn.Layers(rnn.LSTMCell(3, 4))):
        model.load_state_dict(arrays)
        assert_holds(model, arrays, {"weight_ih_l0": "weight_ih_l0"})


def test_recurrent_layers_are_counted_by_themselves():
    layers = rnn.Layers(rnn.Dropout(0.1), rnn.LSTMCell(3, 4), rnn.LayerNorm(4), rnn.LSTMCell(4, 4))
    names = list(layers.state_dict())
    assert [name for name in names if name.startswith("weight_ih")] == ["weight_ih_l0", "weight_ih_l1"]
    assert "layers.2.weight" in names
    assert [p.name for p in layers.parameters().values() if p.shape == (16, 3)] == ["U_1"]
    other = rnn.Layers(rnn.LSTMCell(3, 4), rnn.Dropout(0.1), rnn.LSTMCell(4, 4))
    arrays = state(**lstm(layers=2))
    other.load_state_dict(arrays)
    np.testing.assert_array_equal(other.state_dict()["weight_hh_l1"], arrays["weight_hh_l1"])


def test_prefixes_of_ones_own_are_mapped_by_what_the_parts_hold():
    arrays = state(**lstm("lstm__", layers=2), fc__weight=(2, 4), fc__bias=(2,), emb__weight=(9, 3))
    layers = rnn.Layers(rnn.Embedding(9, 3), rnn.LSTM(3, 4, num_layers=2))
    model = rnn.ManyToOne(layers, 2)
    model.load_state_dict(arrays)
    own = model.state_dict()
    np.testing.assert_array_equal(own["readout.weight"], arrays["fc.weight"])
    np.testing.assert_array_equal(own["cell.layers.0.weight"], arrays["emb.weight"])
    np.testing.assert_array_equal(model.cell.layers[1].state_dict()["weight_hh_l1"], arrays["lstm.weight_hh_l1"])


def test_a_prefix_in_front_of_all_is_dropped():
    arrays = state(**lstm("rnn__"))
    cell = rnn.LSTMCell(3, 4)
    cell.load_state_dict(arrays)
    np.testing.assert_array_equal(cell.state_dict()["weight_ih"], arrays["rnn.weight_ih_l0"])


def test_parts_that_could_be_exchanged_are_not_guessed():
    class Two(rnn.Module):
        def __init__(self):
            self.first, self.second = rnn.Readout(3, 3), rnn.Readout(3, 3)

    arrays = state(fc1__weight=(3, 3), fc1__bias=(3,), fc2__weight=(3, 3), fc2__bias=(3,))
    with pytest.raises(KeyError, match=r"missing \['first.weight'"):
        Two().load_state_dict(arrays)
    exact = {name.replace("fc1", "first").replace("fc2", "second"): array for name, array in arrays.items()}
    two = Two()
    two.load_state_dict(exact)
    np.testing.assert_array_equal(two.second.V.data, arrays["fc2.weight"])


@pytest.mark.parametrize(
    ("arrays", "fits"),
    [
        (lstm(layers=2), "PyTorch's LSTM, which fits rnn.LSTM(3, 4, num_layers=2)"),
        (lstm("lstm__", bias=False), "lstm: PyTorch's LSTM, which fits rnn.LSTM(3, 4, bias=False)"),
        ({"weight_ih": (12, 3), "weight_hh": (12, 4), "bias_ih": (12,), "bias_hh": (12,)},
         "PyTorch's GRUCell, which fits rnn.GRUCell(3, 4, reset_after=True)"),
        ({f"weight_{kind}_l0{way}": (4, size) for kind, size in (("ih", 3), ("hh", 4)) for way in ("", "_reverse")},
         "rnn.RNN(3, 4, bias=False, bidirectional=True)"),
        ({"fc__weight": (2, 4), "fc__bias": (2,)}, "fc: PyTorch's Linear, which fits rnn.Readout(4, 2)"),
        ({"e__weight": (9, 3)}, "e: PyTorch's Embedding or Linear, which fits rnn.Embedding(9, 3)"),
        ({"n__weight": (9,), "n__bias": (9,)}, "n: PyTorch's LayerNorm, which fits rnn.LayerNorm(9)"),
    ],
)  # fmt: skip
def test_the_error_says_which_class_fits(arrays, fits):
    with pytest.raises(KeyError, match=re.escape(fits)):
        rnn.AdditiveAttention(3, 4, 5).load_state_dict(state(**arrays))


def test_weights_of_another_size_say_which_class_fits():
    with pytest.raises(ValueError, match=r"weight_ih_l0 should have shape \(16, 5\).*fits rnn.LSTM\(3, 4\)"):
        rnn.LSTM(5, 4).load_state_dict(state(**lstm()))


def test_what_fits_takes_what_it_was_said_to_fit():
    for arrays in (lstm(layers=2), lstm(bias=False)):
        message = ""
        try:
            rnn.AdditiveAttention(3, 4, 5).load_state_dict(state(**arrays))
        except KeyError as error:
            message = error.args[0]
        model = eval(message.rpartition("fits ")[2], {"rnn": rnn})
        model.load_state_dict(state(**arrays))

"""Recurrent layers are written out cell by cell, with torch's numbers to rounding."""

import itertools

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from torch import nn  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence  # noqa: E402

import tinygraph.pytorch  # noqa: E402
from tests.pytorch.checking import agreement  # noqa: E402

KINDS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
OPTIONS = {
    "plain": {},
    "without bias, batch first": {"bias": False, "batch_first": True},
    "two layers, both directions": {"num_layers": 2, "bidirectional": True},
    "dropout": {"num_layers": 2, "dropout": 0.5},
}


class Network(nn.Module):
    def __init__(self, kind, **options):
        super().__init__()
        self.embed = nn.Embedding(9, 3)
        self.rnn = KINDS[kind](3, 4, **options)


def whole(kind, **options):
    def program():
        model, words = Network(kind, **options), torch.randint(0, 9, (6, 5))

        def compute():
            outputs, state = model.rnn(model.embed(words))
            states = state if isinstance(state, tuple) else (state,)
            return outputs.pow(2).mean() + sum((k + 1) * part.sin().sum() for k, part in enumerate(states))

        return model, compute

    return program


@pytest.mark.parametrize(("kind", "options"), list(itertools.product(KINDS, OPTIONS)))
def test_layers(kind, options):
    agreed = agreement(whole(kind, **OPTIONS[options]))
    assert agreed.parameters < 1e-6
    assert agreed.inside < 2e-6
    steps = 5 if OPTIONS[options].get("batch_first") else 6
    assert agreed.trace.graph.timesteps == list(range(1, steps + 1))
    assert {"lstm", "gru", "rnn_tanh"}.isdisjoint(str(node.op) for node in agreed.trace.graph.nodes)


def test_a_relu_layer_and_one_with_a_projection():
    assert agreement(whole("rnn", nonlinearity="relu")).parameters < 1e-6
    with pytest.warns(UserWarning, match="projections"):
        torch.nn.LSTM(3, 4, proj_size=2)(torch.ones(2, 1, 3))  # torch says so once
    assert agreement(whole("lstm", proj_size=2)).parameters < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences(kind):
    def program():
        model, words = Network(kind, num_layers=2, bidirectional=True), torch.randint(0, 9, (6, 4))

        def compute():
            lengths = torch.tensor([3, 6, 1, 5])
            packed = pack_padded_sequence(model.embed(words), lengths, enforce_sorted=False)
            outputs, state = model.rnn(packed)
            outputs, _ = pad_packed_sequence(outputs)
            last = state[0] if isinstance(state, tuple) else state
            return outputs.pow(2).mean() + last.sin().sum()

        return model, compute

    agreed = agreement(program)
    assert agreed.parameters < 1e-6
    assert agreed.inside < 2e-6


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_loops_of_cells_are_torchs_to_the_last_bit(cell):
    def program():
        model, xs = cell(3, 4), torch.randn(12, 5, 3)

        def compute():
            state = None
            for x in xs:
                state = model(x, state)
            return (state[0] + state[1] if isinstance(state, tuple) else state).pow(2).sum()

        return model, compute

    agreed = agreement(program)
    assert (agreed.parameters, agreed.inside) == (0.0, 0.0)
    assert agreed.trace.graph.timesteps == list(range(1, 13))


def test_an_initial_state_that_is_learned_receives_its_gradient():
    def program():
        model, x = nn.GRU(3, 4), torch.randn(6, 2, 3)
        model.first = nn.Parameter(torch.randn(1, 1, 4))
        return model, lambda: model(x, model.first.expand(1, 2, 4))[0].pow(2).sum()

    assert agreement(program).parameters < 1e-6


def test_what_dropout_multiplies_by_is_called_a_mask():
    model, x = torch.nn.LSTM(3, 4, 2, dropout=0.5), torch.randn(5, 2, 3)
    with tinygraph.pytorch.record(model) as recording:
        loss = model(x)[0].sum()
    masks = [node for node in recording.trace(loss).graph.nodes if node.name == "mask"]
    assert len(masks) == 5
    assert {float(number) for node in masks for number in node.data.flat} <= {0.0, 2.0}

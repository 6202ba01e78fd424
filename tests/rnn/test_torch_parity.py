"""With copied weights our cells and layers are PyTorch's: outputs, states and all gradients, in float64."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
import tinygraph as tg
from tests.rnn.helpers import seeds

if os.environ.get("CI"):
    import torch  # the comparison must not be skipped there
else:
    torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

CELLS = {
    "tanh": lambda i, h, bias, rng: rnn.ElmanCell(i, h, "tanh", bias, rng=rng),
    "relu": lambda i, h, bias, rng: rnn.ElmanCell(i, h, "relu", bias, rng=rng),
    "lstm": lambda i, h, bias, rng: rnn.LSTMCell(i, h, bias=bias, rng=rng),
    "gru": lambda i, h, bias, rng: rnn.GRUCell(i, h, reset_after=True, bias=bias, rng=rng),
}
TORCH_CELLS = {
    "tanh": lambda i, h, bias: torch.nn.RNNCell(i, h, bias, "tanh"),
    "relu": lambda i, h, bias: torch.nn.RNNCell(i, h, bias, "relu"),
    "lstm": lambda i, h, bias: torch.nn.LSTMCell(i, h, bias),
    "gru": lambda i, h, bias: torch.nn.GRUCell(i, h, bias),
}
TORCH_LAYERS = {
    "tanh": lambda *args, **kw: torch.nn.RNN(*args, nonlinearity="tanh", **kw),
    "relu": lambda *args, **kw: torch.nn.RNN(*args, nonlinearity="relu", **kw),
    "lstm": lambda *args, **kw: torch.nn.LSTM(*args, **kw),
    "gru": lambda *args, **kw: torch.nn.GRU(*args, **kw),
}
kinds = pytest.mark.parametrize("kind", CELLS)
sizes = st.integers(1, 5)
cases = {
    "I": sizes,
    "H": sizes,
    "bias": st.booleans(),
    "lengths": st.lists(st.integers(1, 6), min_size=1, max_size=4),
    "seed": seeds,
}
close = {"rtol": 1e-9, "atol": 1e-11}


def copied(ours, theirs):
    """Give both the weights that PyTorch drew, in float64, and return theirs."""
    theirs = theirs.double()
    ours.load_state_dict(theirs.state_dict())
    return theirs


def assert_same_gradients(ours, theirs):
    """Compare all gradients under PyTorch's names: ours in its layout are the state dict of the gradients."""
    for parameter in ours.parameters().values():
        parameter.data = np.zeros(parameter.shape) if parameter.grad is None else parameter.grad
    found = ours.state_dict()
    for name, parameter in theirs.named_parameters():
        expected = parameter.grad.numpy()
        if name.startswith("bias_hh") and not is_candidate_bias(theirs):
            continue  # its gradient is that of bias_ih, with which ours is one
        if name.startswith("bias_hh"):
            expected, got = np.split(expected, 3)[2], np.split(found[name], 3)[2]
        else:
            got = found[name]
        np.testing.assert_allclose(got, expected, **close, err_msg=name)


def is_candidate_bias(theirs):
    return isinstance(theirs, (torch.nn.GRU, torch.nn.GRUCell))


def padded(rng, lengths, features):
    lengths = sorted(lengths, reverse=True)
    return rnn.pad([rng.normal(size=(n, features)) for n in lengths])


def weighted(outputs, active, weights):
    """A loss that reads every valid output with a weight of its own."""
    terms = [tg.sum(h * (weights[t] * active[t])) for t, h in enumerate(outputs)]
    return tg.sum(tg.stack(terms))


@kinds
@given(I=sizes, H=sizes, bias=st.booleans(), N=sizes, seed=seeds)
def test_a_cell_is_torchs(kind, I, H, bias, N, seed):
    torch.manual_seed(seed % 1000)
    rng = np.random.default_rng(seed)
    ours = CELLS[kind](I, H, bias, rng)
    theirs = copied(ours, TORCH_CELLS[kind](I, H, bias))
    x, h, weights = rng.normal(size=(N, I)), rng.normal(size=(2, N, H)), rng.normal(size=(N, H))
    state = (tg.parameter(h[0]), tg.parameter(h[1])) if kind == "lstm" else tg.parameter(h[0])
    start = torch.tensor(h, requires_grad=True)
    after = ours(state, x)
    expected = theirs(torch.tensor(x), tuple(start) if kind == "lstm" else start[0])
    for one, other in zip(after, expected, strict=True) if kind == "lstm" else [(after, expected)]:
        np.testing.assert_allclose(one.data, other.detach().numpy(), **close)
    tg.sum(ours.output(after) * weights).backward()
    ((expected[0] if kind == "lstm" else expected) * torch.tensor(weights)).sum().backward()
    states = state if kind == "lstm" else (state,)
    for one, other in zip(states, start.grad, strict=False):
        np.testing.assert_allclose(one.grad, other.numpy(), **close)
    assert_same_gradients(ours, theirs)


def compare_layers(ours, run, theirs, xs, lengths, rng):
    """Run both over a padded batch and compare outputs, last states, and gradients of xs and of all weights."""
    mine = tg.parameter(xs)
    outputs, state = run(mine, lengths)
    given_x = torch.tensor(xs, requires_grad=True)
    packed = torch.nn.utils.rnn.pack_padded_sequence(given_x, torch.tensor(lengths))
    expected, last = theirs(packed)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(expected)
    active = rnn.mask(lengths, len(xs), (len(lengths),))
    got = np.stack([h.data for h in outputs]) * active
    np.testing.assert_allclose(got, expected.detach().numpy(), **close)
    weights = rng.normal(size=expected.shape)
    weighted(outputs, active, weights).backward()
    (expected * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(mine.grad, given_x.grad.numpy(), **close)
    assert_same_gradients(ours, theirs)
    return state, last


@kinds
@given(**cases, layers=st.integers(1, 3))
def test_stacks_are_torchs(kind, I, H, bias, lengths, seed, layers):
    torch.manual_seed(seed % 1000)
    rng = np.random.default_rng(seed)
    cells = [CELLS[kind](I if layer == 0 else H, H, bias, rng) for layer in range(layers)]
    ours = rnn.Stacked(*cells)
    theirs = copied(ours, TORCH_LAYERS[kind](I, H, layers, bias=bias))
    xs, lengths = padded(rng, lengths, I)
    state, last = compare_layers(ours, lambda x, n: rnn.unroll(ours, x, None, n), theirs, xs, lengths, rng)
    for layer in range(layers):
        parts = zip(state[layer], last, strict=True) if kind == "lstm" else [(state[layer], last)]
        for one, other in parts:
            np.testing.assert_allclose(one.data, other[layer].detach().numpy(), **close)


@kinds
@given(**cases, layers=st.integers(1, 2))
def test_both_directions_are_torchs(kind, I, H, bias, lengths, seed, layers):
    torch.manual_seed(seed % 1000)
    rng = np.random.default_rng(seed)
    pairs = [
        rnn.Bidirectional(*(CELLS[kind](I if layer == 0 else 2 * H, H, bias, rng) for _ in range(2)))
        for layer in range(layers)
    ]
    ours = pairs[0] if layers == 1 else rnn.Layers(*pairs)
    theirs = copied(ours, TORCH_LAYERS[kind](I, H, layers, bias=bias, bidirectional=True))
    xs, lengths = padded(rng, lengths, I)
    state, last = compare_layers(ours, lambda x, n: ours(x, None, n), theirs, xs, lengths, rng)
    ends = [end for pair in ([state] if layers == 1 else state) for end in pair]
    for position, end in enumerate(ends):
        for one, other in zip(end, last, strict=True) if kind == "lstm" else [(end, last)]:
            np.testing.assert_allclose(one.data, other[position].detach().numpy(), **close)


@kinds
@given(I=sizes, H=sizes, bias=st.booleans(), seed=seeds)
def test_state_dicts_go_to_torch_and_back(kind, I, H, bias, seed):
    ours = CELLS[kind](I, H, bias, np.random.default_rng(seed))
    state = ours.state_dict()
    theirs = TORCH_CELLS[kind](I, H, bias).double()
    theirs.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    again = CELLS[kind](I, H, bias, np.random.default_rng(seed + 1))
    again.load_state_dict(theirs.state_dict())
    for name, parameter in ours.parameters().items():
        assert np.array_equal(again.parameters()[name].data, parameter.data), name


def test_a_model_with_a_readout_has_the_names_of_torch_modules():
    model = rnn.ManyToMany(rnn.Stacked(rnn.LSTMCell(3, 4, rng=0), rnn.LSTMCell(4, 4, rng=1)), 2, rng=2)
    theirs = torch.nn.ModuleDict({"layer": torch.nn.LSTM(3, 4, 2), "readout": torch.nn.Linear(4, 2)})
    assert {k: v.shape for k, v in model.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }


def test_safetensors_files_are_exchanged_with_torch(tmp_path):
    files = pytest.importorskip("safetensors.torch")
    path = tmp_path / "weights.safetensors"
    theirs = torch.nn.GRU(3, 4, 2).double()
    files.save_file(theirs.state_dict(), path)
    ours = rnn.Stacked(*(rnn.GRUCell(i, 4, reset_after=True, rng=0) for i in (3, 4)))
    ours.load(path)
    xs = np.random.default_rng(0).normal(size=(5, 2, 3))
    expected = theirs(torch.tensor(xs))[0].detach().numpy()
    np.testing.assert_allclose([h.data for h in rnn.unroll(ours, xs)[0]], expected, **close)
    ours.save(path)
    theirs.load_state_dict(files.load_file(path))
    np.testing.assert_allclose(theirs(torch.tensor(xs))[0].detach().numpy(), expected, **close)


OPTIMISERS = [
    (lambda p: rnn.SGD(p, 0.1), lambda p: torch.optim.SGD(p, 0.1)),
    (
        lambda p: rnn.SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.1),
    ),
    (lambda p: rnn.Adam(p, 0.1), lambda p: torch.optim.Adam(p, 0.1)),
    (
        lambda p: rnn.Adam(p, 0.1, (0.8, 0.95), weight_decay=0.1),
        lambda p: torch.optim.Adam(p, 0.1, (0.8, 0.95), weight_decay=0.1),
    ),
    (lambda p: rnn.AdamW(p, 0.1, weight_decay=0.2), lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.2)),
]


@pytest.mark.parametrize(("ours", "theirs"), OPTIMISERS)
@given(gradients=st.lists(st.floats(-5, 5), min_size=1, max_size=12))
def test_optimisers_are_torchs(ours, theirs, gradients):
    w, v = tg.parameter(np.array([1.0, -2.0])), torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    ours, theirs = ours({"w": w}), theirs([v])
    for gradient in gradients:
        w.grad, v.grad = np.array([gradient, 1.0]), torch.tensor([gradient, 1.0], dtype=torch.float64)
        ours.step()
        theirs.step()
    np.testing.assert_allclose(w.data, v.detach().numpy(), rtol=1e-9, atol=1e-12)

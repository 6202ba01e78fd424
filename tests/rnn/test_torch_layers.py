"""With copied weights our modules are PyTorch's: embeddings, normalisation, recurrent layers, packed sequences."""

import os

import numpy as np
import pytest

import rnn
import tinygraph as tg

if os.environ.get("CI"):
    import torch  # the comparison must not be skipped there
else:
    torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow

close = {"rtol": 1e-9, "atol": 1e-11}
LENGTHS = [2, 6, 1, 4]
I, H, N, T = 3, 4, len(LENGTHS), max(LENGTHS)


def same(ours, theirs):
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), **close)


def test_embedding():
    theirs = torch.nn.Embedding(6, 3, padding_idx=2).double()
    ours = rnn.Embedding(6, 3, padding_idx=2)
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    numbers = np.array([[0, 2, 5], [5, 5, 1]])
    weights = np.random.default_rng(0).normal(size=(2, 3, 3))
    y, expected = ours(numbers), theirs(torch.tensor(numbers))
    same(y, expected)
    (y * weights).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(ours.E.grad, theirs.weight.grad.numpy(), **close)
    assert not ours.E.grad[2].any()


def test_word_vectors_that_are_frozen_or_not():
    vectors = np.random.default_rng(0).normal(size=(5, 3))
    for freeze in (True, False):
        ours = rnn.Embedding.from_pretrained(vectors, freeze=freeze)
        theirs = torch.nn.Embedding.from_pretrained(torch.tensor(vectors), freeze=freeze)
        assert ours.E.requires_grad == theirs.weight.requires_grad
        same(ours([1, 3]), theirs(torch.tensor([1, 3])))


@pytest.mark.parametrize("options", [{}, {"eps": 0.1}, {"bias": False}, {"elementwise_affine": False}])
@pytest.mark.parametrize("shape", [4, (3, 4)])
def test_layer_norm(options, shape):
    rng = np.random.default_rng(0)
    theirs = torch.nn.LayerNorm(shape, **options).double()
    ours = rnn.LayerNorm(shape, **options)
    state = {name: rng.normal(size=value.shape) for name, value in theirs.state_dict().items()}
    ours.load_state_dict(state)
    theirs.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    x, weights = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    x_ours, x_theirs = tg.parameter(x), torch.tensor(x, requires_grad=True)
    y, expected = ours(x_ours), theirs(x_theirs)
    same(y, expected)
    (y * weights).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(x_ours.grad, x_theirs.grad.numpy(), **close)


KINDS = {"RNN": (torch.nn.RNN, rnn.RNN), "LSTM": (torch.nn.LSTM, rnn.LSTM), "GRU": (torch.nn.GRU, rnn.GRU)}


def pair(kind, **options):
    """Return a layer of PyTorch's and ours with its weights."""
    theirs = KINDS[kind][0](I, H, **options).double()
    ours = KINDS[kind][1](I, H, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def parts(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"batch_first": True, "bias": False}], ids=str
)
@pytest.mark.parametrize("given", [False, True], ids=["from zero", "from a state"])
def test_recurrent_layers(kind, options, given):
    ours, theirs = pair(kind, **options)
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(N, T, I) if "batch_first" in options else (T, N, I))
    count = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    hx = tuple(rng.normal(size=(count, N, H)) for _ in range(1 + (kind == "LSTM")))
    ours_hx = hx if kind == "LSTM" else hx[0]
    theirs_hx = tuple(map(torch.tensor, hx)) if kind == "LSTM" else torch.tensor(hx[0])
    x = tg.parameter(xs)
    output, end = ours(x, ours_hx) if given else ours(x)
    x_theirs = torch.tensor(xs, requires_grad=True)
    expected, expected_end = theirs(x_theirs, theirs_hx) if given else theirs(x_theirs)
    same(output, expected)
    for state, expected_state in zip(parts(end), parts(expected_end), strict=True):
        same(state, expected_state)
    weights = rng.normal(size=output.shape)
    ((output * weights).sum() + sum(state.sum() for state in parts(end))).backward()
    ((expected * torch.tensor(weights)).sum() + sum(state.sum() for state in parts(expected_end))).backward()
    np.testing.assert_allclose(x.grad, x_theirs.grad.numpy(), **close)
    for parameter in ours.parameters().values():
        parameter.data = parameter.grad
    gradients = ours.state_dict()
    for name, parameter in theirs.named_parameters():  # of both biases, too
        np.testing.assert_allclose(gradients[name], parameter.grad.numpy(), **close, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sorts", [True, False])
@pytest.mark.parametrize("both", [True, False])
def test_packed_sequences_in_and_out(kind, sorts, both):
    ours, theirs = pair(kind, bidirectional=both)
    lengths = sorted(LENGTHS, reverse=True) if sorts else LENGTHS
    xs = np.random.default_rng(0).normal(size=(N, T, I))
    packed = rnn.pack_padded_sequence(xs, lengths, batch_first=True, enforce_sorted=sorts)
    expected = torch.nn.utils.rnn.pack_padded_sequence(torch.tensor(xs), lengths, True, enforce_sorted=sorts)
    np.testing.assert_array_equal(packed.data, expected.data.numpy())
    np.testing.assert_array_equal(packed.batch_sizes, expected.batch_sizes.numpy())
    output, end = ours(packed)
    expected_output, expected_end = theirs(expected)
    same(output.data, expected_output.data)
    for state, expected_state in zip(parts(end), parts(expected_end), strict=True):
        same(state, expected_state)
    for total in (None, 8):
        padded, found = rnn.pad_packed_sequence(output, True, -1.0, total)
        again, expected_lengths = torch.nn.utils.rnn.pad_packed_sequence(expected_output, True, -1.0, total)
        same(padded, again)
        assert found.tolist() == expected_lengths.tolist() == list(lengths)


@pytest.mark.parametrize("kind", KINDS)
def test_one_output_of_both_directions_reads_where_each_has_ended(kind):
    ours, theirs = pair(kind, bidirectional=True)
    xs = np.random.default_rng(0).normal(size=(T, N, I))
    packed = torch.nn.utils.rnn.pack_padded_sequence(torch.tensor(xs), LENGTHS, enforce_sorted=False)
    _, end = theirs(packed)
    h_n = parts(end)[0]
    for layer in (ours, ours.layers, ours.layers.layers[0]):
        model = rnn.ManyToOne(layer, 2, rng=0)
        readout = torch.cat([h_n[-2], h_n[-1]], -1) @ torch.tensor(model.readout.V.data).T
        same(model(xs, lengths=LENGTHS), readout)


def test_a_list_of_sequences_is_packed():
    sequences = [np.arange(n) + 10.0 * n for n in LENGTHS]
    ours = rnn.pack_sequence(sequences, enforce_sorted=False)
    theirs = torch.nn.utils.rnn.pack_sequence([torch.tensor(s) for s in sequences], enforce_sorted=False)
    np.testing.assert_array_equal(ours.data, theirs.data.numpy())
    np.testing.assert_array_equal(ours.sorted_indices, theirs.sorted_indices.numpy())
    np.testing.assert_array_equal(ours.unsorted_indices, theirs.unsorted_indices.numpy())


def normalised(theirs, norm, a):
    return torch.nn.functional.layer_norm(a, a.shape[-1:], theirs[f"{norm}.weight"], theirs[f"{norm}.bias"])


def lstm_step(p, h, c, x):
    a = normalised(p, "norm_x", x @ p["U"].T) + normalised(p, "norm_h", h @ p["W"].T)
    i, f, o, g = a.chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * normalised(p, "norm_s", c).tanh(), c


def gru_step(p, h, x):
    Ux, Wh = x @ p["U"].T, h @ p["W"].T
    z, r = (normalised(p, "norm_x", Ux[:, : 2 * H]) + normalised(p, "norm_h", Wh[:, : 2 * H])).sigmoid().chunk(2, -1)
    g = (normalised(p, "norm_x̃", Ux[:, 2 * H :]) + r * normalised(p, "norm_h̃", Wh[:, 2 * H :])).tanh()
    return (1 - z) * h + z * g


def elman_step(p, h, x):
    return normalised(p, "norm", x @ p["weight_ih"].T + h @ p["weight_hh"].T).tanh()


@pytest.mark.parametrize(
    ("kind", "step", "states"),
    [("LSTM", lstm_step, 2), ("GRU", gru_step, 1), ("Elman", elman_step, 1)],
)
def test_normalised_cells_are_the_papers_equations(kind, step, states):
    rng = np.random.default_rng(0)
    cell = getattr(rnn, f"LayerNorm{kind}Cell")(I, H, rng=rng)
    for parameter in cell.parameters().values():
        parameter.data = rng.normal(size=parameter.shape)
    theirs = {name: torch.tensor(value, requires_grad=True) for name, value in cell.state_dict().items()}
    xs, weights = rng.normal(size=(T, N, I)), rng.normal(size=(T, N, H))
    outputs, _ = rnn.unroll(cell, xs)
    state, expected = (torch.zeros(N, H, dtype=torch.float64),) * states, []
    for x in torch.tensor(xs):
        state = parts(step(theirs, *state, x))
        expected.append(state[0])
    same(tg.stack(outputs), torch.stack(expected))
    (tg.stack(outputs) * weights).sum().backward()
    (torch.stack(expected) * torch.tensor(weights)).sum().backward()
    gain, name = (cell.norm.g, "norm.weight") if kind == "Elman" else (cell.norm_h.g, "norm_h.weight")
    np.testing.assert_allclose(cell.W.grad, theirs.get("W", theirs.get("weight_hh")).grad.numpy(), **close)
    np.testing.assert_allclose(gain.grad, theirs[name].grad.numpy(), **close)

"""Running cells over sequences: the user's own, lengths, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
import tinygraph as tg


def own_cell(W):
    def cell(state, x):
        state = np.tanh(W @ state + x)
        return state

    return cell


def test_a_function_of_the_users_own_is_a_cell():
    W = tg.parameter(np.array([[0.5, -1.0], [2.0, 0.1]]))
    xs, s = np.random.default_rng(0).normal(size=(4, 2)), np.ones(2)
    outputs, last = rnn.unroll(own_cell(W), xs, s)
    for x, output in zip(xs, outputs, strict=True):
        s = np.tanh(W.data @ s + x)
        np.testing.assert_allclose(output.data, s)
    assert last is outputs[-1]
    graph = tg.graph(last)
    assert [n.timestep for n in graph.nodes if n.name == "state" and n.kind == "op"] == [1, 2, 3, 4]


def test_time_steps_are_labelled_from_one():
    outputs, _ = rnn.unroll(rnn.ElmanCell(2, 3, rng=0), np.ones((4, 2)))
    assert tg.graph(*outputs).timesteps == [1, 2, 3, 4]


def test_a_sequence_may_be_an_array_a_tensor_or_a_list_of_tensors():
    cell, xs = rnn.GRUCell(2, 3, rng=0), np.random.default_rng(0).normal(size=(4, 5, 2))
    expected = [h.data for h in rnn.unroll(cell, xs)[0]]
    for given_xs in (tg.tensor(xs), [tg.tensor(x) for x in xs], list(xs), xs.tolist()):
        assert np.array_equal([h.data for h in rnn.unroll(cell, given_xs)[0]], expected)


def test_integers_are_read_as_numbers_of_the_cells_dtype():
    cell = rnn.ElmanCell(2, 3, rng=0, dtype=np.float32)
    outputs, _ = rnn.unroll(cell, [[1, 2], [3, 4]])
    assert outputs[0].dtype == np.float32


@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4), reverse=st.booleans())
def test_masked_steps_keep_the_state(lengths, reverse):
    cell = rnn.LSTMCell(2, 3, rng=0)
    sequences = [np.random.default_rng(n).normal(size=(n, 2)) for n in lengths]
    xs, found = rnn.pad(sequences, value=9.0)
    outputs, (b_c, s) = rnn.unroll(cell, xs, None, found, reverse=reverse)
    for n, sequence in enumerate(sequences):
        alone, (b_c_alone, s_alone) = rnn.unroll(cell, sequence, reverse=reverse)
        np.testing.assert_allclose([o.data[n] for o in outputs[: len(sequence)]], [o.data for o in alone])
        np.testing.assert_allclose(b_c.data[n], b_c_alone.data)
        np.testing.assert_allclose(s.data[n], s_alone.data)


def test_a_stretch_goes_on_from_the_last_state():
    cell, xs = rnn.LSTMCell(2, 3, rng=0), np.random.default_rng(0).normal(size=(6, 2))
    whole, _ = rnn.unroll(cell, xs)
    _, state = rnn.unroll(cell, xs[:4])
    np.testing.assert_allclose(rnn.unroll(cell, xs[4:], state)[0][-1].data, whole[-1].data)


CELL = rnn.LSTMCell(4, 3, rng=0)
ZEROS = np.zeros((5, 2, 4))


@pytest.mark.parametrize(
    ("xs", "options", "message"),
    [
        (np.zeros((5, 2, 7)), {}, r"LSTMCell\(4, .* reads 4 features, but xs has shape \(5, 2, 7\)"),
        (np.zeros(4), {}, r"shape \(T, N, I\) or \(T, I\)"),
        (np.zeros((5, 0, 4)), {}, r"none of them 0; got \(5, 0, 4\)"),
        (np.zeros((0, 2, 4)), {}, r"none of them 0"),
        (ZEROS, {"lengths": [6, 1]}, r"between 1 and T = 5, not \[6, 1\]"),
        (ZEROS, {"lengths": [3, 0]}, r"between 1 and T = 5, not \[3, 0\]"),
        (ZEROS, {"lengths": [3]}, r"should have shape \(2,\), one for each sequence, not \(1,\)"),
        (ZEROS, {"state": np.zeros((2, 3))}, r"should be a tuple of 2"),
        ([tg.tensor(np.zeros(4)), tg.tensor(np.zeros((1, 4)))], {}, r"one shape, not \[\(1, 4\), \(4,\)\]"),
        (ZEROS, {"forced": ZEROS[:3]}, r"forced should hold 5 states, .* holds 3"),
        (ZEROS, {"state": (np.zeros((2, 3)), np.zeros((2, 4)))}, r"should have shape \(2, 3\), not \(2, 4\)"),
    ],
)
def test_bad_input_is_refused(xs, options, message):
    with pytest.raises(ValueError, match=message):
        rnn.unroll(CELL, xs, **options)


def test_bad_dtypes_are_refused():
    with pytest.raises(TypeError, match="holds float64, but xs is float32: convert"):
        rnn.unroll(CELL, np.zeros((5, 2, 4), np.float32))
    with pytest.raises(TypeError, match="lengths should be integers, not float64"):
        rnn.unroll(CELL, ZEROS, lengths=[1.5, 2.0])
    cell = rnn.ElmanCell(2, 3, rng=0)
    cell.b = tg.parameter(np.zeros(3, np.float32))
    with pytest.raises(TypeError, match="one dtype, not float32, float64"):
        rnn.unroll(cell, np.zeros((2, 2)))


def test_a_function_needs_an_initial_state():
    with pytest.raises(ValueError, match="needs an initial state"):
        rnn.unroll(lambda s, x: s, np.zeros((2, 2)))


@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_sizes_are_positive_integers(size):
    with pytest.raises(ValueError, match="hidden_size should be a positive integer"):
        rnn.ElmanCell(3, size)


def test_an_unknown_nonlinearity_is_refused():
    with pytest.raises(ValueError, match="one of .*'tanh'.*, not 'swish'"):
        rnn.ElmanCell(3, 3, "swish")


def test_randomness_is_explicit():
    assert np.array_equal(rnn.GRUCell(3, 4, rng=7).W.data, rnn.GRUCell(3, 4, rng=np.random.default_rng(7)).W.data)
    assert not np.array_equal(rnn.GRUCell(3, 4, rng=7).W.data, rnn.GRUCell(3, 4, rng=8).W.data)
    with pytest.raises(TypeError, match="Generator or an integer seed"):
        rnn.GRUCell(3, 4, rng="seed")


def float32_models():
    rng = np.random.default_rng(0)
    single = {"rng": rng, "dtype": np.float32}
    encoder = rnn.Bidirectional(rnn.GRUCell(2, 3, **single), rnn.GRUCell(2, 3, **single))
    attention = rnn.AdditiveAttention(3, 6, 4, **single)
    decoder = rnn.AttentionDecoder(rnn.GRUCell(1 + 6, 3, **single), attention, 1, rng=rng)
    return {
        "elman": rnn.ManyToMany(rnn.ElmanCell(2, 3, learned_state=True, **single), 1, rng=rng),
        "jordan": rnn.Forecaster(2, 3, recurrence="output", **single),
        "lstm": rnn.ManyToMany(rnn.LSTMCell(2, 3, peepholes=True, **single), 1, rng=rng),
        "gru": rnn.ManyToMany(rnn.GRUCell(2, 3, **single), 1, rng=rng),
        "both": rnn.BidirectionalNetwork(encoder, 1, rng=rng),
        "attention": rnn.AttentionEncoderDecoder(encoder, decoder),
    }


@pytest.mark.parametrize("kind", float32_models())
def test_float32_stays_float32_through_loss_gradients_and_updates(kind):
    model = float32_models()[kind]
    xs = np.ones((4, 2, 2), np.float32)
    outputs = model(xs, steps=4, lengths=[4, 2])[0] if kind == "attention" else model(xs, lengths=[4, 2])
    loss = rnn.mse(outputs, np.zeros((4, 2, 1)), [4, 2])
    loss.backward()
    rnn.Adam(model).step()
    assert loss.dtype == np.float32
    assert {outputs[-1].dtype, *(p.dtype for p in model.parameters().values())} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in model.parameters().values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "call",
    [
        lambda ys: rnn.Forecaster(2, 3, recurrence="output", rng=0)(np.ones((4, 2)), forced=ys),
        lambda ys: rnn.OneToMany(2, 3, 1, rng=0)(np.ones(2), targets=ys),
        lambda ys: rnn.Decoder(rnn.ElmanCell(1, 3, rng=0), 1, rng=0)(tg.tensor(np.ones(3)), ys),
    ],
)
def test_what_is_fed_back_must_have_the_networks_dtype(call):
    with pytest.raises(TypeError, match="holds float64, but .* float32"):
        call(np.ones((4, 1), np.float32))
    assert call(np.ones((4, 1), int))[-1].dtype == np.float64

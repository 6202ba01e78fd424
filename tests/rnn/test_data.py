"""Losses with lengths, and making arrays of data."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
import tinygraph as tg

lengths_lists = st.lists(st.integers(1, 6), min_size=1, max_size=5)


def outputs_of(values):
    return [tg.parameter(v) for v in values]


@given(lengths=lengths_lists)
def test_cross_entropy_leaves_out_what_is_after_the_end(lengths):
    rng = np.random.default_rng(0)
    T, N = max(lengths), len(lengths)
    scores, ys = rng.normal(size=(T, N, 3)), rng.integers(0, 3, (T, N))
    outputs = outputs_of(scores)
    loss = rnn.cross_entropy(outputs, ys, lengths)
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    expected = -sum(log_p[t, n, ys[t, n]] for n in range(N) for t in range(lengths[n])) / N
    assert loss.item() == pytest.approx(expected)
    loss.backward()
    for t, output in enumerate(outputs):
        for n in range(N):
            assert np.any(output.grad[n]) == (t < lengths[n])


@given(lengths=lengths_lists, reduction=st.sampled_from(["mean", "sum"]))
def test_mse_is_over_the_values_that_there_are(lengths, reduction):
    rng = np.random.default_rng(0)
    T, N = max(lengths), len(lengths)
    ŷ, y = rng.normal(size=(T, N, 2)), rng.normal(size=(T, N, 2))
    squares = [((ŷ[t, n] - y[t, n]) ** 2) for n in range(N) for t in range(lengths[n])]
    expected = np.mean(squares) if reduction == "mean" else np.sum(squares)
    assert rnn.mse(outputs_of(ŷ), y, lengths, reduction).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda o: rnn.cross_entropy(o, [[0.5, 0]] * 3), TypeError, "should be integers, not float64"),
        (lambda o: rnn.cross_entropy(o, [[0, 4]] * 3), ValueError, "integers from 0 to 3"),
        (lambda o: rnn.cross_entropy(o, [[0, 0]] * 2), ValueError, "outputs of 3 time steps"),
        (lambda o: rnn.cross_entropy(o, [0] * 3), ValueError, r"targets of shape \(2,\) in each time step, not \(\)"),
        (lambda o: rnn.mse(o, np.zeros((3, 2, 1))), ValueError, r"targets of shape \(2, 4\) .* not \(2, 1\)"),
        (lambda o: rnn.mse(o, np.zeros((3, 2, 4)), reduction="max"), ValueError, "'mean' or 'sum', not 'max'"),
        (lambda o: rnn.mse(o, np.zeros((3, 2, 4)), [4, 1]), ValueError, "between 1 and T = 3"),
        (lambda o: rnn.mse(o, np.zeros((3, 2, 4)), [0, 0]), ValueError, "between 1 and T = 3"),
        (lambda o: rnn.mse(o[0], np.zeros((2, 4)), [3, 1]), ValueError, "one output for all"),
        (lambda o: rnn.cross_entropy(o[0], [0, 1], [3, 1]), ValueError, "one output for all"),
    ],
)
def test_losses_refuse_bad_targets(call, error, message):
    with pytest.raises(error, match=message):
        call(outputs_of(np.zeros((3, 2, 4))))


@given(st.lists(st.floats(-10, 10), min_size=5, max_size=20), st.integers(1, 3), st.integers(1, 2))
def test_windows_are_all_complete_pairs(series, window, horizon):
    xs, ys = rnn.windows(series, window, horizon)
    assert len(xs) == len(ys) == len(series) - window - horizon + 1
    for t, (x, y) in enumerate(zip(xs, ys, strict=True)):
        assert [*x, *y] == series[t : t + window + horizon]


def test_windows_refuse_a_series_too_short():
    with pytest.raises(ValueError, match="at least 5 values"):
        rnn.windows([1, 2, 3, 4], 4)


@given(st.text(min_size=1))
def test_vocabulary_round_trip(text):
    letters = rnn.Vocabulary(text)
    assert "".join(letters.decode(letters.encode(text))) == text
    assert len(letters) == len(set(text))


def test_vocabulary_and_unknown_symbols():
    with pytest.raises(KeyError, match="'z' is not among the 2 symbols"):
        rnn.Vocabulary("ab").encode("az")
    words = rnn.Vocabulary(["a", "b"], unknown="?")
    assert words.decode(words.encode(["b", "z"])) == ["b", "?"]


@given(st.lists(st.integers(0, 4), max_size=8))
def test_one_hot_round_trip(numbers):
    coded = rnn.one_hot(np.array(numbers, int), 5)
    assert coded.shape == (len(numbers), 5)
    assert np.array_equal(coded.sum(axis=-1), np.ones(len(numbers)))
    assert coded.argmax(axis=-1).tolist() == numbers


def test_one_hot_refuses_other_numbers():
    with pytest.raises(ValueError, match=r"between 0 and 2, not 1\.\.3"):
        rnn.one_hot([1, 3], 3)
    with pytest.raises(TypeError, match="codes integers"):
        rnn.one_hot([0.5], 3)


@given(lengths=lengths_lists)
def test_padding_keeps_the_sequences(lengths):
    sequences = [np.full((n, 2), float(n)) for n in lengths]
    xs, found = rnn.pad(sequences, value=-1)
    assert found.tolist() == lengths
    for position, sequence in enumerate(sequences):
        assert np.array_equal(xs[: len(sequence), position], sequence)
        assert np.all(xs[len(sequence) :, position] == -1)


def test_padding_refuses_nothing_and_empty_sequences():
    with pytest.raises(ValueError, match="at least one sequence"):
        rnn.pad([])
    with pytest.raises(ValueError, match="none of them empty"):
        rnn.pad([[1.0], []])


def test_padding_to_a_fixed_length():
    xs, lengths = rnn.pad([[1.0, 2.0], [3.0]], value=-1, steps=4)
    assert xs.T.tolist() == [[1, 2, -1, -1], [3, -1, -1, -1]]
    assert lengths.tolist() == [2, 1]
    with pytest.raises(ValueError, match="a sequence of 2 time steps does not fit into steps=1"):
        rnn.pad([[1.0, 2.0], [3.0]], steps=1)


@given(lengths=lengths_lists, size=st.integers(1, 3), seed=st.integers(0, 99))
def test_batches_hold_every_sequence_once_with_its_target(lengths, size, seed):
    sequences = [np.full((n, 1), float(i)) for i, n in enumerate(lengths)]
    made = rnn.batches(sequences, list(range(len(lengths))), size, seed)
    seen = [(int(b.inputs[0, k, 0]), int(b.targets[k]), int(b.lengths[k])) for b in made for k in range(len(b.targets))]
    assert sorted(seen) == [(i, i, n) for i, n in enumerate(lengths)]
    ranges = sorted((b.lengths.min(), b.lengths.max()) for b in made)
    assert all(high <= low for (_, high), (low, _) in pairwise(ranges))


def test_batches_pad_targets_of_time_steps():
    (batch,) = rnn.batches([[[1.0]] * 2, [[2.0]]], [[3, 4], [5]], 2, rng=0, per_step=True)
    assert sorted(batch.targets.T.tolist()) == [[3, 4], [5, 0]]
    with pytest.raises(ValueError, match="as long as its sequence"):
        rnn.batches([[[1.0]] * 2], [[3]], 1, rng=0, per_step=True)


@pytest.mark.parametrize("rng", [None, 3])
@pytest.mark.parametrize("over_time", [{}, {"per_step": True}, {"target_sequences": True}])
def test_batches_of_an_array_hold_each_of_its_columns_once(rng, over_time):
    xs = np.arange(4 * 7 * 2.0).reshape(4, 7, 2)
    targets = np.arange(4 * 7).reshape(4, 7) if over_time else np.arange(7)
    batches = rnn.batches(xs, targets, 3, rng, time_first=True, **over_time)
    assert [len(batch.positions) for batch in sorted(batches, key=lambda batch: -len(batch.positions))] == [3, 3, 1]
    members = np.concatenate([batch.positions for batch in batches])
    assert sorted(members) == list(range(7)) and (rng is not None or list(members) == list(range(7)))
    for batch in batches:
        assert batch.lengths is None and batch.target_lengths is None
        np.testing.assert_array_equal(batch.inputs, xs[:, batch.positions])
        np.testing.assert_array_equal(batch.targets, targets[..., batch.positions])


def test_batches_of_an_array_refuse_other_shapes_and_say_what_to_write():
    xs = np.zeros((4, 7, 2))
    with pytest.raises(ValueError, match=r"4 sequences and 7 targets.*of an array \(T, N, …\) say time_first=True"):
        rnn.batches(xs, np.zeros(7), 3)
    for targets, options in ((np.zeros(4), {}), (np.zeros((5, 7)), {"per_step": True})):
        with pytest.raises(ValueError, match=r"sequences \(4, 7, 2\) and targets .*, time first, make no batches"):
            rnn.batches(xs, targets, 3, time_first=True, **options)


@given(count=st.integers(10, 60), seed=st.integers(0, 99), ordered=st.booleans())
def test_splits_are_disjoint_and_whole(count, seed, ordered):
    parts = rnn.split(count, (0.6, 0.2, 0.2), seed, ordered=ordered)
    joined = np.concatenate(parts)
    assert sorted(joined) == list(range(count))
    assert not ordered or joined.tolist() == list(range(count))


def test_splits_refuse_fractions_that_do_not_add_up():
    with pytest.raises(ValueError, match="add up to 1"):
        rnn.split(10, (0.5, 0.6))
    with pytest.raises(ValueError, match="too few"):
        rnn.split(2, (0.8, 0.1, 0.1), 0)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=9))
def test_scaling_is_undone(values):
    scaler = rnn.Scaler.fit(values)
    np.testing.assert_allclose(scaler.restore(scaler.scale(values)), values, atol=1e-9)

"""Models that see the last words alone, and the notes' other cells: one matrix for all, and blocks of C cells."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
from tests.rnn.helpers import few, logistic, randomised, seeds

TEXT = np.random.default_rng(0).integers(0, 3, 200)


@few
@given(n=st.integers(1, 4), m=st.floats(0.1, 5), seed=seeds)
def test_an_ngrams_chances_are_the_recursion_over_counts_of_slices(n, m, seed):
    text = np.random.default_rng(seed).integers(0, 3, 40).tolist()
    model = rnn.NGram(n, 3, m).count(text)

    def p(symbol, context):
        shorter = p(symbol, context[1:]) if context else 1 / 3
        length = len(context)
        slices = Counter(tuple(text[i : i + length + 1]) for i in range(len(text) - length))
        here = {c: k for c, k in slices.items() if c[:length] == tuple(context)}
        return (here.get((*context, symbol), 0) + m * shorter) / (sum(here.values()) + m)

    context = text[-(n - 1) :] if n > 1 else []
    np.testing.assert_allclose(model.probabilities(text), [p(symbol, context) for symbol in range(3)], rtol=1e-12)
    assert model.probabilities([0, 1, 2, 1]).sum() == pytest.approx(1)


@few
@given(n=st.integers(1, 4), d=st.floats(0.1, 0.9), seed=seeds)
def test_with_a_discount_it_is_interpolated_kneser_ney_over_all_texts(n, d, seed):
    rng = np.random.default_rng(seed)
    texts = [rng.integers(0, 3, length).tolist() for length in (25, 1, 18)]
    model = rnn.NGram(n, 3, discount=d)
    for text in texts:
        model.count(text)
    slices = [tuple(text[i:j]) for text in texts for i in range(len(text)) for j in range(i + 1, len(text) + 1)]

    def times(gram):  # how often it was counted; if it is shorter than n, after how many different symbols
        if len(gram) == n:
            return slices.count(gram)
        return len({s for s in slices if len(s) == len(gram) + 1 and s[1:] == gram})

    def p(symbol, context):
        shorter = p(symbol, context[1:]) if context else 1 / 3
        counts = [times((*context, other)) for other in range(3)]
        if not sum(counts):
            return shorter
        left = d * sum(count > 0 for count in counts) * shorter
        return (max(counts[symbol] - d, 0) + left) / sum(counts)

    for context in ([], [2], [0, 1], texts[0][-5:], texts[2][:4]):
        expected = [p(symbol, tuple(context[max(0, len(context) - n + 1) :])) for symbol in range(3)]
        np.testing.assert_allclose(model.probabilities(context), expected, rtol=1e-12)
    assert model.num_counts() == len({gram for gram in slices if len(gram) <= n})


def test_before_anything_is_counted_all_symbols_are_equally_likely():
    for options in ({}, {"discount": 0.5}):
        np.testing.assert_allclose(rnn.NGram(3, 4, **options).probabilities([0, 1]), 1 / 4)


def test_an_ngram_scores_samples_and_is_searched_as_a_network_is():
    model = rnn.NGram(3, 3).count(TEXT)
    loss = rnn.cross_entropy(model(TEXT[:-1]), TEXT[1:], reduction="mean").item()
    expected = -np.mean([np.log(model.probabilities(TEXT[:t])[TEXT[t]]) for t in range(1, len(TEXT))])
    assert loss == pytest.approx(expected)
    learned = rnn.NGram(3, 3, m=0.01).count([0, 1, 2] * 20)
    assert rnn.generate(learned, [0, 1], 6).tolist() == [2, 0, 1, 2, 0, 1]
    assert rnn.beam_search(learned, [1], 3)[0].numbers.tolist() == [2, 0, 1]
    batch = np.array([[0, 1], [1, 2]])
    _, state = learned.run(batch)
    again, _ = learned.run(batch, state)
    np.testing.assert_allclose(again[0].data[0], np.log(learned.probabilities([1, 0])))


def test_an_ngram_refuses_what_it_cannot_count():
    with pytest.raises(ValueError, match="between 0 and 2, not 0..3"):
        rnn.NGram(2, 3).count([0, 3])
    with pytest.raises(ValueError, match="numbers of symbols"):
        rnn.NGram(2, 3).count("abc")
    with pytest.raises(ValueError, match="m should be above 0"):
        rnn.NGram(2, 3, m=0)
    with pytest.raises(ValueError, match=r"discount should lie between 0 and 1, not 1\.5"):
        rnn.NGram(2, 3, discount=1.5)
    with pytest.raises(ValueError, match=r"one text after another, .* not \(4, 2\)"):
        rnn.NGram(2, 3).count(np.zeros((4, 2), int))


def test_a_fixed_window_sees_the_last_words_and_no_others():
    model = rnn.FixedWindowModel(5, 3, window=3, hidden_size=6, rng=0)
    text = np.random.default_rng(0).integers(0, 5, 8)
    whole = [o.data for o in model(text)]
    E, W, b = model.embedding.E.data, model.W.data, model.b.data
    for t in range(8):
        words = [text[i] if i >= 0 else 5 for i in (t - 2, t - 1, t)]
        h = np.tanh(W @ np.concatenate([E[word] for word in words]) + b)
        np.testing.assert_allclose(whole[t], model.readout.V.data @ h + model.readout.c.data, rtol=1e-12)
    changed = text.copy()
    changed[2] = (changed[2] + 1) % 5
    same = [np.array_equal(o.data, before) for o, before in zip(model(changed), whole, strict=True)]
    assert same == [True, True, False, False, False, True, True, True]


def test_a_fixed_window_goes_on_from_its_last_words_in_batches_too():
    model = rnn.FixedWindowModel(5, 3, window=3, hidden_size=6, rng=0)
    text = np.random.default_rng(0).integers(0, 5, (8, 2))
    first, state = model.run(text[:1])
    rest, _ = model.run(text[1:], state)
    for o, expected in zip([*first, *rest], model(text), strict=True):
        np.testing.assert_array_equal(o.data, expected.data)
    np.testing.assert_allclose(model(text[:, 1])[-1].data, model(text)[-1].data[1], rtol=1e-12)


def test_a_fixed_window_learns_by_gradients_that_are_right_and_through_no_chain():
    model = rnn.FixedWindowModel(3, 2, window=2, hidden_size=4, rng=0)
    loss = lambda: rnn.cross_entropy(model(TEXT[:5]), TEXT[1:6])
    loss().backward()
    W, gradient = model.W.data, model.W.grad
    direction = np.random.default_rng(0).normal(size=W.shape)

    def moved(distance):
        model.W.data = W + distance * direction
        return loss().item()

    slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
    assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6)
    model.W.data = W
    cyclic = np.array([0, 1, 2] * 20)
    history = rnn.fit(model, (cyclic[:-1], cyclic[1:]), loss=rnn.cross_entropy, epochs=150,
                      optimizer=rnn.Adam(model, lr=0.02), quiet=True)  # fmt: skip
    assert history.train[-1] < 0.05 * history.train[0]


def test_one_matrix_for_input_and_state():
    cell = randomised(rnn.TiedCell(4, rng=0))
    tied = rnn.ElmanCell(4, 4, rng=0)
    tied.U = tied.W = cell.W
    tied.b = cell.b
    xs = np.random.default_rng(0).normal(size=(5, 2, 4))
    for h, expected in zip(rnn.unroll(cell, xs)[0], rnn.unroll(tied, xs)[0], strict=True):
        np.testing.assert_allclose(h.data, expected.data, rtol=1e-12)
    assert cell.num_parameters() == 4 * 4 + 4


def test_blocks_of_one_cell_are_the_lstm_with_peepholes():
    single = randomised(rnn.LSTMCell(3, 4, peepholes=True, rng=0))
    blocks = rnn.LSTMBlockCell(3, blocks=4, cells=1, rng=0)
    for name in ("U", "W", "b"):
        getattr(blocks, name).data = getattr(single, name).data
    for name in ("p_ι", "p_φ", "p_ω"):
        getattr(blocks, name).data = getattr(single, name).data[:, None]
    xs = np.random.default_rng(0).normal(size=(5, 2, 3))
    (h, (_, s)), (expected, ends) = rnn.unroll(blocks, xs), rnn.unroll(single, xs)
    np.testing.assert_allclose([h[-1].data, s.data], [expected[-1].data, ends[1].data], rtol=1e-12)


@few
@given(B=st.integers(1, 3), C=st.integers(1, 3), seed=seeds)
def test_peepholes_sum_over_the_cells_of_a_block(B, C, seed):
    cell = randomised(rnn.LSTMBlockCell(2, B, C, rng=0), seed)
    p = {name: parameter.data for name, parameter in cell.parameters().items()}
    rng = np.random.default_rng(seed)
    x, b_c, s = rng.normal(size=2), rng.normal(size=B * C), rng.normal(size=B * C)
    a = [sum(p["U"][r, i] * x[i] for i in range(2)) + sum(p["W"][r, h] * b_c[h] for h in range(B * C)) + p["b"][r]
         for r in range(3 * B + B * C)]  # fmt: skip
    new_s, new_b = np.empty(B * C), np.empty(B * C)
    for block in range(B):
        cells = range(block * C, block * C + C)
        peep = lambda gate, s: sum(p[gate][block, c] * s[cells[c]] for c in range(C))
        ι, φ = logistic(a[block] + peep("p_ι", s)), logistic(a[B + block] + peep("p_φ", s))
        for c in cells:
            new_s[c] = φ * s[c] + ι * np.tanh(a[3 * B + c])
        ω = logistic(a[2 * B + block] + peep("p_ω", new_s))
        new_b[list(cells)] = ω * np.tanh(new_s[list(cells)])
    ours_b, ours_s = cell((b_c, s), x)
    np.testing.assert_allclose(ours_s.data, new_s, rtol=1e-10)
    np.testing.assert_allclose(ours_b.data, new_b, rtol=1e-10)


@pytest.mark.slow
def test_the_affine_system_is_learned_from_a_trajectory():
    true = rnn.LinearSystem([[0.9, -0.2], [0.3, 0.8]], [0.1, -0.2])
    starts = np.random.default_rng(0).normal(size=(40, 2))
    states = np.array([starts, *(s.data for s in true.run(starts, 10)[1:])])
    one_step = rnn.LinearSystem(np.zeros((2, 2)), np.zeros(2))
    rnn.fit(one_step, (states[0], states[1]), epochs=500, optimizer=rnn.Adam(one_step, lr=0.03), quiet=True)
    unrolled = rnn.LinearSystem(np.eye(2), np.zeros(2))
    rnn.fit(unrolled, (states[0], states[1:]), epochs=500, forward=lambda m, b: m.run(b.inputs, 10)[1:],
            optimizer=rnn.Adam(unrolled, lr=0.02), quiet=True)  # fmt: skip
    for learned in (one_step, unrolled):
        np.testing.assert_allclose(learned.W.data, true.W.data, atol=0.01)
        np.testing.assert_allclose(learned.b.data, true.b.data, atol=0.01)

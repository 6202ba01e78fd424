"""What a model writes: greedily, at random, and the likeliest sequences, against all there are."""

import itertools

import numpy as np
import pytest

import rnn
import tinygraph as tg

K = 4


def model(seed=0):
    rng = np.random.default_rng(seed)
    return rnn.ManyToMany(rnn.Layers(rnn.Embedding(K, 3, rng=rng), rnn.LSTMCell(3, 5, rng=rng)), K, rng=rng)


def log_p(network, prompt, numbers):
    """The log-probability of numbers after a prompt, in one go."""
    text = np.array([*prompt, *numbers])
    scores = np.stack([o.data for o in network(text[:-1])])
    p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return sum(p[len(prompt) - 1 + i, number] for i, number in enumerate(numbers))


def test_greedy_writes_the_likeliest_next_symbol():
    network, text = model(), [1, 2]
    for number in rnn.generate(network, [1, 2], 6).tolist():
        assert number == int(network(np.array(text))[-1].data.argmax())
        text.append(number)


def test_a_batch_is_written_as_each_by_itself_and_an_array_of_one_hot_vectors_does():
    network = model()
    together = rnn.generate(network, [[0, 3], [1, 2]], 5)
    assert together.T.tolist() == [rnn.generate(network, prompt, 5).tolist() for prompt in ([0, 1], [3, 2])]
    plain = rnn.ManyToMany(rnn.GRUCell(K, 5, rng=0), K, rng=1)
    assert rnn.generate(plain, [0], 5, encode=lambda y: rnn.one_hot(y, K)).shape == (5,)


def test_sampling_is_at_the_models_chances():
    network = model()
    p = rnn.sampling_probabilities(network([1])[-1])
    drawn = rnn.generate(network, np.ones((1, 20_000), int), 1, choose=rnn.sampler(rng=0))
    np.testing.assert_allclose(np.bincount(drawn[0], minlength=K) / 20_000, p, atol=0.012)


def test_the_same_generator_writes_the_same():
    drawn = [rnn.generate(model(), [1], 20, choose=rnn.sampler(1.2, rng=seed)).tolist() for seed in (3, 3, 4)]
    assert drawn[0] == drawn[1] != drawn[2]


def cycle(xs, state):
    """1 after 0, 2 after 1, and so on; as a model of (inputs, state)."""
    return [np.log(np.eye(K)[(x + 1) % K] + 1e-9) for x in np.asarray(xs)], state


def test_what_has_ended_stays_ended():
    assert rnn.generate(cycle, [[0, 2, 3]], 9, end=3).tolist() == [[1, 3, 0], [2, 3, 1], [3, 3, 2], [3, 3, 3]]
    assert rnn.generate(cycle, [0], 9, end=2).tolist() == [1, 2]


@pytest.mark.parametrize("end", [None, 2])
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_wide_beam_search_finds_the_best_of_all_sequences(end, penalty):
    network, steps = model(3), 4
    sequences = set()
    for numbers in itertools.product(range(K), repeat=steps):
        cut = numbers.index(end) + 1 if end in numbers else steps
        sequences.add(numbers[:cut])
    chances = {s: log_p(network, [1], s) for s in sequences}
    best = sorted(chances, key=lambda s: -chances[s] / len(s) ** penalty)[:5]
    beams = rnn.beam_search(network, [1], steps, beams=K**steps, end=end, length_penalty=penalty)
    assert [tuple(beam.numbers) for beam in beams[:5]] == best
    assert [beam.log_probability for beam in beams[:5]] == pytest.approx([chances[s] for s in best])


def test_one_beam_is_greedy_and_two_do_no_worse():
    network = model(5)
    (one,), two = (rnn.beam_search(network, [0, 1], 6, beams=n) for n in (1, 2))
    assert one.numbers.tolist() == rnn.generate(network, [0, 1], 6).tolist()
    assert one.log_probability == pytest.approx(log_p(network, [0, 1], one.numbers))
    assert two[0].log_probability >= one.log_probability


def test_a_beam_search_over_the_states_of_a_layer_with_pytorchs_axes():
    rng = np.random.default_rng(0)
    embedding, lstm, readout = rnn.Embedding(K, 3, rng=rng), rnn.LSTM(3, 5, 2, rng=rng), rnn.Readout(5, K, rng=rng)

    def run(xs, state):
        output, state = lstm(embedding(xs), state)
        return readout(output), state

    beams = rnn.beam_search(run, [1], 3, beams=3, batch_axis=1)
    assert beams[0].log_probability >= beams[1].log_probability >= beams[2].log_probability
    y = run(np.array([[1], *beams[0].numbers[:2, None]]), None)[0].data[:, 0]
    expected = (y - np.log(np.exp(y).sum(axis=-1, keepdims=True)))[range(3), beams[0].numbers].sum()
    assert beams[0].log_probability == pytest.approx(expected)


def test_a_model_writes_in_evaluation_and_records_nothing():
    layers = rnn.Layers(rnn.Embedding(K, 3, rng=0), rnn.Dropout(0.9, rng=0), rnn.GRUCell(3, 5, rng=1))
    dropping = rnn.ManyToMany(layers, K, rng=2)
    written = rnn.generate(dropping, [0], 5)
    assert written.tolist() == rnn.generate(dropping.eval(), [0], 5).tolist()
    assert rnn.generate(dropping.train(), [0], 5).tolist() == written.tolist()
    assert dropping.training


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rnn.generate(cycle, [], 3), "at least one number"),
        (lambda: rnn.generate(cycle, [0.5], 3), "not float64"),
        (lambda: rnn.beam_search(cycle, [[0, 1]], 3), r"one prompt \(T,\)"),
        (lambda: rnn.beam_search(cycle, [0], 3, beams=0), "at least one beam"),
        (lambda: rnn.sampler(temperature=0)(np.ones(3)), "above 0, not 0; for the most likely take rnn.greedy"),
        (lambda: rnn.sampler(top_k=0)(np.ones(3)), "top_k should be at least 1"),
        (lambda: rnn.sampler(top_p=1.5)(np.ones(3)), "top_p should be above 0 and at most 1"),
        (lambda: rnn.greedy([np.nan, 1.0]), "the scores hold NaN"),
    ],
)
def test_bad_arguments_are_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_model_without_run_is_told_what_to_give():
    with pytest.raises(TypeError, match=r"has no run\(inputs, state\)"):
        rnn.generate(rnn.ManyToOne(rnn.GRUCell(3, 4), 2), [0], 3)


def test_metrics():
    o = tg.tensor([[0.0, 1.0], [2.0, 1.0], [0.0, 3.0]])
    assert rnn.accuracy(o, [1, 1, 1]) == pytest.approx(2 / 3)
    assert rnn.accuracy([o, o], [[1, 1, -100], [1, 0, 0]], lengths=[1, 2, 1]) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match=r"integers of shape \(3,\), not float64"):
        rnn.accuracy(o, [0.0, 1.0, 1.0])
    uniform = rnn.cross_entropy(tg.tensor(np.zeros((5, 8))), [0, 1, 2, 3, 4])
    assert rnn.perplexity(uniform) == pytest.approx(8)
    assert rnn.bits_per_character(uniform) == pytest.approx(3)


def test_bleu_is_sacrebleus():
    sacrebleu = pytest.importorskip("sacrebleu")
    ours = rnn.bleu([["the", "cat", "sat", "on", "it"]], [["the", "cat", "sat", "on", "a", "mat"]])
    sentence = sacrebleu.corpus_bleu(["the cat sat on it"], [["the cat sat on a mat"]], tokenize="none").score
    assert ours == pytest.approx(sentence)
    assert 0 < rnn.bleu(["The cat sat on it."], ["The cat sat on a mat."]) < 100


def test_predictions_are_in_the_order_of_the_data():
    rng = np.random.default_rng(0)
    sequences = [rng.normal(size=(T, 3)) for T in (5, 1, 7, 2, 2, 9)]
    many, one = rnn.ManyToMany(rnn.GRUCell(3, 4, rng=0), 2, rng=1), rnn.ManyToOne(rnn.GRUCell(3, 4, rng=0), 2, rng=1)
    for size in (1, 2, 64):
        of_many, of_one = (rnn.predict(model, sequences, size=size) for model in (many, one))
        for xs, ys, y in zip(sequences, of_many, of_one, strict=True):
            np.testing.assert_allclose(ys, [o.data for o in many(xs)], rtol=1e-12)
            np.testing.assert_allclose(y, one(xs).data, rtol=1e-12)
    xs = rng.normal(size=(4, 2, 3))
    np.testing.assert_array_equal(rnn.predict(many, xs), [o.data for o in many(xs)])
    np.testing.assert_array_equal(rnn.predict(one, xs, [4, 2]), one(xs, lengths=[4, 2]).data)

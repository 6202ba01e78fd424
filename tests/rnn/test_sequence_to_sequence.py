"""Training sequence-to-sequence: the targets have lengths of their own, and the end symbol is learned."""

import copy
import pickle
from functools import partial

import numpy as np
import pytest

import rnn
from tests.rnn.helpers import softmax

END, K, H = 0, 4, 6
TOTAL = partial(rnn.cross_entropy, reduction="sum")


def model(seed=0):
    decoder = rnn.Decoder(rnn.GRUCell(K, H, rng=seed), K, rng=seed + 1)
    return rnn.EncoderDecoder(rnn.GRUCell(3, H, rng=seed + 2), decoder)


def attending(seed=0):
    decoder = rnn.AttentionDecoder(rnn.GRUCell(K + H, H, rng=seed), rnn.AdditiveAttention(H, H, 5, rng=1), K, rng=2)
    return rnn.AttentionEncoderDecoder(rnn.GRUCell(3, H, rng=3), decoder)


RNG = np.random.default_rng(0)
SOURCES = [RNG.normal(size=(n, 3)) for n in (5, 2, 4, 1, 3)]
TARGETS = [[*RNG.integers(1, K, n), END] for n in (1, 4, 2, 3, 2)]


def total_loss(network):
    """Each example by itself, without padding: -log softmax of all of its target symbols, END too."""
    total = 0.0
    for source, target in zip(SOURCES, TARGETS, strict=True):
        outputs = network(source, rnn.one_hot(target, K))
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs
        total -= sum(np.log(softmax(o.data)[y]) for o, y in zip(outputs, target, strict=True))
    return total


@pytest.mark.parametrize("make", [model, attending])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_loss_is_that_of_all_target_symbols_and_of_no_padding(make, size):
    network = make()
    data = rnn.batches(SOURCES, TARGETS, size, rng=0, target_sequences=True)
    assert rnn.evaluate(network, data, TOTAL) == pytest.approx(total_loss(network))


def test_the_lengths_of_sources_alone_are_refused_and_the_message_says_what_to_write():
    sources, lengths = rnn.pad(SOURCES)
    targets, target_lengths = rnn.pad(TARGETS)
    targets, sources = targets, sources[:5]
    assert len(targets) == len(sources)  # nothing else tells that these lengths are not those of the targets
    with pytest.raises(ValueError, match=r"those of the inputs.*\(inputs, targets, lengths, target_lengths\)"):
        rnn.fit(model(), (sources, targets, lengths), loss=TOTAL, epochs=1, quiet=True)
    network = model()
    assert rnn.evaluate(network, (sources, targets, lengths, target_lengths), TOTAL) == pytest.approx(
        total_loss(network)
    )


def test_a_model_of_ones_own_whose_outputs_are_as_many_as_no_input_is_refused_too():
    class Twice(rnn.Module):
        def __init__(self):
            self.layer = rnn.ManyToMany(rnn.GRUCell(3, H, rng=0), K, rng=1)

        def __call__(self, xs, lengths=None):
            return 2 * self.layer(xs, lengths=lengths)

    sources, lengths = rnn.pad(SOURCES)
    with pytest.raises(ValueError, match="of 5 time steps, and the 10 outputs"):
        rnn.evaluate(Twice(), (sources, np.zeros((10, 5), int), lengths), TOTAL)


def test_several_decoders_need_to_be_told_how_they_are_trained():
    decoders = {name: rnn.Decoder(rnn.GRUCell(K, H, rng=0), K, rng=1) for name in ("EN", "FR")}
    network = rnn.EncoderDecoder(rnn.GRUCell(3, H, rng=2), decoders)
    with pytest.raises(ValueError, match="give fit forward="):
        rnn.fit(network, (np.zeros((5, 2, 3)), {"EN": np.zeros((4, 2), int)}), epochs=1, quiet=True)


@pytest.mark.slow
def test_the_end_symbol_is_learned():
    network = model()
    train = rnn.batches(SOURCES, TARGETS, 5, rng=0, target_sequences=True)
    rnn.fit(network, train, loss=rnn.cross_entropy, epochs=250, optimizer=rnn.Adam(network, 0.03), quiet=True)
    for source, target in zip(SOURCES, TARGETS, strict=True):
        outputs = network(source, rnn.one_hot(target, K))
        assert [int(np.argmax(o.data)) for o in outputs] == target


def test_batches_tell_which_examples_they_hold_also_in_the_order_given():
    for rng in (1, None):
        sums = np.full(5, np.nan)
        cut = rnn.batches(SOURCES, TARGETS, 2, rng, target_sequences=True)
        for batch in cut:
            sums[batch.positions] = batch.inputs.sum(axis=(0, 2))
        np.testing.assert_allclose(sums, [source.sum() for source in SOURCES])
    assert [batch.positions.tolist() for batch in cut] == [[0, 1], [2, 3], [4]]
    assert [batch.target_lengths.tolist() for batch in cut] == [[2, 5], [3, 4], [3]]


def test_a_batch_is_unpacked_with_all_lengths_that_it_has():
    (first, *_) = rnn.batches(SOURCES, TARGETS, 2, target_sequences=True)
    sources, targets, lengths, target_lengths = first
    assert (sources.shape, targets.shape) == ((5, 2, 3), (5, 2))
    assert (lengths.tolist(), target_lengths.tolist()) == ([5, 2], [2, 5])
    (first, *_) = rnn.batches(SOURCES, [0] * 5, 2)
    _, _, lengths = first
    assert lengths.tolist() == [5, 2]
    for copied in (pickle.loads(pickle.dumps(first)), copy.deepcopy(first)):
        assert isinstance(copied, rnn.Batch)
        assert copied.positions.tolist() == [0, 1] and copied.target_lengths is None


@pytest.mark.parametrize("make", [model, attending])
def test_predictions_of_what_is_written_are_those_of_each_source_alone(make):
    network = make()
    written = rnn.predict(network, SOURCES, steps=4, size=2)
    for source, outputs in zip(SOURCES, written, strict=True):
        alone = network(source, steps=4)
        alone = alone[0] if isinstance(alone, tuple) else alone
        np.testing.assert_allclose(outputs, [o.data for o in alone], rtol=1e-9)
    sources, lengths = rnn.pad(SOURCES)
    np.testing.assert_allclose(rnn.predict(network, sources, lengths, steps=4), np.stack(written, axis=1), rtol=1e-9)


def test_predictions_of_several_decoders_have_their_names():
    decoders = {name: rnn.Decoder(rnn.GRUCell(K, H, rng=0), K, rng=i) for i, name in enumerate(("EN", "FR"))}
    network = rnn.EncoderDecoder(rnn.GRUCell(3, H, rng=2), decoders)
    written = rnn.predict(network, SOURCES, steps={"FR": 3, "EN": 2}, size=2)
    assert {name: [outputs.shape for outputs in of_all] for name, of_all in written.items()} == {
        "FR": [(3, K)] * 5,
        "EN": [(2, K)] * 5,
    }
    for place, source in enumerate(SOURCES):
        for name, outputs in network(source, steps={"FR": 3, "EN": 2}).items():
            np.testing.assert_allclose(written[name][place], [o.data for o in outputs], rtol=1e-9)


def test_the_likeliest_symbols_of_a_list_of_outputs_are_those_of_each():
    outputs = model()(np.stack([SOURCES[0]] * 2, axis=1), steps=4)
    symbols = rnn.greedy(outputs)
    assert symbols.shape == (4, 2)
    for of_step, output in zip(symbols, outputs, strict=True):
        np.testing.assert_array_equal(of_step, np.argmax(output.data, axis=-1))

"""Rows B6 to B9 and B14 of the lectures: sequence to one, vector to sequence, both directions, encoder and decoders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
import tinygraph as tg
from tests.rnn.helpers import seeds

CELLS = {
    "elman": lambda i, h, rng: rnn.ElmanCell(i, h, rng=rng),
    "lstm": lambda i, h, rng: rnn.LSTMCell(i, h, peepholes=True, rng=rng),
    "gru": lambda i, h, rng: rnn.GRUCell(i, h, rng=rng),
    "deep": lambda i, h, rng: rnn.Stacked(rnn.GRUCell(i, h, rng=rng), rnn.LSTMCell(h, h, rng=rng)),
}


def gradients(model):
    found = {name: p.grad for name, p in model.parameters().items()}
    for parameter in model.parameters().values():
        parameter.grad = None
    return found


def proteins(rng, lengths):
    return [rnn.one_hot(rng.integers(0, 20, n), 20) for n in lengths]


@pytest.mark.parametrize("kind", CELLS)
@given(lengths=st.lists(st.integers(1, 7), min_size=1, max_size=4), seed=seeds)
def test_b6_a_padded_batch_is_the_loop_over_its_sequences(kind, lengths, seed):
    rng = np.random.default_rng(seed)
    model = rnn.ManyToOne(CELLS[kind](20, 3, rng), 2, rng=rng)
    sequences, ys = proteins(rng, lengths), rng.integers(0, 2, len(lengths))
    alone = sum(rnn.cross_entropy(model(xs), y) for xs, y in zip(sequences, ys, strict=True))
    alone.backward()
    expected = gradients(model)
    xs, found_lengths = rnn.pad(sequences)
    together = rnn.cross_entropy(model(xs, lengths=found_lengths), ys, reduction="sum")
    together.backward()
    assert together.item() == pytest.approx(alone.item())
    for name, gradient in gradients(model).items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("kind", CELLS)
@given(lengths=st.lists(st.integers(1, 5), min_size=2, max_size=4), garbage=st.sampled_from([7.0, np.nan, np.inf]))
def test_b6_nothing_flows_into_or_out_of_the_padding(kind, lengths, garbage):
    rng = np.random.default_rng(1)
    T = max(lengths)
    model = rnn.ManyToOne(CELLS[kind](2, 3, rng), 2, rng=rng)
    values = rng.normal(size=(T, len(lengths), 2))
    padding = ~rnn.mask(lengths, T, (len(lengths),))[..., 0]
    values[padding] = garbage
    xs = tg.parameter(values)
    rnn.cross_entropy(model(xs, lengths=lengths), np.zeros(len(lengths), int)).backward()
    assert not np.any(xs.grad[padding])
    assert np.all(np.any(xs.grad[~padding], axis=-1))
    found = gradients(model)
    rnn.cross_entropy(model(values, lengths=lengths), np.zeros(len(lengths), int)).backward()
    for name, gradient in gradients(model).items():
        assert np.array_equal(gradient, found[name]), name


@given(Z=st.integers(1, 9))
def test_b6_v_is_used_once_and_w_in_every_time_step(Z):
    model = rnn.ManyToOne(rnn.ElmanCell(20, 4, rng=0), 2, rng=1)
    graph = tg.graph(model(proteins(np.random.default_rng(0), [Z])[0]))
    consumers = {node.name: len(graph.consumers(node)) for node in graph.parameters}
    assert consumers == {"U": Z, "W": Z, "b": Z, "V": 1, "c": 1}


def test_b6_sequences_of_the_lengths_in_the_notes():
    model = rnn.ManyToOne(rnn.ElmanCell(20, 4, rng=0), 2, rng=1)
    xs, lengths = rnn.pad(proteins(np.random.default_rng(0), [100, 10, 428]))
    assert xs.shape == (428, 3, 20)
    short = model(xs[:10, 1])
    np.testing.assert_allclose(model(xs, lengths=lengths).data[1], short.data, rtol=1e-12)


def caption_model(hoisted=True, H=5, a=3, m=4):
    return rnn.OneToMany(m, H, a, hoisted=hoisted, rng=0)


@given(H=st.integers(1, 6), a=st.integers(1, 6), m=st.integers(1, 6))
def test_b7_parameters(H, a, m):
    assert caption_model(H=H, a=a, m=m).num_parameters() == H * H + 2 * a * H + H * m + H + a


@pytest.mark.parametrize("forced", [True, False])
def test_b7_equations(forced):
    rng = np.random.default_rng(0)
    model, x, ys = caption_model(), rng.normal(size=4), rng.normal(size=(5, 3))
    cell, readout = model.cell, model.readout
    outputs = model(x, targets=ys) if forced else model(x, steps=5)
    h, y = np.zeros(5), np.zeros(3)
    for t, output in enumerate(outputs):
        h = np.tanh(cell.W.data @ h + cell.U.data @ y + cell.R.data @ x + cell.b.data)
        np.testing.assert_allclose(output.data, readout.V.data @ h + readout.c.data, rtol=1e-12)
        y = ys[t] if forced else output.data


def test_b7_hoisting_rx_changes_no_gradient_and_r_sums_over_time():
    rng = np.random.default_rng(1)
    x, ys = rng.normal(size=(2, 4)), rng.normal(size=(6, 2, 3))
    found = {}
    for hoisted in (True, False):
        model = caption_model(hoisted)
        loss = rnn.mse(model(x, targets=ys), ys)
        a = [n.tensor for n in tg.graph(loss).nodes if n.name == "a"]
        bars = rnn.analysis.adjoints(loss, a)
        loss.backward()
        found[hoisted] = gradients(model)
        np.testing.assert_allclose(found[hoisted]["cell.R"], sum(bars).T @ x, rtol=1e-9)
    for name in found[True]:
        np.testing.assert_allclose(found[True][name], found[False][name], rtol=1e-9, atol=1e-13, err_msg=name)


def test_b7_the_picture_fans_out_to_every_time_step():
    graph = tg.graph(*caption_model()(tg.tensor(np.ones(4)), steps=5))
    (look,) = (node for node in graph.nodes if node.name == "Rx")
    assert [consumer.timestep for consumer, _ in graph.consumers(look)] == [1, 2, 3, 4, 5]


def both_directions(rng=0):
    rng = np.random.default_rng(rng)
    halves = rnn.Bidirectional(rnn.ElmanCell(2, 4, rng=rng), rnn.ElmanCell(2, 3, rng=rng))
    return rnn.BidirectionalNetwork(halves, 2, rng=rng)


def test_b8_equations():
    model = both_directions()
    xs = np.random.default_rng(1).normal(size=(5, 2))
    F, B = model.layer.forward, model.layer.backward
    h, g = [np.zeros(4)], [np.zeros(3)]
    for t in range(5):
        h.append(np.tanh(F.W.data @ h[-1] + F.U.data @ xs[t] + F.b.data))
        g.append(np.tanh(B.W.data @ g[-1] + B.U.data @ xs[4 - t] + B.b.data))
    for t, ŷ in enumerate(model(xs)):
        expected = model.V_F.data @ h[t + 1] + model.V_B.data @ g[5 - t] + model.b.data
        np.testing.assert_allclose(ŷ.data, expected, rtol=1e-12)


def test_b8_every_output_depends_on_every_input_and_the_forward_half_only_on_the_past():
    xs = tg.parameter(np.random.default_rng(1).normal(size=(4, 2)))
    model = both_directions()
    for outputs, expected in (
        (model(xs), np.ones((4, 4), bool)),
        (model.layer.directions(xs)[0], np.tri(4, dtype=bool)),
        (model.layer.directions(xs)[1], np.tri(4, dtype=bool).T),
    ):
        for t, output in enumerate(outputs):
            xs.grad = None
            output.backward(np.ones(output.shape))
            assert np.array_equal(np.any(xs.grad, axis=1), expected[t])


@given(seed=seeds, T=st.integers(1, 6))
def test_b8_reversing_time_and_swapping_the_halves_reverses_the_outputs(seed, T):
    model = both_directions(seed)
    swapped = rnn.BidirectionalNetwork(rnn.Bidirectional(model.layer.backward, model.layer.forward), 2, rng=0)
    swapped.V_F, swapped.V_B, swapped.b = model.V_B, model.V_F, model.b
    xs = np.random.default_rng(seed).normal(size=(T, 2))
    for one, other in zip(model(xs), swapped(xs[::-1])[::-1], strict=True):
        np.testing.assert_allclose(one.data, other.data, rtol=1e-9, atol=1e-12)


def test_b8_two_opposed_chains():
    graph = tg.graph(*both_directions()(np.ones((4, 2))))
    chains = {"forward": [], "backward": []}
    for node in graph.nodes:
        if node.kind == "op" and (node.scope, node.name) in (("forward", "h"), ("backward", "g")):
            chains[node.scope].append(node.timestep)
    assert chains == {"forward": [1, 2, 3, 4], "backward": [4, 3, 2, 1]}


@given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_b8_with_lengths_each_sequence_is_reversed_by_itself(lengths):
    model = both_directions()
    sequences = [np.random.default_rng(n).normal(size=(n, 2)) for n in lengths]
    xs, found = rnn.pad(sequences)
    together = model(xs, lengths=found)
    for position, sequence in enumerate(sequences):
        for t, ŷ in enumerate(model(sequence)):
            np.testing.assert_allclose(together[t].data[position], ŷ.data, rtol=1e-9, atol=1e-12)


def translator():
    decoders = {name: rnn.Decoder(rnn.GRUCell(3, 6, rng=i), 3, rng=i) for i, name in enumerate(("EN", "FR", "ES"))}
    return rnn.EncoderDecoder(rnn.GRUCell(4, 6, rng=9), decoders)


def test_b9_the_encoders_gradient_is_the_sum_of_the_decoders():
    rng = np.random.default_rng(0)
    model, xs = translator(), rng.normal(size=(5, 2, 4))
    ys = {name: rng.normal(size=(4, 2, 3)) for name in ("EN", "FR", "ES")}
    outputs = model(xs, ys)
    tg.sum(tg.stack([rnn.mse(outputs[name], ys[name]) for name in ys])).backward()
    together = gradients(model)
    total = {name: 0.0 for name in together if name.startswith("encoder")}
    for language in ys:
        rnn.mse(model(xs, {language: ys[language]})[language], ys[language]).backward()
        for name, gradient in gradients(model).items():
            if name in total:
                total[name] = total[name] + gradient
    for name, gradient in total.items():
        np.testing.assert_allclose(together[name], gradient, rtol=1e-9, atol=1e-13)


def test_b9_a_batch_of_english_leaves_the_other_decoders_without_gradient():
    model = translator()
    rnn.mse(model(np.ones((5, 4)), {"EN": np.ones((3, 3))})["EN"], np.ones((3, 3))).backward()
    for name, gradient in gradients(model).items():
        other = name.startswith(("decoders.FR", "decoders.ES"))
        assert (gradient is None or not np.any(gradient)) == other, name


def test_b9_decoders_start_from_the_encoders_last_state_and_feed_themselves():
    model = translator()
    xs = np.random.default_rng(0).normal(size=(5, 4))
    decoder = model.decoders["FR"]
    _, state = rnn.unroll(model.encoder, xs)
    y = np.zeros(3)
    for output in model(xs, steps={"FR": 4})["FR"]:
        state = decoder.cell(state, y)
        y = decoder.readout(state).data
        np.testing.assert_allclose(output.data, y, rtol=1e-12)


def test_b14_the_shape_of_a_task_is_read_off_the_graph():
    xs = [tg.tensor(np.full(2, t, float)) for t in range(4)]
    cell = rnn.ElmanCell(2, 3, rng=0)
    shape = rnn.analysis.task_shape
    assert shape(rnn.ManyToMany(cell, 2, rng=0)(xs), xs) == "synchronous many-to-many"
    assert shape(rnn.ManyToOne(cell, 2, rng=0)(xs), xs) == "many-to-one"
    assert shape(rnn.ManyToOne(cell, 2, rng=0)(xs[:1]), xs[:1]) == "one-to-one"
    picture = tg.tensor(np.ones(2))
    assert shape(rnn.OneToMany(2, 3, 2, rng=0)(picture, steps=3), [picture]) == "one-to-many"
    pair = rnn.EncoderDecoder(cell, rnn.Decoder(rnn.ElmanCell(2, 3, rng=0), 2, rng=0))
    assert shape(pair(xs, steps=4), xs) == "sequence-to-sequence"

"""Row B10 of the lectures: additive attention, and encoder and decoder with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rnn
import tinygraph as tg
from tests.rnn.helpers import seeds, softmax


@given(J=st.integers(1, 6), N=st.integers(1, 3), seed=seeds)
def test_b10_equations(J, N, seed):
    rng = np.random.default_rng(seed)
    attention = rnn.AdditiveAttention(3, 4, 5, rng=rng)
    s, hs = rng.normal(size=(N, 3)), rng.normal(size=(J, N, 4))
    c, α = attention(s, hs)
    W, U, v = attention.W.data, attention.U.data, attention.v.data
    for n in range(N):
        e = np.array([v @ np.tanh(W @ s[n] + U @ hs[j, n]) for j in range(J)])
        np.testing.assert_allclose(α.data[:, n], softmax(e), rtol=1e-10)
        np.testing.assert_allclose(c.data[n], sum(softmax(e)[j] * hs[j, n] for j in range(J)), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(α.data.sum(axis=0), 1)


def test_b10_equal_scores_give_the_mean():
    rng = np.random.default_rng(0)
    attention = rnn.AdditiveAttention(3, 4, 5, rng=rng)
    attention.v.data = np.zeros(5)
    hs = rng.normal(size=(6, 2, 4))
    c, α = attention(rng.normal(size=(2, 3)), hs)
    np.testing.assert_allclose(α.data, 1 / 6)
    np.testing.assert_allclose(c.data, hs.mean(axis=0))


@given(lengths=st.lists(st.integers(1, 5), min_size=2, max_size=4), seed=seeds)
def test_b10_a_masked_source_gets_no_weight_and_no_gradient(lengths, seed):
    rng = np.random.default_rng(seed)
    model = network(rng)
    sequences = [rng.normal(size=(n, 2)) for n in lengths]
    values, found = rnn.pad(sequences)
    xs = tg.parameter(values)
    outputs, alphas = model(xs, steps=3, lengths=found)
    active = rnn.mask(found, len(values), (len(lengths),))[..., 0]
    for α in alphas:
        assert not np.any(α.data[~active])
        np.testing.assert_allclose(α.data.sum(axis=0), 1)
    tg.sum(tg.stack(outputs)).backward()
    assert not np.any(xs.grad[~active])
    for position, sequence in enumerate(sequences):
        for together, alone in zip(outputs, model(sequence, steps=3)[0], strict=True):
            np.testing.assert_allclose(together.data[position], alone.data, rtol=1e-9, atol=1e-12)


def network(rng, encoder=None, source=4):
    encoder = encoder or rnn.GRUCell(2, 4, rng=rng)
    attention = rnn.AdditiveAttention(4, source, 5, rng=rng)
    decoder = rnn.AttentionDecoder(rnn.GRUCell(3 + source, 4, rng=rng), attention, 3, rng=rng)
    return rnn.AttentionEncoderDecoder(encoder, decoder)


@pytest.mark.parametrize("forced", [True, False])
def test_b10_the_decoder_reads_its_last_output_and_the_context(forced):
    rng = np.random.default_rng(3)
    model = network(rng)
    xs, ys = rng.normal(size=(5, 2)), rng.normal(size=(4, 3))
    hs, s = rnn.unroll(model.encoder, xs)
    hs, y, decoder = np.stack([h.data for h in hs]), np.zeros(3), model.decoder
    outputs, alphas = model(xs, targets=ys) if forced else model(xs, steps=4)
    for t, (output, shown) in enumerate(zip(outputs, alphas, strict=True)):
        c, α = decoder.attention(s, hs)
        s = decoder.cell(s, np.concatenate([y, c.data]))
        np.testing.assert_allclose(output.data, decoder.readout(s).data, rtol=1e-11)
        np.testing.assert_allclose(shown.data, α.data, rtol=1e-11)
        y = ys[t] if forced else output.data


def test_b10_a_bidirectional_encoder_starts_the_decoder_from_its_backward_half():
    rng = np.random.default_rng(4)
    encoder = rnn.Bidirectional(rnn.GRUCell(2, 3, rng=rng), rnn.GRUCell(2, 4, rng=rng))
    model = network(rng, encoder, source=7)
    outputs, alphas = model(rng.normal(size=(5, 2, 2)), steps=2)
    assert outputs[0].shape == (2, 3)
    assert alphas[0].shape == (5, 2)
    tg.sum(tg.stack(outputs)).backward()
    assert all(np.any(p.grad) for p in model.parameters().values())


LANGUAGES = ("EN", "FR", "ES")


def three_decoders(seed=0):
    encoder = rnn.Bidirectional(rnn.GRUCell(2, 4, rng=seed), rnn.GRUCell(2, 4, rng=seed + 1))
    decoders = {
        name: rnn.AttentionDecoder(rnn.GRUCell(3 + 8, 4, rng=i), rnn.AdditiveAttention(4, 8, 5, rng=i), 3, rng=i)
        for i, name in enumerate(LANGUAGES, seed + 2)
    }
    return rnn.AttentionEncoderDecoder(encoder, decoders)


def test_each_of_several_decoders_writes_and_looks_as_it_does_alone():
    model, xs = three_decoders(), np.random.default_rng(0).normal(size=(5, 2, 2))
    outputs, alphas = model(xs, steps={"EN": 3, "ES": 4}, lengths=[5, 2])
    assert list(outputs) == list(alphas) == ["EN", "ES"]
    for name in outputs:
        alone = rnn.AttentionEncoderDecoder(model.encoder, model.decoder[name])
        of_one, α_of_one = alone(xs, steps=len(outputs[name]), lengths=[5, 2])
        np.testing.assert_array_equal([o.data for o in outputs[name]], [o.data for o in of_one])
        np.testing.assert_array_equal([α.data for α in alphas[name]], [α.data for α in α_of_one])
        assert not np.any([α.data[2:, 1] for α in alphas[name]])


def test_the_encoders_gradient_is_the_sum_of_what_three_attending_decoders_send():
    model, rng = three_decoders(), np.random.default_rng(0)
    xs, targets = rng.normal(size=(5, 2, 2)), {name: rng.normal(size=(3, 2, 3)) for name in LANGUAGES}

    def gradients(*names):
        model.zero_grad()
        outputs, _ = model(xs, {name: targets[name] for name in names})
        sum(rnn.mse(outputs[name], targets[name]) for name in names).backward()
        return {name: p.grad for name, p in model.parameters().items()}

    together, alone = gradients(*LANGUAGES), {name: gradients(name) for name in LANGUAGES}
    for name, gradient in together.items():
        if name.startswith("encoder"):
            np.testing.assert_allclose(gradient, sum(alone[language][name] for language in LANGUAGES), atol=1e-12)
            assert np.any(gradient)
    for name, gradient in alone["EN"].items():
        if name.startswith(("decoder.FR", "decoder.ES")):
            assert gradient is None or not np.any(gradient)


def test_what_is_no_decoder_with_attention_is_refused():
    model = three_decoders()
    with pytest.raises(TypeError, match=r"takes an AttentionDecoder, or several as a dict by name, not a list"):
        rnn.AttentionEncoderDecoder(model.encoder, [model.decoder["EN"]])
    with pytest.raises(ValueError, match=r"give targets or steps as a dict by decoder, of \['EN', 'FR', 'ES'\]"):
        model(np.zeros((5, 2, 2)), steps=3)
    with pytest.raises(ValueError, match="of several decoders is called in more than one way"):
        rnn.fit(model, (np.zeros((5, 2, 2)), {"EN": np.zeros((3, 2), int)}), epochs=1, quiet=True)
    with pytest.raises(ValueError, match="the encoder's state has 7 features, the decoder's 4"):
        rnn.AttentionEncoderDecoder(rnn.GRUCell(2, 7, rng=0), model.decoder)

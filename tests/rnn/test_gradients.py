"""The gradient of every model against differences of its loss, along random directions of all its parameters."""

import numpy as np
import pytest
from hypothesis import given

import rnn
import tinygraph as tg
from tests.rnn.helpers import few, seeds

pytestmark = pytest.mark.slow

XS = np.random.default_rng(0).normal(size=(4, 2, 3))
YS = np.random.default_rng(1).normal(size=(4, 2, 2))
LENGTHS = [4, 2]


def every_step(make):
    def build(rng):
        model = rnn.ManyToMany(make(rng), 2, rng=rng)
        return model, lambda: rnn.mse(model(XS, lengths=LENGTHS), YS, LENGTHS)

    return build


def jordan(rng):
    cell = rnn.JordanCell(3, 4, 2, "tanh", "logistic", learned_state=True, rng=rng)
    return cell, lambda: rnn.mse(rnn.unroll(cell, XS)[0], YS)


def one_output(rng):
    model = rnn.ManyToOne(rnn.GRUCell(3, 4, rng=rng), 2, rng=rng)
    return model, lambda: rnn.cross_entropy(model(XS, lengths=LENGTHS), [0, 1])


def caption(rng):
    model = rnn.OneToMany(3, 4, 2, rng=rng)
    return model, lambda: rnn.mse(model(XS[0], steps=4), YS)


def both_directions(rng):
    halves = rnn.Bidirectional(rnn.LSTMCell(3, 4, rng=rng), rnn.ElmanCell(3, 2, rng=rng))
    model = rnn.BidirectionalNetwork(halves, 2, rng=rng)
    return model, lambda: rnn.mse(model(XS, lengths=LENGTHS), YS, LENGTHS)


def translation(rng):
    decoders = {name: rnn.Decoder(rnn.LSTMCell(2, 4, rng=rng), 2, rng=rng) for name in ("EN", "FR")}
    model = rnn.EncoderDecoder(rnn.LSTMCell(3, 4, rng=rng), decoders)

    def loss():
        outputs = model(XS, {"EN": YS, "FR": YS[:2]}, lengths=LENGTHS)
        return rnn.mse(outputs["EN"], YS) + rnn.mse(outputs["FR"], YS[:2])

    return model, loss


def attention(rng):
    decoder_cell, scores = rnn.GRUCell(2 + 4, 4, rng=rng), rnn.AdditiveAttention(4, 4, 5, rng=rng)
    decoder = rnn.AttentionDecoder(decoder_cell, scores, 2, rng=rng)
    model = rnn.AttentionEncoderDecoder(rnn.GRUCell(3, 4, rng=rng), decoder)
    return model, lambda: rnn.mse(model(XS, steps=4, lengths=LENGTHS)[0], YS)


def words(rng):
    layers = rnn.Layers(rnn.Embedding(5, 3, rng=rng), rnn.GRUCell(3, 4, rng=rng), rnn.LayerNorm(4))
    model = rnn.ManyToMany(layers, 2, rng=rng)
    return model, lambda: rnn.mse(model([[0, 1], [4, 4], [2, 0], [0, 3]], lengths=LENGTHS), YS, LENGTHS)


def both_ends(rng):
    both = rnn.Bidirectional(rnn.GRUCell(3, 4, rng=rng), rnn.LSTMCell(3, 2, rng=rng))
    model = rnn.ManyToOne(rnn.Layers(rnn.ElmanCell(3, 3, rng=rng), both, rnn.LayerNorm(6)), 2, rng=rng)
    return model, lambda: rnn.cross_entropy(model(XS, lengths=LENGTHS), [0, 1], label_smoothing=0.1)


MODELS = {
    "elman": every_step(lambda rng: rnn.ElmanCell(3, 4, learned_state=True, rng=rng)),
    "logistic": every_step(lambda rng: rnn.ElmanCell(3, 4, "logistic", rng=rng)),
    "lstm": every_step(lambda rng: rnn.LSTMCell(3, 4, learned_state=True, rng=rng)),
    "peepholes": every_step(lambda rng: rnn.LSTMCell(3, 4, peepholes=True, rng=rng)),
    "gru": every_step(lambda rng: rnn.GRUCell(3, 4, rng=rng)),
    "torch's gru": every_step(lambda rng: rnn.GRUCell(3, 4, reset_after=True, rng=rng)),
    "deep": every_step(lambda rng: rnn.Stacked(rnn.GRUCell(3, 4, rng=rng), rnn.LSTMCell(4, 4, rng=rng))),
    "normalised elman": every_step(lambda rng: rnn.LayerNormElmanCell(3, 4, rng=rng)),
    "normalised lstm": every_step(lambda rng: rnn.LayerNormLSTMCell(3, 4, rng=rng)),
    "normalised gru": every_step(lambda rng: rnn.LayerNormGRUCell(3, 4, rng=rng)),
    "one matrix": every_step(lambda rng: rnn.TiedCell(3, rng=rng)),
    "blocks": every_step(lambda rng: rnn.LSTMBlockCell(3, 2, 2, rng=rng)),
    "words": words,
    "both ends": both_ends,
    "jordan": jordan,
    "one output": one_output,
    "caption": caption,
    "both directions": both_directions,
    "translation": translation,
    "attention": attention,
}


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=seeds)
def test_gradient_along_a_direction_is_the_difference_of_the_loss(name, seed):
    rng = np.random.default_rng(seed)
    model, loss = MODELS[name](rng)
    parameters = model.parameters().values()
    loss().backward()
    directions = [rng.normal(size=p.shape) for p in parameters]
    slope = sum(np.sum(p.grad * d) for p, d in zip(parameters, directions, strict=True))
    step, values = 1e-5, [p.data for p in parameters]

    def moved(distance):
        for parameter, value, direction in zip(parameters, values, directions, strict=True):
            parameter.data = value + distance * direction
        with tg.no_grad():
            return loss().item()

    assert slope == pytest.approx((moved(step) - moved(-step)) / (2 * step), rel=1e-5, abs=1e-7)

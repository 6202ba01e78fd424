"""Every kind of model in rnn, with batches that differ in all their numbers, to be trained compiled and not."""

from functools import partial

import numpy as np

import rnn

T, N, I, H, K = 6, 3, 4, 5, 4
_RNG = np.random.default_rng(0)

mean_cross_entropy = partial(rnn.cross_entropy, reduction="mean")
weighted = partial(rnn.cross_entropy, reduction="mean", weight=np.array([1.0, 2.0, 0.5, 1.0]), label_smoothing=0.1)


def _xs(features=I):
    return _RNG.normal(size=(T, N, features))


def _lengths():
    return _RNG.integers(1, T + 1, N)


def _classes(*shape):
    return _RNG.integers(0, K, shape)


def each_step(count=3):
    return [(_xs(), _classes(T, N), _lengths()) for _ in range(count)]


def without_lengths(count=3):
    return [(_xs(), _classes(T, N)) for _ in range(count)]


def once(count=3):
    return [(_xs(), _classes(N), _lengths()) for _ in range(count)]


def values(features=K, count=3):
    return [(_xs(), _RNG.normal(size=(T, N, features)), _lengths()) for _ in range(count)]


def tokens(count=3):
    return [(_classes(T, N), _classes(T, N), _lengths()) for _ in range(count)]


def translations(count=3):
    return [(_xs(), _classes(T + 1, N), _lengths(), _lengths()) for _ in range(count)]


def batch_first(count=3):
    return [(_RNG.normal(size=(N, T, I)), _classes(N, T)) for _ in range(count)]


class Tagger(rnn.Module):
    """A model with a layer that is called as PyTorch's."""

    def __init__(self, layer):
        self.layer, self.out = layer, rnn.Readout(layer.output_size, K, rng=3)

    def forward(self, x):
        output, _ = self.layer(x)
        return self.out(output)


def _decoder(cell, **options):
    return rnn.Decoder(cell, K, rng=2, **options)


def _attending(encoder, size):
    attention = rnn.AdditiveAttention(H, size, 3, rng=4)
    return rnn.AttentionEncoderDecoder(
        encoder, rnn.AttentionDecoder(rnn.GRUCell(K + size, H, rng=5), attention, K, rng=6)
    )


def _several_decoders():
    decoders = {name: _decoder(rnn.GRUCell(K, H, rng=seed)) for seed, name in enumerate(("EN", "FR"))}
    return rnn.EncoderDecoder(rnn.GRUCell(I, H, rng=7), decoders)


def _forward_both(model, batch):
    return model(batch.inputs, {name: rnn.one_hot(batch.targets[name], K) for name in ("EN", "FR")})


def _loss_of_both(outputs, targets):
    return rnn.cross_entropy(outputs["EN"], targets["EN"]) + 0.5 * rnn.cross_entropy(outputs["FR"], targets["FR"])


_loss_of_both.count = lambda targets, lengths: N


def _both_languages(count=3):
    return [(_xs(), {"EN": _classes(T, N), "FR": _classes(T - 1, N)}) for _ in range(count)]


def _caption(model, batch):
    return model(batch.inputs, targets=batch.targets)


def _vectors(count=3):
    return [(_RNG.normal(size=(N, I)), _RNG.normal(size=(T, N, K))) for _ in range(count)]


def _forced(model, batch):
    return model(batch.inputs, forced=batch.targets)


CELLS = {
    "Elman": lambda: rnn.ElmanCell(I, H, rng=0),
    "Elman, learned state": lambda: rnn.ElmanCell(I, H, "relu", learned_state=True, rng=0),
    "Tied": lambda: rnn.TiedCell(I, rng=0),
    "LSTM": lambda: rnn.LSTMCell(I, H, rng=0),
    "LSTM, peepholes": lambda: rnn.LSTMCell(I, H, peepholes=True, recurrent_bias=True, learned_state=True, rng=0),
    "LSTM blocks": lambda: rnn.LSTMBlockCell(I, 2, 3, rng=0),
    "GRU": lambda: rnn.GRUCell(I, H, rng=0),
    "GRU, PyTorch's": lambda: rnn.GRUCell(I, H, reset_after=True, recurrent_bias=True, rng=0),
    "normalised Elman": lambda: rnn.LayerNormElmanCell(I, H, rng=0),
    "normalised LSTM": lambda: rnn.LayerNormLSTMCell(I, H, rng=0),
    "normalised GRU": lambda: rnn.LayerNormGRUCell(I, H, rng=0),
    "stacked": lambda: rnn.Stacked(rnn.ElmanCell(I, H, rng=0), rnn.LSTMCell(H, 3, rng=1)),
    "both directions": lambda: rnn.Bidirectional(rnn.ElmanCell(I, H, rng=0), rnn.GRUCell(I, 3, rng=1)),
    "layers": lambda: rnn.Layers(rnn.LSTMCell(I, H, rng=0), rnn.LayerNorm(H), rnn.GRUCell(H, 3, rng=1)),
}

# by name: makes a model, its batches, its loss, and how it is called where not as `fit` calls it
KINDS = {
    **{f"each step of {name}": (lambda make=make: rnn.ManyToMany(make(), K, rng=9), each_step, rnn.cross_entropy, None)
       for name, make in CELLS.items()},
    **{f"the last step of {name}": (lambda make=make: rnn.ManyToOne(make(), K, rng=9), once, rnn.cross_entropy, None)
       for name, make in CELLS.items()},
    "without lengths": (lambda: rnn.ManyToMany(CELLS["LSTM"](), K, rng=9), without_lengths, mean_cross_entropy, None),
    "weights of classes": (lambda: rnn.ManyToMany(CELLS["LSTM"](), K, rng=9), each_step, weighted, None),
    "ignored targets": (
        lambda: rnn.ManyToMany(CELLS["GRU"](), K, rng=9),
        each_step,
        partial(rnn.cross_entropy, ignore_index=2),
        None,
    ),
    "squared error": (lambda: rnn.ManyToMany(CELLS["Elman"](), K, rng=9), values, rnn.mse, None),
    "probabilities": (
        lambda: rnn.ManyToMany(CELLS["Elman"](), 1, rng=9),
        lambda: [(x, (y > 0)[..., :1].astype(float), lengths) for x, y, lengths in values()],
        partial(rnn.binary_cross_entropy_with_logits, pos_weight=np.array(2.0)),
        None,
    ),
    "Jordan": (lambda: rnn.Forecaster(I, H, K, "output", rng=0), values, rnn.mse, None),
    "Jordan, forced": (
        lambda: rnn.Forecaster(I, H, K, "output", rng=0),
        lambda: [batch[:2] for batch in values()],
        rnn.mse,
        _forced,
    ),
    "forecaster": (lambda: rnn.Forecaster(I, H, K, rng=0), values, rnn.mse, None),
    "one to many": (lambda: rnn.OneToMany(I, H, K, rng=0), _vectors, rnn.mse, _caption),
    "both halves": (lambda: rnn.BidirectionalNetwork(CELLS["both directions"](), K, rng=9), each_step,
                    rnn.cross_entropy, None),
    "encoder and decoder": (
        lambda: rnn.EncoderDecoder(rnn.LSTMCell(I, H, rng=0), _decoder(rnn.LSTMCell(K, H, rng=1))),
        translations,
        mean_cross_entropy,
        None,
    ),
    "several decoders": (_several_decoders, _both_languages, _loss_of_both, _forward_both),
    "attention": (lambda: _attending(rnn.GRUCell(I, H, rng=0), H), translations, mean_cross_entropy, None),
    "attention to both directions": (
        lambda: _attending(rnn.Bidirectional(rnn.GRUCell(I, 4, rng=0), rnn.GRUCell(I, H, rng=1)), 4 + H),
        translations,
        mean_cross_entropy,
        None,
    ),
    "embedding": (
        lambda: rnn.ManyToMany(
            rnn.Layers(rnn.Embedding(K, 3, padding_idx=0, rng=0), rnn.LSTMCell(3, H, rng=1)), K, rng=2
        ),
        tokens,
        rnn.cross_entropy,
        None,
    ),
    "fixed window": (
        lambda: rnn.FixedWindowModel(K, 3, 3, H, rng=0),
        lambda: [batch[:2] for batch in tokens()],
        mean_cross_entropy,
        None,
    ),
    "PyTorch's LSTM": (
        lambda: Tagger(rnn.LSTM(I, H, num_layers=2, batch_first=True, bidirectional=True, rng=0)),
        batch_first,
        rnn.cross_entropy,
        None,
    ),
    "PyTorch's GRU": (lambda: Tagger(rnn.GRU(I, H, batch_first=True, rng=0)), batch_first, rnn.cross_entropy, None),
    "PyTorch's RNN": (
        lambda: rnn.ManyToOne(rnn.RNN(I, H, nonlinearity="relu", rng=0), K, rng=1), once, rnn.cross_entropy, None,
    ),
}  # fmt: skip

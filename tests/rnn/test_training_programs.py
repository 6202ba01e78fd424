"""Small programs that learn something, in the styles in which people write them: all parts are what users have."""

from functools import partial

import numpy as np
import pytest

import rnn
import tinygraph as tg

pytestmark = pytest.mark.slow


def test_functions_over_a_dict_of_parameters():
    """Which sentences hold one of two words: a masked loop in plain NumPy, AdamW, a weight on the rarer answer."""
    rng = np.random.default_rng(0)
    drop = rnn.VariationalDropout(0.2, rng=rng)
    p = {"E": rng.normal(size=(20, 6)), "Wx": rng.normal(size=(6, 8)) / 3, "Wh": np.eye(8) * 0.5, "b": np.zeros(8),
         "v": rng.normal(size=(8, 1)) / 3}  # fmt: skip
    p = {name: tg.parameter(value, name=name) for name, value in p.items()}

    def forward(x, mask):
        h = np.zeros((x.shape[1], 8))
        e = drop(p["E"][x])
        for t in range(len(x)):
            new = np.tanh(e[t] @ p["Wx"] + h @ p["Wh"] + p["b"])
            h = np.where(mask[t, :, None], new, h)
        return (h @ p["v"])[:, 0]

    sentences = [rng.integers(0, 20, rng.integers(3, 9)) for _ in range(60)]
    labels = np.array([float((s == 3).any() or (s == 7).any()) for s in sentences])
    x, lengths = rnn.pad(sentences)
    mask = np.arange(len(x))[:, None] < lengths
    optimizer = rnn.AdamW(p, lr=0.03)
    for _ in range(60):
        optimizer.zero_grad()
        rnn.binary_cross_entropy_with_logits(forward(x, mask), labels, pos_weight=2.0).backward()
        rnn.clip_grad_norm(p, 1.0)
        optimizer.step()
    drop.eval()
    assert np.mean((forward(x, mask).data > 0) == labels) > 0.9


def test_a_tagger_of_layers_trained_by_fit():
    """Whether the next number is larger, for padded sequences: normalised LSTMs in both directions."""
    rng = np.random.default_rng(0)
    sequences = [rng.integers(1, 15, rng.integers(3, 12)) for _ in range(60)]
    tags = [np.r_[(s[1:] > s[:-1]).astype(int), 2] for s in sequences]
    both = rnn.Bidirectional(rnn.LayerNormLSTMCell(8, 8, rng=rng), rnn.LayerNormLSTMCell(8, 8, rng=rng))
    embedding = rnn.Embedding(15, 8, padding_idx=0, rng=rng)
    layers = rnn.Layers(embedding, rnn.VariationalDropout(0.1, rng=rng), both, rnn.Dropout(0.1, rng=rng))
    model = rnn.ManyToMany(layers, 3, rng=rng)
    batches = rnn.batches(sequences, tags, 16, rng=0, per_step=True)
    loss = partial(rnn.cross_entropy, reduction="mean", label_smoothing=0.05)
    rnn.fit(
        model,
        batches,
        epochs=20,
        loss=loss,
        optimizer=rnn.optimizer_for("adam", model, lr=0.02),
        clip_norm=5.0,
        quiet=True,
    )
    guesses = [scores.argmax(axis=-1) for scores in rnn.predict(model, sequences)]
    correct = np.mean(np.concatenate(guesses) == np.concatenate(tags))
    assert correct > 0.8
    counted = [(rnn.predict(model, b.inputs, b.lengths), b.targets, b.lengths) for b in batches]
    shares = [rnn.accuracy(*batch) * batch[2].sum() for batch in counted]
    assert sum(shares) / sum(map(len, tags)) == pytest.approx(correct)


class MinimalGatedUnit(rnn.Cell):
    """Zhou et al. (2016), written by somebody who knows PyTorch."""

    def __init__(self, input_size, hidden_size, rng):
        super().__init__(input_size, hidden_size)
        self.Wf = tg.parameter(rnn.glorot((hidden_size, input_size + hidden_size), rng))
        self.Wh = tg.parameter(rnn.glorot((hidden_size, input_size + hidden_size), rng))

    def forward(self, h, x):
        f = tg.sigmoid(tg.linear(np.concatenate([h, x], -1), self.Wf))
        g = np.tanh(tg.linear(np.concatenate([f * h, x], -1), self.Wh))
        return (1 - f) * h + f * g


def test_a_cell_of_ones_own_below_another_with_a_rate_that_falls_on_a_plateau():
    rng = np.random.default_rng(1)
    t = np.arange(400)
    series = np.sin(t / 5) + 0.3 * np.sin(t / 2.3) + 0.05 * rng.normal(size=400)
    xs, ys = series[:-1, None], series[1:, None]
    train = [part[:360].reshape(6, 60, 1).swapaxes(0, 1) for part in (xs, ys)]
    cells = rnn.RecurrentDropout(MinimalGatedUnit(1, 12, rng), 0.05, rng=rng), MinimalGatedUnit(12, 12, rng)
    model = rnn.ManyToMany(rnn.Stacked(*cells), 1, rng=rng)
    plateau = rnn.ReduceLROnPlateau(0.02, factor=0.5, patience=3)
    history = rnn.fit(model, tuple(train), epochs=40, optimizer=rnn.RMSprop(model, lr=plateau), quiet=True,
                      validation=(xs[360:, None], ys[360:, None]),
                      after_epoch=lambda history: plateau.follow(history.measured))  # fmt: skip
    assert history.train[-1] < 0.2 * history.train[0]
    assert plateau(0) < 0.02
    error = np.mean((rnn.predict(model, xs) - ys)[360:] ** 2)
    assert error < 0.5 * np.mean((xs - ys)[360:] ** 2)  # better than to say that nothing changes


def test_three_language_models_write():
    """All three learn a text that repeats itself; the better one sees more of it."""
    text = "to be or not to be that is the question whether tis nobler in the mind " * 12
    letters = rnn.Vocabulary(text)
    x, K = letters.encode(text), len(letters)
    known, rest = x[: len(x) * 3 // 4], x[len(x) * 3 // 4 :]
    mean = partial(rnn.cross_entropy, reduction="mean")
    recurrent = rnn.ManyToMany(rnn.Layers(rnn.Embedding(K, 8, rng=0), rnn.LSTMCell(8, 24, rng=0)), K, rng=0)
    window = rnn.FixedWindowModel(K, 8, 4, 24, rng=0)
    for model in (recurrent, window):
        rnn.fit(model, (known[:-1, None], known[1:, None]), epochs=4, loss=mean, truncate=25, clip_norm=1.0,
                optimizer=rnn.optimizer_for("adam", model), quiet=True)  # fmt: skip
    bits = []
    for model in (rnn.NGram(3, K).count(known), rnn.NGram(1, K).count(known), recurrent, window):
        bits.append(rnn.bits_per_character(mean(model(rest[:-1]), rest[1:])))
        choose = rnn.sampler(0.7, top_p=0.9, rng=0)
        written = "".join(letters.decode(rnn.generate(model, letters.encode("to be"), 60, choose=choose)))
        assert len(written) == 60
    trigram, unigram, of_recurrent, of_window = bits
    assert trigram < 0.5 * unigram
    assert of_recurrent < trigram
    assert of_window < trigram
    best = rnn.beam_search(recurrent, letters.encode("not t"), 4, beams=3)[0]
    assert "".join(letters.decode(best.numbers)) == "o be"


class TwoHeads(rnn.Module):
    """Frozen word vectors, one encoder, and heads in a dict, as a PyTorch module is written."""

    def __init__(self, vectors, rng):
        super().__init__()
        self.words = rnn.Embedding.from_pretrained(vectors)
        self.encoder = rnn.GRU(vectors.shape[1], 10, bidirectional=True, rng=rng)
        self.heads = {"topic": rnn.Readout(20, 3, rng=rng), "flags": rnn.Readout(20, 4, rng=rng)}
        self.drop = rnn.Dropout(0.1, rng=rng)

    def forward(self, x):
        _, h = self.encoder(self.words(x))
        z = self.drop(np.concatenate([h[0], h[1]], axis=-1))
        return {name: head(z) for name, head in self.heads.items()}


def test_two_heads_over_frozen_vectors_with_gradients_that_add_up():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(12, 5))
    model = TwoHeads(vectors, rng)
    optimizer = rnn.SGD(model, lr=0.2, momentum=0.9, nesterov=True)
    X = rng.integers(0, 12, (7, 32))
    topic, flags = X.sum(axis=0) % 3, np.stack([np.any(k == X, axis=0) for k in range(4)], axis=1)
    for _ in range(80):
        for half in (slice(0, 16), slice(16, 32)):
            o = model(X[:, half])
            loss = rnn.cross_entropy(o["topic"], topic[half])
            loss = loss + rnn.binary_cross_entropy_with_logits(o["flags"], flags[half])
            (loss / 2).backward()
        rnn.clip_grad_norm(model, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
    o = model(X)
    assert rnn.accuracy(o["topic"], topic) > 0.9
    assert np.mean((o["flags"].data > 0) == flags) > 0.9
    np.testing.assert_array_equal(model.words.E.data, vectors)

"""Row A3 of the lectures: folding an unrolled model gives its cell back, and unrolling that the same graph."""

import numpy as np
import pytest

import rnn
import tinygraph as tg


def attention(encoder):
    decoder = rnn.AttentionDecoder(rnn.GRUCell(2 + 4, 4, rng=0), rnn.AdditiveAttention(4, 4, 4, rng=0), 2, rng=0)
    return rnn.AttentionEncoderDecoder(encoder, decoder)


def both_directions():
    return rnn.Bidirectional(rnn.GRUCell(3, 4, rng=0), rnn.ElmanCell(3, 2, rng=0))


def every_step(cell):
    return lambda xs: rnn.ManyToMany(cell, 2, rng=0)(xs)


def masked(cell):
    return lambda xs: rnn.ManyToMany(cell, 2, rng=0)(np.stack([xs, xs], axis=1), lengths=[len(xs), 2])


CELLS = {
    "elman": lambda: rnn.ElmanCell(3, 4, learned_state=True, rng=0),
    "lstm": lambda: rnn.LSTMCell(3, 4, rng=0),
    "peepholes": lambda: rnn.LSTMCell(3, 4, peepholes=True, rng=0),
    "gru": lambda: rnn.GRUCell(3, 4, rng=0),
    "torch's gru": lambda: rnn.GRUCell(3, 4, reset_after=True, rng=0),
    "jordan": lambda: rnn.JordanCell(3, 4, 2, rng=0),
    "normalised elman": lambda: rnn.LayerNormElmanCell(3, 4, rng=0),
    "normalised lstm": lambda: rnn.LayerNormLSTMCell(3, 4, rng=0),
    "normalised gru": lambda: rnn.LayerNormGRUCell(3, 4, rng=0),
    "one matrix": lambda: rnn.TiedCell(3, rng=0),
    "blocks": lambda: rnn.LSTMBlockCell(3, 2, 2, rng=0),
    "dropping lstm": lambda: rnn.RecurrentDropout(rnn.LSTMCell(3, 4, rng=0), 0.3, rng=0),
    "deep": lambda: rnn.Stacked(rnn.ElmanCell(3, 4, rng=0), rnn.LSTMCell(4, 4, rng=0)),
}
MODELS = {
    **{name: every_step(make()) for name, make in CELLS.items()},
    **{f"{name}, masked": masked(make()) for name, make in CELLS.items()},
    "one output": lambda xs: rnn.ManyToOne(CELLS["gru"](), 2, rng=0)(xs),
    "both directions": lambda xs: rnn.BidirectionalNetwork(both_directions(), 2, rng=0)(xs),
    "layers": lambda xs: rnn.Layers(both_directions(), rnn.GRUCell(6, 2, rng=0))(xs)[0],
    "words": lambda xs: rnn.ManyToMany(
        rnn.Layers(
            rnn.Embedding(9, 3, 0, rng=0),
            rnn.Dropout(rng=0),
            rnn.GRUCell(3, 4, rng=0),
            rnn.VariationalDropout(rng=0),
            rnn.ElmanCell(4, 4, rng=0),
        ),
        2,
        rng=0,
    )(xs[:, 0].argsort()),
    "fixed window": lambda xs: rnn.FixedWindowModel(9, 3, 2, 4, rng=0)(xs[:, 0].argsort()),
    "torch's names": lambda xs: [rnn.LSTM(3, 4, num_layers=2, dropout=0.2, bidirectional=True, rng=0)(xs)[0]],
    "packed": lambda xs: [rnn.GRU(3, 4, rng=0)(rnn.pack_padded_sequence(np.stack([xs, xs], 1), [len(xs), 2]))[0].data],
    "running free": lambda xs: rnn.OneToMany(3, 4, 2, rng=0)(np.ones(3), steps=len(xs)),
    "teacher forcing": lambda xs: rnn.unroll(CELLS["jordan"](), xs, forced=np.ones((len(xs), 2)))[0],
    "attention": lambda xs: attention(rnn.GRUCell(3, 4, rng=0))(xs, steps=len(xs))[0],
    "linear system": lambda xs: rnn.LinearSystem(np.eye(3), np.ones(3)).run(np.ones(3), len(xs))[-1],
    "oscillator": lambda xs: rnn.ForcedOscillator(4.0, 1.0).run(0.1, len(xs))[-1],
}


def recorded(model, steps):
    outputs = model(np.random.default_rng(0).normal(size=(steps, 3)))
    return tg.graph(*([outputs] if isinstance(outputs, tg.Tensor) else outputs))


def structure(graph):
    return [(str(node.op), node.kind, node.shape, [source.index for source in node.inputs]) for node in graph.nodes]


@pytest.mark.parametrize("name", MODELS)
def test_a3_folding_gives_one_cell_and_unrolling_it_the_same_graph(name):
    folded_sizes, sizes = [], []
    for steps in (4, 9):
        graph = recorded(MODELS[name], steps)
        folded = tg.fold(graph)
        assert structure(folded.unroll()) == structure(graph)
        folded_sizes.append(len(folded.nodes))
        sizes.append(len(graph.nodes))
    assert folded_sizes[0] == folded_sizes[1]
    assert sizes[0] < sizes[1]

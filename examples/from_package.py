"""The networks of `rnn` on small data, as the figures show them: task shapes, variants, and those set by hand."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

import rnn
import tinygraph as tg
from examples.programs import HIDDEN, INPUTS, OUTPUTS, data


def cell(seed: int = 0, inputs: int = INPUTS) -> rnn.ElmanCell:
    """A cell of the first model."""
    return rnn.ElmanCell(inputs, HIDDEN, rng=seed)


def squared_errors(outputs: Iterable[tg.Tensor], targets: np.ndarray) -> tg.Tensor:
    """The sum of the losses of all time steps."""
    losses = []
    for ŷ, y in zip(outputs, targets, strict=True):
        L = ((ŷ - y) ** 2).sum()
        losses.append(L)
    loss = sum(losses)
    return loss


# B5 to B8


def teacher_forcing(T: int = 3) -> tg.Tensor:
    """B5, training: the model that feeds its output back is fed the targets."""
    model = rnn.Forecaster(INPUTS, HIDDEN, recurrence="output", rng=0)
    targets = data(T, 1)
    return squared_errors(model(data(T, INPUTS), forced=targets), targets)


def free_running(T: int = 3) -> tg.Tensor:
    """B5, testing: the same model is fed its own outputs."""
    model = rnn.Forecaster(INPUTS, HIDDEN, recurrence="output", rng=0)
    return squared_errors(model(data(T, INPUTS)), data(T, 1))


def both_forcings() -> dict[str, tg.Tensor]:
    """B5: the two graphs, side by side."""
    losses = {}
    for title, forcing in (
        ("Training: the target is fed", teacher_forcing),
        ("Testing: the output is fed", free_running),
    ):
        loss = forcing()
        losses[title] = loss
    return losses


def padded_batch(T: int = 4) -> tg.Tensor:
    """B6: three sequences of unequal length, one output each."""
    model = rnn.ManyToOne(cell(), OUTPUTS, rng=1)
    ŷ = model(data(T, 3, INPUTS), lengths=[3, 1, 2])
    loss = (ŷ**2).sum()
    return loss


def vector_to_sequence(T: int = 3) -> tg.Tensor:
    """B7: a vector in, a sequence out."""
    model = rnn.OneToMany(INPUTS, HIDDEN, 1, hoisted=False, rng=0)
    targets = data(T, 1)
    return squared_errors(model(data(INPUTS), targets=targets), targets)


def bidirectional(T: int = 3) -> tg.Tensor:
    """B8: outputs that see past and future."""
    model = rnn.BidirectionalNetwork(rnn.Bidirectional(cell(0), cell(1)), 1, rng=2)
    return squared_errors(model(data(T, INPUTS)), data(T, 1))


# B10


def attention_on_two_sequences(S: int = 6, T: int = 4) -> tg.Tensor:
    """B10: encoder and decoder with attention; the second source is shorter and padded."""
    decoder = rnn.AttentionDecoder(
        rnn.GRUCell(1 + HIDDEN, HIDDEN, rng=1), rnn.AdditiveAttention(HIDDEN, HIDDEN, 6, rng=0), 1, rng=2
    )
    model = rnn.AttentionEncoderDecoder(rnn.GRUCell(INPUTS, HIDDEN, rng=3), decoder)
    targets = data(T, 2, 1)
    outputs, _ = model(data(S, 2, INPUTS), targets=targets, lengths=[S, S - 2])
    return squared_errors(outputs, targets)


# B14: the shapes of tasks


def one_to_many(T: int = 3) -> list[tg.Tensor]:
    """A vector in, a sequence out: its outputs."""
    return rnn.OneToMany(INPUTS, HIDDEN, 1, hoisted=False, rng=0)(data(INPUTS), steps=T)


def many_to_one(T: int = 3) -> tg.Tensor:
    """A sequence in, one output."""
    ŷ = rnn.ManyToOne(cell(), 1, rng=1)(data(T, INPUTS))
    return ŷ


def synchronous(T: int = 3) -> list[tg.Tensor]:
    """An output in every time step."""
    return rnn.ManyToMany(cell(), 1, rng=1)(data(T, INPUTS))


def sequence_to_sequence(S: int = 3, T: int = 2) -> list[tg.Tensor]:
    """All of a sequence in, then another out."""
    return rnn.EncoderDecoder(cell(), rnn.Decoder(cell(1, 1), 1, rng=2))(data(S, INPUTS), steps=T)


# D: networks set by hand


def sum_of_inputs() -> list[tg.Tensor]:
    """All weights are 1, all units linear: 2, −0.5, 1, 1 → 2, 1.5, 2.5, 3.5."""
    return rnn.summing_network()([[2.0], [-0.5], [1.0], [1.0]])


def larger_total() -> list[tg.Tensor]:
    """Which of two inputs has the larger total: (2, −2), (0, 3.5), (1, 2.2) → 1.00, 0.92, 0.03."""
    return rnn.ComparingNetwork()([[2.0, -2.0], [0.0, 3.5], [1.0, 2.2]])


def parity() -> list[tg.Tensor]:
    """Whether the ones so far are odd in number: 1, 0, 1, 1 → 1, 1, 0, 1."""
    return rnn.ParityNetwork()([[1.0], [0.0], [1.0], [1.0]])

"""What a model's loss of a batch is: its outputs, which lengths mask them, and by how much the batch counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygraph as tg
from tinygraph.recording.remarks import remarks

from .batching import Batch
from .cells import State
from .checks import Lengths
from .losses import Outputs
from .module import Module
from .seq2seq import teacher_forced, writes_sequences
from .weighing import Loss, Remark, remarked, weight, weight_of

Forward = Callable[[Any, Batch], Outputs]


class Measured:
    """Measures the loss of batches, recorded anew for each.

    Parameters
    ----------
    model, loss, forward
        As `fit` takes them.
    """

    def __init__(self, model: Any, loss: Loss, forward: Forward):
        self.model, self.loss, self.forward = model, loss, forward

    def __call__(self, batch: Batch) -> tuple[tg.Tensor, float]:
        """Return the loss of a batch and its weight among others."""
        return loss_of(self.loss, self.model, self.forward(self.model, batch), batch)

    def stretch(self, batch: Batch, state: State) -> tuple[tg.Tensor, float, State]:
        """Return the loss of a stretch of time and its weight, and the state after it, without a gradient."""
        outputs, state = self.model.run(batch.inputs, state)
        return *loss_of(self.loss, self.model, outputs, batch), detached(state)

    def with_graph(self, loss: tg.Tensor, batch: Batch, state: State) -> tg.Tensor:
        """Return a loss with the graph of what led to it."""
        return loss


def call(model: Any, batch: Batch) -> Outputs:
    """Return what a model makes of a batch: ``model(inputs)``, with the lengths where there are any.

    An encoder with a decoder is given the targets, too: teacher forcing.
    """
    if writes_sequences(model):
        return teacher_forced(model, batch.inputs, batch.targets, batch.lengths)
    if batch.lengths is None:
        return model(batch.inputs)
    try:
        return model(batch.inputs, lengths=batch.lengths)
    except TypeError as error:
        if "unexpected keyword argument 'lengths'" not in str(error):
            raise
        raise TypeError(
            f"{error}: the batch has lengths, and the model is called as model(inputs, lengths=lengths); name its"
            " argument so, or say forward=lambda model, batch: model(batch.inputs, batch.lengths)"
        ) from error


def lengths_of_targets(model: Any, outputs: Outputs, batch: Batch) -> Lengths:
    """Return which lengths mask the loss: those of the targets, which are the inputs' where they run side by side.

    Raises
    ------
    ValueError
        When the targets are sequences of their own, and only the lengths of their sources are given.
    """
    if batch.target_lengths is not None:
        return batch.target_lengths
    has_time = isinstance(outputs, list) or getattr(outputs, "ndim", 0) == 3  # else one output of a whole sequence
    if batch.lengths is None or not has_time:
        return None
    if (isinstance(model, Module) and any(map(writes_sequences, model.modules()))) or len(outputs) != len(batch.inputs):
        raise ValueError(
            f"the lengths {_short(batch.lengths)} are those of the inputs, of {len(batch.inputs)} time steps, and the"
            f" {len(outputs)} outputs are sequences of their own: give the lengths of the targets, too, as"
            " (inputs, targets, lengths, target_lengths), which count an end symbol; rnn.batches(...,"
            " target_sequences=True) makes such batches"
        )
    return batch.lengths


def loss_of(loss: Loss, model: Any, outputs: Outputs, batch: Batch) -> tuple[tg.Tensor, float]:
    """Return the loss of a batch, a scalar, and its weight among others."""
    lengths = lengths_of_targets(model, outputs, batch)
    value, remark = scalar_loss(loss, outputs, batch.targets, lengths)
    if remark is not None:
        return value, weight_of(remark)
    return value, weight(loss, batch.targets, lengths, stepwise=isinstance(outputs, list))


def scalar_loss(loss: Loss, outputs: Outputs, targets: Any, lengths: Lengths) -> tuple[tg.Tensor, Remark | None]:
    """Return what a loss says, which should be a scalar, and by what it divided, where that is known."""
    with remarks() as heard:
        value = loss(outputs, targets) if lengths is None else loss(outputs, targets, lengths)
    if not isinstance(value, tg.Tensor) or value.size != 1:
        what = f"a Tensor of shape {value.shape}" if isinstance(value, tg.Tensor) else repr(value)[:60]
        raise TypeError(f"the loss should be a Tensor that holds a single number, not {what}")
    return value, remarked(loss, value, heard)


def detached(state: State) -> State:
    """Return a state from which no gradient flows back."""
    return tuple(map(detached, state)) if isinstance(state, tuple) else state.detach()


def _short(lengths: Any) -> str:
    return np.array2string(np.asarray(lengths), threshold=6, edgeitems=2)

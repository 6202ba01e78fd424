"""One update of the parameters: the loss of a batch, its gradient, clipped, and the optimiser's step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import tinygraph as tg
from tinygraph.backward.backprop import tell_observers

from .batching import Batch, chunks
from .cells import State
from .checks import Lengths
from .losses import Outputs
from .module import Module
from .optim import Optimizer, clip_grad_norm, clip_grad_value, gradient_norm
from .seq2seq import teacher_forced, writes_sequences
from .weighing import Loss, weight

Forward = Callable[[Any, Batch], Outputs]


class NonfiniteLossError(FloatingPointError):
    """A loss that is NaN or infinite: training ends.

    Attributes
    ----------
    loss : Tensor
        With its graph: ``viz.debug(error.loss)`` shows where it comes from.
    """

    def __init__(self, loss: tg.Tensor, updates: int, what: str = "loss"):
        self.loss = loss
        super().__init__(
            f"the {what} is {float(loss.item())} after {updates} updates; where from: fit(..., debug="
            '"not isfinite(loss)"), `tinygraph debug` with --when, or viz.debug(error.loss) of this error'
        )


class Update(NamedTuple):
    """An update of the parameters that was made.

    Attributes
    ----------
    number : int
        Of the optimiser, from 1.
    loss : Tensor
        With its graph, recorded with the parameters before the update; without one where the batch was cut into shards.
    weight : float
        By how much the loss counts in the mean of an epoch.
    gradient_norms : dict of float
        By layer, before clipping.
    batch : Batch
    """

    number: int
    loss: tg.Tensor
    weight: float
    gradient_norms: dict[str, float]
    batch: Batch


def call(model: Any, batch: Batch) -> Outputs:
    """Return what a model makes of a batch: ``model(inputs)``, with the lengths where there are any.

    An encoder with a decoder is given the targets, too: teacher forcing.
    """
    if writes_sequences(model):
        return teacher_forced(model, batch.inputs, batch.targets, batch.lengths)
    if batch.lengths is None:
        return model(batch.inputs)
    return model(batch.inputs, lengths=batch.lengths)


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
    value = loss(outputs, batch.targets) if lengths is None else loss(outputs, batch.targets, lengths)
    if not isinstance(value, tg.Tensor) or value.size != 1:
        what = f"a Tensor of shape {value.shape}" if isinstance(value, tg.Tensor) else repr(value)[:60]
        raise TypeError(f"the loss should be a Tensor that holds a single number, not {what}")
    return value, weight(loss, batch.targets, lengths, stepwise=isinstance(outputs, list))


@dataclass
class Updater:
    """What makes updates from batches.

    Attributes
    ----------
    recorded : Tensor or None
        The loss of the update under way, as soon as there is one: a debugger looks at it when the update fails.
    """

    model: Any
    optimizer: Optimizer
    loss: Loss
    forward: Forward
    clip_norm: float | None = None
    clip_value: float | None = None
    truncate: int | None = None
    recorded: tg.Tensor | None = None

    def __call__(self, batch: Batch) -> Iterator[Update]:
        """Update the parameters from a batch, or once from each stretch of its time."""
        self.recorded = None
        if self.truncate is None:
            yield self._descend(self.forward(self.model, batch), batch)
            return
        if batch.lengths is not None or batch.target_lengths is not None:
            raise ValueError("truncated back-propagation takes no lengths")
        state = None
        for stretch in chunks(batch, self.truncate):
            outputs, state = self.model.run(stretch.inputs, state)
            yield self._descend(outputs, stretch)
            state = _detached(state)

    def _descend(self, outputs: Outputs, batch: Batch) -> Update:
        loss, weight = loss_of(self.loss, self.model, outputs, batch)
        self._look_at(loss)
        self.optimizer.zero_grad()
        loss.backward()
        return self._step(loss, weight, batch)

    def _look_at(self, loss: tg.Tensor) -> None:
        """Keep the loss of an update; raise NonfiniteLossError if it is none to descend on."""
        self.recorded = loss
        if not math.isfinite(loss.item()):
            tell_observers(loss)  # a debugger stops here: the pass itself would only spread it
            raise NonfiniteLossError(loss, self.optimizer.updates)

    def _step(self, loss: tg.Tensor, weight: float, batch: Batch) -> Update:
        """Change the parameters by the gradients that they have."""
        parameters = self.optimizer.parameters
        if all(parameter.grad is None for parameter in parameters.values()):
            raise ValueError(f"nothing that the optimiser trains leads to the loss: {', '.join(parameters)}")
        norms = self.norms()
        if not all(map(math.isfinite, norms.values())):
            self._refuse_gradients(loss)
        if self.clip_norm is not None:
            clip_grad_norm(parameters, self.clip_norm)
        if self.clip_value is not None:
            clip_grad_value(parameters, self.clip_value)
        self.optimizer.step()
        return Update(self.optimizer.updates, loss, weight, norms, batch)

    def _refuse_gradients(self, loss: tg.Tensor) -> None:
        gradients = {name: p.grad for name, p in self.optimizer.parameters.items()}
        wrong = [name for name, grad in gradients.items() if grad is not None and not np.isfinite(grad).all()]
        raise FloatingPointError(
            f"the gradient of {', '.join(wrong)} is not finite after {self.optimizer.updates} updates, though the loss"
            f' is {float(loss.item()):.6g}; where from: fit(..., debug="not isfinite(loss)") opens the debugger here'
        )

    def norms(self) -> dict[str, float]:
        """Return the norm of each layer's gradient, of the parameters that are trained."""
        trained = set(self.optimizer.parameters.values())
        layers: dict[str, list[np.ndarray]] = {}
        for name, parameter in self.model.parameters().items():
            if parameter in trained and parameter.requires_grad:
                gradients = layers.setdefault(name.rpartition(".")[0] or type(self.model).__name__, [])
                gradients += [] if parameter.grad is None else [parameter.grad]
        return {layer: gradient_norm(gradients) for layer, gradients in layers.items()}


def _detached(state: State) -> State:
    return tuple(_detached(part) for part in state) if isinstance(state, tuple) else state.detach()


def _short(lengths: Any) -> str:
    return np.array2string(np.asarray(lengths), threshold=6, edgeitems=2)

"""One update of the parameters: the loss of a batch, its gradient, clipped, and the optimiser's step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

import tinygraph as tg
from tinygraph.backward.backprop import tell_observers

from .batching import Batch, chunks
from .cells import State
from .compiling import measured
from .measuring import Forward, Measured
from .optim import Optimizer, clip_grad_norm, clip_grad_value, gradient_norm
from .weighing import Loss


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
        With its graph, recorded with the parameters before the update; without one where the batch was cut into shards,
        or the loss compiled.
    weight : float
        By how much the loss counts in the mean of an epoch; infinity for a sum, which is added to the others.
    gradient_norms : dict of float
        By layer, before clipping.
    batch : Batch
    """

    number: int
    loss: tg.Tensor
    weight: float
    gradient_norms: dict[str, float]
    batch: Batch


@dataclass
class Updater:
    """What makes updates from batches.

    Attributes
    ----------
    backend : str or None
        By which the loss and its gradients are compiled.
    recorded : Tensor or None
        The loss of the update under way, as soon as there is one: a debugger looks at it when the update fails.
    measure : Measured
        Makes the loss of a batch.
    """

    model: Any
    optimizer: Optimizer
    loss: Loss
    forward: Forward
    clip_norm: float | None = None
    clip_value: float | None = None
    truncate: int | None = None
    backend: str | None = None
    recorded: tg.Tensor | None = None
    measure: Measured = field(init=False)

    def __post_init__(self) -> None:
        self.measure = measured(self.model, self.loss, self.forward, self.backend)

    def __call__(self, batch: Batch) -> Iterator[Update]:
        """Update the parameters from a batch, or once from each stretch of its time."""
        self.recorded = None
        if self.truncate is None:
            yield self._descend(*self.measure(batch), batch)
            return
        if batch.lengths is not None or batch.target_lengths is not None:
            raise ValueError("truncated back-propagation takes no lengths")
        state = None
        for stretch in chunks(batch, self.truncate):
            before = state
            loss, weight, state = self.measure.stretch(stretch, before)
            yield self._descend(loss, weight, stretch, before)

    def _descend(self, loss: tg.Tensor, weight: float, batch: Batch, state: State = None) -> Update:
        self._look_at(loss, batch, state)
        self.optimizer.zero_grad()
        loss.backward()
        return self._step(loss, weight, batch)

    def _look_at(self, loss: tg.Tensor, batch: Batch, state: State = None) -> None:
        """Keep the loss of an update; raise NonfiniteLossError if it is none to descend on."""
        self.recorded = loss
        if not math.isfinite(loss.item()):
            self.recorded = loss = self.measure.with_graph(loss, batch, state)
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

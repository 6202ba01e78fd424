"""Training: `fit` a model to data, and `evaluate` its loss."""

from __future__ import annotations

import gc
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import tinygraph as tg
from tinygraph.backward.backprop import is_observed, tell_observers

from .cells import State
from .checkpoint import History, Run
from .data import Batch, chunks
from .init import Rng, generator
from .losses import Outputs, mse
from .module import Module
from .optim import Adam, Optimizer, clip_grad_norm, clip_grad_value

Loss = Callable[..., tg.Tensor]
Batches = Sequence[tuple]  # each (inputs, targets) or (inputs, targets, lengths)
Data = tuple | Batches | Callable[[np.random.Generator], Batches]
Forward = Callable[[Any, Batch], Outputs]


class NonfiniteLossError(FloatingPointError):
    """A loss that is NaN or infinite: training ends.

    Attributes
    ----------
    loss : Tensor
        With its graph: ``viz.debug(error.loss)`` shows where it comes from.
    """

    def __init__(self, loss: tg.Tensor, updates: int):
        self.loss = loss
        super().__init__(
            f"the loss is {float(loss.item())} after {updates} updates; where from: `tinygraph debug` with"
            ' --when "not isfinite(loss)", or viz.debug(error.loss) of this error'
        )


def fit(
    model: Module,
    data: Data,
    *,
    epochs: int = 100,
    loss: Loss = mse,
    optimizer: Optimizer | None = None,
    validation: Data | None = None,
    patience: int | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    truncate: int | None = None,
    forward: Forward | None = None,
    rng: Rng = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    every: int = 1,
    resume: bool = False,
    quiet: bool = False,
    after_epoch: Callable[[History], None] | None = None,
) -> History:
    """Train a model by gradient descent, and leave it with its best parameters.

    Parameters
    ----------
    model : Module
        Changed in place.
    data : tuple, list of tuples, or function
        A batch is ``(inputs, targets)`` or ``(inputs, targets, lengths)``; a list of them is taken in a
        new random order each epoch; a function makes the list from a `numpy.random.Generator`.
    epochs : int
        In all, with those of a run that is resumed.
    loss : function of (outputs, targets) or (outputs, targets, lengths)
        Gives a scalar tensor.
    optimizer : Optimizer, optional
        Adam with its usual settings when not given.
    validation : like `data`, optional
        The model ends with the parameters of the epoch that did best on it; without it, with the last.
    patience : int, optional
        Stop after so many epochs without a lower loss.
    clip_norm, clip_value : float, optional
        Clip the gradients by their norm, or each component.
    truncate : int, optional
        Truncated back-propagation through time: an update every so many time steps, from the state
        at the end of the stretch before. Needs a model with `run`, and no lengths.
    forward : function of (model, batch), optional
        Makes the outputs; ``model(inputs)``, with ``lengths=`` where there are any, when not given.
    rng : numpy.random.Generator or int
        Orders the batches.
    checkpoint : path, optional
        Write the run to this file while it goes on, and at the end.
    every : int
        Epochs from one checkpoint to the next.
    resume : bool
        Go on from the file where it exists; the result is bitwise that of a run never interrupted.
    quiet : bool
        Show no progress bar.
    after_epoch : function of History, optional
        Called after each epoch.

    Returns
    -------
    History

    Raises
    ------
    NonfiniteLossError
        When a loss is not finite. It is a FloatingPointError, and has the loss with its graph.
    FloatingPointError
        When a gradient that is to be clipped is not finite.
    FileError
        When the checkpoint to resume from is not a whole one of this model.

    Examples
    --------
    >>> import rnn
    >>> model = rnn.Forecaster(4, 20, rng=0)
    >>> history = fit(model, rnn.windows([8, 10, 12, 10, 8, 12, 10, 12], 4), epochs=3, quiet=True)
    >>> len(history.train), history.train[2] < history.train[0]
    (3, True)
    """
    if resume and checkpoint is None:
        raise ValueError("to resume, fit needs the path of the checkpoint")
    for name, number in {"every": every, "truncate": truncate}.items():
        if number is not None and number < 1:
            raise ValueError(f"{name}={number}: expected at least 1")
    run = Run(model, optimizer or Adam(model), generator(rng))
    if resume and checkpoint is not None and Path(checkpoint).exists():
        run.load(checkpoint)
    update = _Update(model, run.optimizer, loss, forward or call, clip_norm, clip_value, truncate)
    with _progress(epochs, quiet or is_observed()) as show, _rare_collection():
        show(run.history)
        while not _finished(run.history, epochs, patience):
            _epoch(run, update, data, validation)
            due = run.history.epochs % every == 0 or _finished(run.history, epochs, patience)
            if checkpoint is not None and due:
                run.save(checkpoint)
            show(run.history)
            if after_epoch is not None:
                after_epoch(run.history)
    run.restore(run.best)
    return run.history


def evaluate(model: Module, data: Data, loss: Loss = mse, forward: Forward | None = None) -> float:
    """Return the mean loss over the batches, recording nothing; the arguments are those of `fit`.

    Examples
    --------
    >>> import rnn
    >>> model = rnn.Forecaster(4, 20, rng=0)
    >>> evaluate(model, rnn.windows([8, 10, 12, 10, 8], 4)) > 0
    True
    """
    with tg.no_grad():
        losses = [_loss(loss, (forward or call)(model, b), b) for b in _batches(data, generator(0))]
    return float(np.mean([float(value.item()) for value in losses]))


def call(model: Any, batch: Batch) -> Outputs:
    """Return ``model(inputs)``, with the lengths where there are any."""
    if batch.lengths is None:
        return model(batch.inputs)
    return model(batch.inputs, lengths=batch.lengths)


@dataclass
class _Update:
    """One update of the parameters from one batch; returns its loss."""

    model: Any
    optimizer: Optimizer
    loss: Loss
    forward: Forward
    clip_norm: float | None
    clip_value: float | None
    truncate: int | None

    def __call__(self, batch: Batch) -> float:
        if self.truncate is None:
            return self.descend(self.forward(self.model, batch), batch)
        if batch.lengths is not None:
            raise ValueError("truncated back-propagation takes no lengths")
        losses, state = [], None
        for stretch in chunks(batch, self.truncate):
            outputs, state = self.model.run(stretch.inputs, state)
            losses.append(self.descend(outputs, stretch))
            state = _detached(state)
        return float(np.mean(losses))

    def descend(self, outputs: Outputs, batch: Batch) -> float:
        loss = _loss(self.loss, outputs, batch)
        value = float(loss.item())
        if not math.isfinite(value):
            tell_observers(loss)  # a debugger stops here: the pass itself would only spread it
            raise NonfiniteLossError(loss, self.optimizer.updates)
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip_norm is not None:
            clip_grad_norm(self.optimizer.parameters, self.clip_norm)
        if self.clip_value is not None:
            clip_grad_value(self.optimizer.parameters, self.clip_value)
        self.optimizer.step()
        return value


def _epoch(run: Run, update: _Update, data: Data, validation: Data | None) -> None:
    batches = _batches(data, run.rng)
    losses = [update(batches[i]) for i in run.rng.permutation(len(batches))]
    run.history.train.append(float(np.mean(losses)))
    if validation is None:
        return
    run.history.validation.append(evaluate(run.model, validation, update.loss, update.forward))
    if run.history.best_epoch == run.history.epochs:
        run.best = run.values()


def _batches(data: Data, rng: np.random.Generator) -> list[Batch]:
    batches = data(rng) if callable(data) else [data] if isinstance(data, tuple) else data
    if not isinstance(batches, Sequence):
        raise TypeError(f"expected a batch or a list of batches, to read in every epoch, got {type(batches).__name__}")
    if not batches:
        raise ValueError("there is no batch to train on")
    return [Batch(*batch) for batch in batches]


def _loss(loss: Loss, outputs: Outputs, batch: Batch) -> tg.Tensor:
    if batch.lengths is None or not isinstance(outputs, list):  # one output of a whole sequence
        return loss(outputs, batch.targets)
    return loss(outputs, batch.targets, batch.lengths)


def _detached(state: State) -> State:
    return tuple(_detached(part) for part in state) if isinstance(state, tuple) else state.detach()


def _finished(history: History, epochs: int, patience: int | None) -> bool:
    impatient = patience is not None and history.epochs - history.best_epoch >= patience > 0
    return impatient or history.epochs >= epochs


@contextmanager
def _progress(epochs: int, quiet: bool) -> Iterator[Callable[[History], None]]:
    bar = Progress(
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        disable=quiet,
    )
    with bar:
        task = bar.add_task("", total=epochs)

        def show(history: History) -> None:
            measured = f"loss {history.train[-1]:.4g}" if history.train else ""
            if history.validation:
                measured += f", validation {history.validation[-1]:.4g}"
            bar.update(task, completed=history.epochs, description=measured)

        yield show


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Run the garbage collector rarely: a graph has no cycles, but thousands of objects to look at."""
    thresholds = gc.get_threshold()
    gc.set_threshold(max(thresholds[0], 200_000), *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)

"""Training: `fit` a model to data, and `evaluate` its loss."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import numpy as np

import tinygraph as tg
from tinygraph.backward.backprop import is_observed
from tinygraph.backward.watching import Watch, watched
from tinygraph.recording.context import context

from .arguments import check_arguments, check_backend, check_what_is_trained
from .batching import Data, as_batches
from .checkpoint import Run
from .history import History
from .init import Rng, generator
from .losses import mse
from .measuring import Forward, call, loss_of
from .module import Module
from .optim import Optimizer
from .optimizers import optimizer_for
from .parallel import ShardedUpdater
from .progress import progress
from .rates import each_rate
from .settings import fingerprint, settings_of
from .updating import NonfiniteLossError, Update, Updater
from .weighing import Loss, combined
from .workers import Engine, Workers


def fit(
    model: Module,
    data: Data,
    *,
    epochs: int = 100,
    loss: Loss = mse,
    optimizer: Optimizer | str | None = None,
    validation: Data | None = None,
    patience: int | None = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    truncate: int | None = None,
    forward: Forward | None = None,
    shards: int | None = None,
    workers: Engine = None,
    compile: bool | str = False,
    rng: Rng = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    every: int = 1,
    resume: bool | str = False,
    quiet: bool = False,
    after_epoch: Callable[[History], None] | None = None,
    after_update: Callable[[Update], None] | None = None,
    table: bool = False,
    debug: str | bool = False,
) -> History:
    """Train a model by gradient descent, and leave it with its best parameters.

    Parameters
    ----------
    model : Module
        Changed in place; while it is trained, its parts are in the mode of `Module.train`.
    data : tuple, list of tuples, or function
        A batch is ``(inputs, targets)``, ``(inputs, targets, lengths)`` or, where the targets are sequences of their
        own, ``(inputs, targets, lengths, target_lengths)``; a list of them is taken in a new random order each epoch; a
        function makes the list from a `numpy.random.Generator`.
    epochs : int
        In all, with those of a run that is resumed.
    loss : function of (outputs, targets) or (outputs, targets, lengths)
        Gives a scalar tensor.
    optimizer : Optimizer, "adam", "adamw", "rmsprop" or "sgd", optional
        By its name, with a rate that small networks train at (see `optimizer_for`); Adam when not given. A schedule
        with a method `follow`, as `ReduceLROnPlateau`, is given the losses measured so far before each epoch.
    validation : like `data`, optional
        The model ends with the parameters of the epoch that did best on it; without it, with the last.
    patience : int, optional
        Stop after so many epochs without a lower loss.
    clip_norm, clip_value : float, optional
        Clip the gradients by their norm, or each component.
    truncate : int, optional
        Truncated back-propagation through time: an update every so many time steps, from the state
        at the end of the stretch before. Needs a model with `run` that reads forward in time, and no lengths.
    forward : function of (model, batch), optional
        Makes the outputs; ``model(inputs)``, with ``lengths=`` where there are any, when not given. An encoder with a
        decoder is then fed its targets.
    shards : int, optional
        Cut each batch into so many parts, whose gradients are added in their order. The result is bitwise the same for
        any number of workers and any engine, and that of the whole batch but for rounding.
    workers : int, Executor or function that makes one, optional
        Where the shards are computed: so many processes, or an engine such as loky's, Dask's ``client.get_executor()``
        or mpi4py's `MPIPoolExecutor`. A worker that dies is run again. This process when not given.
    compile : bool or str
        Compute loss and gradients by `tinygraph.compile`, with this backend or "numpy": the same numbers but for
        rounding, the faster the smaller the arrays are. The first batch of each shape is recorded, and one program made
        for all batches of this shape; 16 are kept. What draws random numbers as it goes, such as dropout or a coin
        thrown for teacher forcing, runs as ever, after one warning; so do all updates with `debug`, which looks at what
        is recorded. An update's loss has no graph then, but that of a `NonfiniteLossError`.
    rng : numpy.random.Generator or int
        Orders the batches.
    checkpoint : path, optional
        Write the run to this file while it goes on, and at the end.
    every : int
        Epochs from one checkpoint to the next.
    resume : bool or "anyway"
        Go on from the file where it exists; the result is bitwise that of a run never interrupted. Of a run with other
        settings or other data it is refused, with what differs, unless it is to go on with the new ones "anyway".
    quiet : bool
        Show no progress bar.
    after_epoch : function of History, optional
        Called after each epoch.
    after_update : function of Update, optional
        Called after each update, with the loss's Tensor and its graph, the batch and the gradients' norms by layer.
    table : bool
        Show a table that grows by a line an epoch, of losses and of the norms of gradients by layer, and not the bar.
    debug : str or bool
        Open the debugger at the first update for which a condition holds, as ``"isnan(loss)"``, ``"update == 300"`` or
        ``"norm(W.grad) > 100"``, and at one that raises an error; with True at the first. Its conditions are those of
        ``tinygraph debug --when``; where that runs the program, it alone looks.

    Returns
    -------
    History

    Raises
    ------
    NonfiniteLossError
        When a loss is not finite, or the validation's is NaN. It is a FloatingPointError, and has the loss with its
        graph.
    FloatingPointError
        When a gradient is not finite.
    FileError
        When the checkpoint to resume from is not a whole one of this model, or of other settings or data.
    TypeError, ValueError
        When arguments make no sense, or nothing would be trained: all is checked before the first update.

    Examples
    --------
    >>> import rnn
    >>> model = rnn.Forecaster(4, 20, rng=0)
    >>> history = fit(model, rnn.windows([8, 10, 12, 10, 8, 12, 10, 12], 4), epochs=3, quiet=True)
    >>> len(history.train), history.train[2] < history.train[0]
    (3, True)
    """
    check_what_is_trained(model, loss, forward, checkpoint)
    if resume not in (False, True, "anyway"):
        raise ValueError(f"resume should be True, False or 'anyway', not {resume!r}")
    if resume and checkpoint is None:
        raise ValueError("to resume, fit needs the path of the checkpoint")
    optimizer = optimizer_for(optimizer, model)
    check_arguments(model, optimizer, truncate, forward, workers, epochs=epochs, every=every, patience=patience,
                    clip_norm=clip_norm, clip_value=clip_value, shards=shards)  # fmt: skip
    backend = check_backend(compile) if debug is False else None
    run = Run(model, optimizer, generator(rng))
    _follow(run)
    if checkpoint is not None:
        run.settings = settings_of(model, optimizer, loss=loss, forward=forward, clip_norm=clip_norm,
                                   clip_value=clip_value, truncate=truncate, shards=shards)  # fmt: skip
        run.settings |= {"data": fingerprint(data), "validation": fingerprint(validation)}
        if resume and Path(checkpoint).exists():
            run.load(checkpoint, anyway=resume == "anyway")
    given = (model, optimizer, loss, forward or call, clip_norm, clip_value, truncate, backend)
    engine = Workers(workers)
    update = Updater(*given) if shards is None else ShardedUpdater(*given, shards=shards, workers=engine, rng=run.rng)
    watch = nullcontext() if debug is False or is_observed() else watched(None if debug is True else debug)
    with watch as debugger, closing(engine), _rare_collection(), model.evaluating():
        model.train()
        with progress(epochs, quiet or (is_observed() and not table), table) as show, _explained(debugger, update):
            show(run.history)
            while not _finished(run.history, epochs, patience):
                _follow(run)
                _epoch(run, update, data, after_update)
                if validation is not None:
                    _validate(run, update, validation)
                due = run.history.epochs % every == 0 or _finished(run.history, epochs, patience)
                if checkpoint is not None and due:
                    run.save(checkpoint)
                show(run.history)
                if after_epoch is not None:
                    after_epoch(run.history)
    run.restore(run.best)
    context().frames.clear()  # else what was recorded last would hold this call, and plans with all their buffers
    return run.history


def evaluate(model: Module, data: Data, loss: Loss = mse, forward: Forward | None = None) -> float:
    """Return the loss of all data, recording nothing and dropping nothing; the arguments are those of `fit`.

    Each batch counts as much as it has target values that no length masks, so that the result does not depend on how
    the data are cut into batches. A loss that is a sum is added up.

    Examples
    --------
    >>> import rnn
    >>> model = rnn.Forecaster(4, 20, rng=0)
    >>> evaluate(model, rnn.windows([8, 10, 12, 10, 8], 4)) > 0
    True
    """
    losses, weights = [], []
    with tg.no_grad(), model.evaluating():
        for batch in as_batches(data, generator(0)):
            value, weight = loss_of(loss, model, (forward or call)(model, batch), batch)
            losses.append(float(value.item()))
            weights.append(weight)
    return combined(loss, losses, weights)


def _follow(run: Run) -> None:
    """Tell a schedule that looks at the losses what they were: also of a run that is resumed."""
    for rate in each_rate(run.optimizer.lr):
        if hasattr(rate, "follow"):
            rate.follow(run.history.measured)


def _epoch(run: Run, update: Updater, data: Data, after_update: Callable[[Update], None] | None) -> None:
    batches = as_batches(data, run.rng)
    losses, weights, norms = [], [], []
    for position in run.rng.permutation(len(batches)):
        for made in update(batches[position]):
            losses.append(float(made.loss.item()))
            weights.append(made.weight)
            norms.append(made.gradient_norms)
            if after_update is not None:
                after_update(made)
    run.history.train.append(combined(update.loss, losses, weights))
    run.history.add_norms({layer: float(np.mean([norm[layer] for norm in norms])) for layer in norms[0]})


def _validate(run: Run, update: Updater, validation: Data) -> None:
    measured = evaluate(run.model, validation, update.loss, update.forward)
    if np.isnan(measured):
        raise NonfiniteLossError(_first_nan(run, update, validation), run.optimizer.updates, "validation loss")
    run.history.validation.append(measured)
    if run.history.best_epoch == run.history.epochs:
        run.best = run.values()


def _first_nan(run: Run, update: Updater, validation: Data) -> tg.Tensor:
    """Return the first of the validation's losses that is NaN, with its graph."""
    with run.model.evaluating():
        for batch in as_batches(validation, generator(0)):
            value, _ = loss_of(update.loss, run.model, update.forward(run.model, batch), batch)
            if np.isnan(value.item()):
                break
    return value


@contextmanager
def _explained(debugger: Watch | None, update: Updater) -> Iterator[None]:
    """Show a debugger what was recorded before an error."""
    try:
        yield
    except Exception as error:
        if debugger is not None:
            debugger.failed(error, getattr(error, "loss", update.recorded))
        raise


def _finished(history: History, epochs: int, patience: int | None) -> bool:
    impatient = patience is not None and history.epochs - history.best_epoch >= patience
    return history.epochs >= epochs or (impatient and history.epochs > 0)


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Run the garbage collector rarely: a graph has no cycles, but thousands of objects to look at."""
    thresholds = gc.get_threshold()
    gc.set_threshold(max(thresholds[0], 200_000), *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)

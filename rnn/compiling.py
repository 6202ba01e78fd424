"""The loss of a batch as NumPy code written for it alone: compiled, with all that a batch holds as arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

import tinygraph as tg

from .batching import Batch
from .cells import State
from .measuring import Forward, Measured, detached, lengths_of_targets, scalar_loss
from .weighing import Loss, Remark, weight, weight_of

PLANS = 16  # at most, one for each shape that batches have


class Compiled(Measured):
    """Measures the loss of batches by a plan, one for each shape of batch; eagerly where there can be none.

    Parameters
    ----------
    model, loss, forward
        As `fit` takes them.
    backend : str
        Of `tinygraph.compile`.

    Examples
    --------
    >>> import rnn
    >>> model = rnn.Forecaster(4, 20, rng=0)
    >>> compiled = Compiled(model, rnn.mse, lambda model, batch: model(batch.inputs), "numpy")
    >>> batch = Batch(*rnn.windows([8, 10, 12, 10, 8, 12, 10, 12], 4))
    >>> loss, weight = compiled(batch)
    >>> bool(np.isclose(loss.item(), rnn.mse(model(batch.inputs), batch.targets).item())), weight
    (True, 4.0)
    """

    def __init__(self, model: Any, loss: Loss, forward: Forward, backend: str):
        super().__init__(model, loss, forward)
        plain_loss, self._options = _without_arrays(loss)
        self._whole = tg.compile(_loss_function(model, plain_loss, forward), backend=backend, plans=PLANS)
        self._stretch = tg.compile(_stretch_function(model, plain_loss), backend=backend, plans=PLANS)

    def __call__(self, batch: Batch) -> tuple[tg.Tensor, float]:
        """Return the loss of a batch and its weight among others."""
        value, *told = self._run(self._whole, batch)
        return value, self._weight(batch, *told)

    def stretch(self, batch: Batch, state: State) -> tuple[tg.Tensor, float, State]:
        """Return the loss of a stretch of time and its weight, and the state after it, without a gradient."""
        value, *told, state = self._run(self._stretch, batch, state)
        return value, self._weight(batch, *told), state

    def with_graph(self, loss: tg.Tensor, batch: Batch, state: State) -> tg.Tensor:
        """Return a loss with the graph of what led to it: it is recorded now."""
        return super().__call__(batch)[0] if state is None else super().stretch(batch, state)[0]

    def _run(self, run: Any, batch: Batch, *state: State) -> Any:
        """Run a plan, also for the batch it was made with: a run that is resumed there goes on bitwise as the other."""
        parts = [_as_arrays(part) for part in (*batch, *(None,) * (4 - len(batch)), batch.positions)]
        made = run.plans_made
        results = run(*parts, self._options, *state)
        return results if run.plans_made == made else run(*parts, self._options, *state)

    def _weight(self, batch: Batch, remark: Remark | None, stepwise: bool, masked: str | None) -> float:
        if remark is not None:
            return weight_of(remark)
        lengths = None if masked is None else getattr(batch, masked)
        return weight(self.loss, batch.targets, lengths, stepwise=stepwise)


def measured(model: Any, loss: Loss, forward: Forward, backend: str | None) -> Measured:
    """Return what measures the loss of batches: by plans of that backend, or without one recorded anew for each."""
    return Measured(model, loss, forward) if backend is None else Compiled(model, loss, forward, backend)


def _loss_function(model: Any, loss: Loss, forward: Forward) -> Callable[..., Any]:
    def loss_of_batch(
        inputs: Any, targets: Any, lengths: Any, target_lengths: Any, positions: Any, options: dict[str, Any]
    ) -> Any:
        batch = Batch(inputs, targets, lengths, target_lengths, positions)
        return _with_structure(model, _with_options(loss, options), forward(model, batch), batch)

    return loss_of_batch


def _stretch_function(model: Any, loss: Loss) -> Callable[..., Any]:
    def loss_of_stretch(
        inputs: Any,
        targets: Any,
        lengths: Any,
        target_lengths: Any,
        positions: Any,
        options: dict[str, Any],
        state: State,
    ) -> Any:
        batch = Batch(inputs, targets)
        outputs, state = model.run(inputs, state)
        return *_with_structure(model, _with_options(loss, options), outputs, batch), detached(state)

    return loss_of_stretch


def _with_options(loss: Loss, options: dict[str, Any]) -> Loss:
    return partial(loss, **options) if options else loss


def _with_structure(
    model: Any, loss: Loss, outputs: Any, batch: Batch
) -> tuple[tg.Tensor, Remark | None, bool, str | None]:
    """Return the loss, and what its weight depends on: what it says, whether outputs are stepwise, which lengths."""
    lengths = lengths_of_targets(model, outputs, batch)
    names = ("target_lengths", "lengths")
    masked = None if lengths is None else next(name for name in names if getattr(batch, name) is lengths)
    return *scalar_loss(loss, outputs, batch.targets, lengths), isinstance(outputs, list), masked


def _without_arrays(loss: Loss) -> tuple[Loss, dict[str, np.ndarray]]:
    """Return a loss without the arrays that a partial gives it, such as weights of classes; and these by name."""
    if not isinstance(loss, partial):
        return loss, {}
    function, options = _without_arrays(loss.func)
    arrays = {name: x for name, x in loss.keywords.items() if isinstance(x, np.ndarray) and x.dtype.kind in "fiub"}
    others = {name: x for name, x in loss.keywords.items() if name not in arrays}
    return partial(function, *loss.args, **others), {**options, **arrays}


def _as_arrays(part: Any) -> Any:
    """Return lists of numbers as arrays, also in dicts: their numbers may be others in the next batch."""
    if isinstance(part, Mapping):
        return {name: _as_arrays(value) for name, value in part.items()}
    if isinstance(part, list) and part and not any(isinstance(x, (tg.Tensor, np.ndarray)) for x in part):
        array = np.asarray(part)
        return array if array.dtype.kind in "fiub" else part
    return part

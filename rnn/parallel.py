"""Updates from shards of a batch, on any number of workers: the result does not depend on how many there are.

The shards are fixed by the batch alone, each is computed by itself, and the gradients are added in the order of the
shards: every bit is the same on one process, on eight, and on whatever engine starts them. What a matrix product gives
to the last bit depends on the number of threads of the BLAS: where threadpoolctl is installed each shard has one.
"""

from __future__ import annotations

import io
import math
import pickle
import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

import tinygraph as tg
from tinygraph.backward.backprop import is_observed

from .batching import Batch
from .compiling import measured
from .measuring import Measured, loss_of
from .module import Arrays, Module
from .sharding import shards_of
from .updating import Update, Updater
from .weighing import combined, shares
from .workers import Workers


class Part(NamedTuple):
    """What a shard gives: its loss, by how much it counts, and the gradient by name, of what it uses."""

    loss: float
    weight: float
    gradients: Arrays


@dataclass
class ShardedUpdater(Updater):
    """What makes updates from shards of batches.

    Attributes
    ----------
    shards : int
        Into how many each batch is cut.
    workers : Workers
    rng : numpy.random.Generator
        Seeds what the model draws while it is trained, each shard by itself.
    """

    shards: int = 1
    workers: Workers = field(default_factory=Workers)
    rng: np.random.Generator = field(default_factory=np.random.default_rng)
    is_checked: bool = False

    def __call__(self, batch: Batch) -> Iterator[Update]:
        """Update the parameters from a batch."""
        self.recorded = None
        first = any(getattr(part, "batch_first", False) for part in self.model.modules())
        shards = shards_of(batch, self.shards, batch_first=first)
        if not self.is_checked:
            self._check_that_it_adds_up(batch, shards)
            self.is_checked = True
        parts = self._parts(shards)
        factors = shares(self.loss, [part.weight for part in parts])
        self._add_gradients(parts, factors)
        loss = tg.tensor(combined(self.loss, [part.loss for part in parts], [part.weight for part in parts]))
        yield self._step(loss, sum(part.weight for part in parts), batch)

    def _parts(self, shards: list[Batch]) -> list[Part]:
        """Return what each shard gives, in their order."""
        seed = int(self.rng.integers(2**63)) if self.model.generators() else 0
        self.optimizer.zero_grad()
        self.model.zero_grad()
        workers = Workers() if is_observed() else self.workers  # a debugger looks at the passes of this process
        copied = None if workers.are_here else self._copied()
        tasks = [(copied, shard, seed, number) for number, shard in enumerate(shards)]
        parts = workers.run(run_elsewhere, self._run_here, tasks)
        return [self._sound(part, task) for part, task in zip(parts, tasks, strict=True)]

    def _copied(self) -> Copied:
        parameters = self.model.parameters()
        pickled = _pickled((self.model, self.loss, self.forward), parameters)
        return Copied(pickled, pickle.dumps(parameters), self.backend)

    def _run_here(self, copied: Copied | None, shard: Batch, seed: int, number: int) -> Part:
        _reseed(self.model, seed, number)
        with _one_blas_thread():
            loss, weight = self.measure(shard)
            self._look_at(loss, shard)
            loss.backward()
        return Part(float(loss.item()), weight, _taken_gradients(self.model))

    def _sound(self, part: Part | str, task: tuple) -> Part:
        """Return a part; of one that failed or is not finite, what this process makes of it, where errors are seen."""
        if isinstance(part, Part) and math.isfinite(part.loss):
            return part
        again = self._run_here(*task)
        warnings.warn(f"a shard failed in a worker, and not in this process: {part}", RuntimeWarning, stacklevel=2)
        return again

    def _add_gradients(self, parts: list[Part], factors: list[float]) -> None:
        """Give each parameter the weighted sum of its gradients, in the order of the shards."""
        for name, parameter in self.model.parameters().items():
            for part, factor in zip(parts, factors, strict=True):
                if name in part.gradients:
                    term = part.gradients[name] * factor
                    parameter.grad = term if parameter.grad is None else parameter.grad + term

    def _check_that_it_adds_up(self, batch: Batch, shards: list[Batch]) -> None:
        """Raise ValueError if the losses of the shards do not make that of the batch: it is no mean as we weigh it."""
        with tg.no_grad(), self.model.evaluating():
            whole, *parts = (
                loss_of(self.loss, self.model, self.forward(self.model, part), part) for part in (batch, *shards)
            )
        together = combined(self.loss, [float(loss.item()) for loss, _ in parts], [weight for _, weight in parts])
        expected, tolerance = float(whole[0].item()), math.sqrt(np.finfo(whole[0].dtype).eps)
        if math.isfinite(expected) and not math.isclose(together, expected, rel_tol=tolerance, abs_tol=tolerance):
            raise ValueError(
                f"the loss of the batch is {expected:.6g}, its {len(shards)} shards make {together:.6g}: shards take"
                " the loss for a mean over all target values that no length masks, or with reduction='sum' for a sum."
                " Of another one say how many values its mean is over: loss.count = lambda targets, lengths: …"
            )


class Copied(NamedTuple):
    """What is sent to a worker: model, loss and forward without the parameters, which are others in each update."""

    pickled: bytes
    parameters: bytes
    backend: str | None


def run_elsewhere(copied: Copied, shard: Batch, seed: int, number: int) -> Part | str:
    """Return what a shard gives to a copy of the model, or the traceback where it fails; in a worker."""
    try:
        measure = _measured(copied)
        model = measure.model
        _reseed(model, seed, number)
        with _one_blas_thread():
            value, weight = measure(shard)
            if math.isfinite(value.item()):
                value.backward()
        return Part(float(value.item()), weight, _taken_gradients(model))
    except Exception:
        return traceback.format_exc()


_latest = threading.local()  # what this thread unpickled last: later shards and updates share it, and its plans


def _measured(copied: Copied) -> Measured:
    """Return what measures the loss in this worker, with the parameters of this update."""
    if getattr(_latest, "copied", None) == copied:
        return _latest.measure
    sent = pickle.loads(copied.parameters)
    if getattr(_latest, "key", None) != (copied.pickled, copied.backend):
        unpickler: Any = pickle.Unpickler(io.BytesIO(copied.pickled))
        unpickler.persistent_load = sent.__getitem__
        model, loss, forward = unpickler.load()
        _latest.measure = measured(model, loss, forward, copied.backend)
        _latest.key, _latest.parameters = (copied.pickled, copied.backend), sent
    for name, parameter in _latest.parameters.items():
        parameter.data, parameter.requires_grad = sent[name].data, sent[name].requires_grad
    _latest.copied = copied
    return _latest.measure


def _pickled(objects: Any, parameters: dict[str, tg.Tensor]) -> bytes:
    """Pickle a model and its loss, without the parameters.

    With cloudpickle, where that is installed, also functions of the user's script.
    """
    names = {id(parameter): name for name, parameter in parameters.items()}
    stream = io.BytesIO()
    pickler = _pickler_class()(stream)
    pickler.persistent_id = lambda x: names.get(id(x))
    try:
        pickler.dump(objects)
        return stream.getvalue()
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"the model, the loss and forward are sent to workers: {error}. Make them of functions that stand in a"
            " module, or install cloudpickle"
        ) from error


def _taken_gradients(model: Module) -> Arrays:
    """Return the gradients of the parameters, and leave none."""
    gradients = {name: p.grad for name, p in model.parameters().items() if p.grad is not None}
    model.zero_grad()
    return gradients


def _reseed(model: Module, seed: int, number: int) -> None:
    """Let what a model draws depend on the update and the shard alone."""
    for position, rng in enumerate(model.generators().values()):
        rng.bit_generator.state = type(rng.bit_generator)(np.random.SeedSequence([seed, number, position])).state


def _one_blas_thread() -> AbstractContextManager:
    controller = _thread_controller()
    return nullcontext() if controller is None else controller.limit(limits=1)


def _pickler_class() -> Any:
    if not find_spec("cloudpickle"):
        return pickle.Pickler
    from cloudpickle import Pickler  # optional: it comes with loky and Dask

    return Pickler


@cache
def _thread_controller() -> Any:
    if not find_spec("threadpoolctl"):
        return None
    from threadpoolctl import ThreadpoolController  # optional

    return ThreadpoolController()

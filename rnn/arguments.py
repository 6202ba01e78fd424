"""What `fit` is given, checked before the first update: numbers, the optimiser, truncation."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import tinygraph as tg

from .cells import Cell
from .layers import Bidirectional
from .module import Module
from .optim import Optimizer

_LEAST: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "epochs": ("a whole number, at least 0", lambda n: _whole(n) and n >= 0),
    "every": ("a whole number, at least 1", lambda n: _whole(n) and n >= 1),
    "patience": ("a whole number, at least 1", lambda n: _whole(n) and n >= 1),
    "truncate": ("a whole number, at least 1", lambda n: _whole(n) and n >= 1),
    "shards": ("a whole number, at least 1", lambda n: _whole(n) and n >= 1),
    "clip_norm": ("a number above 0", lambda x: isinstance(x, Real) and float(x) > 0),
    "clip_value": ("a number above 0", lambda x: isinstance(x, Real) and float(x) > 0),
}


def check_what_is_trained(model: object, loss: object, forward: object, checkpoint: object) -> None:
    """Raise TypeError or OSError where it is no model, no loss, or no place for a checkpoint."""
    name = type(model).__name__
    if not isinstance(model, Module):
        what = f"the class {model.__name__}, without ()" if isinstance(model, type) else f"a {name}"
        raise TypeError(f"fit trains a model, such as rnn.ManyToOne(cell, 2) or a Module of your own, not {what}")
    if isinstance(model, Cell) and forward is None:
        raise TypeError(
            f"{model!r} makes one time step: models of it are rnn.ManyToOne(cell, K) and rnn.ManyToMany(cell, K)"
        )
    if not callable(loss):
        raise TypeError(f"loss should be a function of (outputs, targets), such as rnn.mse, not {loss!r}")
    if isinstance(checkpoint, (str, os.PathLike)):
        folder = os.path.dirname(os.path.realpath(checkpoint))
        if not os.path.isdir(folder):
            raise FileNotFoundError(errno.ENOENT, "the folder of the checkpoint is not there", os.fspath(checkpoint))


def check_arguments(
    model: Module,
    optimizer: Optimizer,
    truncate: int | None,
    forward: object,
    workers: object,
    **numbers: float | None,
) -> None:
    """Raise TypeError or ValueError where `fit` would train nothing, or something else than was meant."""
    for name, number in {"truncate": truncate, **numbers}.items():
        expected, is_right = _LEAST[name]
        if not (is_right(number) or (number is None and name not in ("epochs", "every"))):
            raise ValueError(f"{name}={number!r}: expected {expected}")
    _check_optimizer(model, optimizer)
    if truncate is not None:
        _check_truncation(model, forward)
        if numbers.get("shards") is not None:
            raise ValueError("truncate updates within a batch, from stretch to stretch: it excludes shards")
    if workers is not None and numbers.get("shards") is None:
        raise ValueError(
            "workers compute the shards of a batch: say how many, as shards=8, whatever the number of workers"
        )


def check_backend(compile: bool | str) -> str | None:
    """Return the backend that compiles, or None where nothing is compiled; raise ValueError where there is no such."""
    backend = "numpy" if compile is True else compile
    if backend is False:
        return None
    if not isinstance(backend, str):
        raise ValueError(f"compile={compile!r}: expected True, False or the name of a backend")
    tg.compile(check_backend, backend=backend)  # which refuses a name that it does not know
    return backend


def _check_optimizer(model: Module, optimizer: Optimizer) -> None:
    """Raise ValueError unless the optimiser holds parameters of this model, and no others under their names."""
    kind, ours = type(optimizer).__name__, model.parameters()
    if not any(parameter.requires_grad for parameter in ours.values()):
        raise ValueError(f"no parameter of {model!r} is to be trained: requires_grad is False of all")
    remedy = f"make it anew, as rnn.{kind}(model), for the model that is trained and as it now is"
    other = [name for name, p in optimizer.parameters.items() if name in ours and ours[name] is not p]
    if other:
        raise ValueError(f"the optimiser's {', '.join(other)} are not the tensors that the model has: {remedy}")
    if not any(p is parameter for p in optimizer.parameters.values() for parameter in ours.values()):
        raise ValueError(f"the optimiser holds {', '.join(optimizer.parameters)}, none of the model's: {remedy}")


def _check_truncation(model: Module, forward: object) -> None:
    """Raise unless the model can be run stretch by stretch."""
    name = type(model).__name__
    if forward is not None:
        raise ValueError("truncate runs the model itself, stretch by stretch: it excludes forward")
    if any(isinstance(part, Bidirectional) for part in model.modules()):
        raise ValueError(
            f"truncate needs a model that reads forward in time alone: {name} also reads each stretch backward, from"
            " a state that only the stretch after it could give"
        )
    if not hasattr(model, "run"):
        raise TypeError(f"truncate needs a model with run(xs, state), which returns outputs and state; {name} has none")


def _whole(number: Any) -> bool:
    return isinstance(number, Integral) and not isinstance(number, bool)

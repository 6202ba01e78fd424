"""What decides how a run goes on, as plain text to compare: settings of model, optimiser and loss, and of the data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

import tinygraph as tg

from .batching import Batch, Data, as_batches
from .init import generator
from .module import Module
from .optim import Optimizer

Settings = dict[str, str]
_OF_A_RUN = {"parameters", "running", "counts", "updates", "slots"}  # what an optimiser keeps beside its settings


def settings_of(model: Module, optimizer: Optimizer, **others: Any) -> Settings:
    """Return all settings by name, as texts that are alike where the settings are.

    Examples
    --------
    >>> import rnn
    >>> model = rnn.ManyToMany(rnn.ElmanCell(2, 3, "relu", rng=0), 1, rng=0)
    >>> settings = settings_of(model, rnn.Adam(model, lr=0.1), clip_norm=None)
    >>> [settings[name] for name in ("model", "model.layer.phi", "optimizer", "optimizer.lr", "clip_norm")]
    ['ManyToMany', 'relu', 'Adam', '0.1', 'None']
    """
    settings = dict(_of_module("model", model))
    settings |= {f"{name}.requires_grad": "False" for name, p in model.parameters().items() if not p.requires_grad}
    settings["optimizer"] = type(optimizer).__name__
    kept = {name: value for name, value in vars(optimizer).items() if name not in _OF_A_RUN}
    settings |= {f"optimizer.{name}": described(value) for name, value in kept.items() if not name.startswith("_")}
    return settings | {name: described(value) for name, value in others.items()}


def _of_module(name: str, module: Module) -> list[tuple[str, str]]:
    """Return what a module and its parts are, and the plain values that they hold."""
    settings = [(name, type(module).__name__)]
    parts = dict(module.children())
    held = {part.partition(".")[0] for part in parts}
    for key, value in vars(module).items():
        is_plain = not isinstance(value, (tg.Tensor, np.random.Generator)) and key not in held
        if is_plain and not key.startswith("_") and key != "training":
            settings.append((f"{name}.{key}", described(value)))
    for key, part in parts.items():
        settings += _of_module(f"{name}.{key}", part)
    return settings


def described(value: Any, depth: int = 3) -> str:
    """Return a text for a value: the same in every process, and another for another value.

    Functions are told by their names and by what they hold, arrays by a checksum, other objects by their kind.

    Examples
    --------
    >>> import rnn
    >>> described(rnn.cosine_decay(0.05, 30)), described(partial(rnn.mse, reduction="sum"))
    ('cosine_decay(final=0.0, lr=0.05, updates=30)', "mse(reduction='sum')")
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, (list, tuple)):
        texts = [described(item, depth) for item in value]
        return f"[{', '.join(texts)}]" if isinstance(value, list) else f"({', '.join(texts)}{',' * (len(texts) == 1)})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {described(item, depth)}' for key, item in value.items())}}}"
    if isinstance(value, (np.ndarray, tg.Tensor)):
        array = np.asarray(value.data if isinstance(value, tg.Tensor) else value)
        return f"{array.dtype} {array.shape} {_digest([array])}"
    return _function(value, depth) if callable(value) else type(value).__name__


def _function(function: Callable, depth: int) -> str:
    if isinstance(function, partial):
        held = {f"argument {k}": value for k, value in enumerate(function.args)} | function.keywords
        name = described(function.func, depth)
    elif not hasattr(function, "__code__"):
        own = {} if hasattr(function, "__name__") else getattr(function, "__dict__", {})
        held = {key: value for key, value in own.items() if not key.startswith("_")}
        name = _name(function)
    else:
        code = function.__code__
        cells = getattr(function, "__closure__", None) or ()
        held = dict(zip(code.co_freevars, _contents(cells), strict=True))
        name = _name(function)
    if not held or not depth:
        return name
    return f"{name}({', '.join(f'{key}={described(value, depth - 1)}' for key, value in held.items())})"


def _name(function: Callable) -> str:
    """Return the function's name, or that of the function that made it; of a lambda also the names that it uses."""
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__name__
    outer, _, inner = name.rpartition(".<locals>.")
    maker = outer.rpartition(".<locals>.")[2]
    if inner == "<lambda>":
        return " ".join([maker or "lambda", *function.__code__.co_names])
    return maker or inner


def _contents(cells: tuple) -> list[Any]:
    contents = []
    for cell in cells:
        try:
            contents.append(cell.cell_contents)
        except ValueError:  # not yet set
            contents.append(None)
    return contents


def fingerprint(data: Data | None) -> str:
    """Return what tells data from others: how many batches, of what shapes, and a checksum of all their numbers.

    Data that a function makes are those that it makes of one and the same generator.

    Examples
    --------
    >>> import rnn
    >>> fingerprint(rnn.windows([8, 10, 12, 10, 8, 12, 10, 12], 4))
    '1 batch, (4, 4) → (4, 1), checksum ...'
    """
    if data is None:
        return "none"
    digest, batches = _checksum(data)
    if callable(data) and digest != _checksum(data)[0]:
        return f"what {_name(data)} makes, another time other numbers"
    shapes = [str(getattr(part, "shape", f"{len(part)} parts")) for part in batches[0][:2]]
    return f"{len(batches)} batch{'es' if len(batches) > 1 else ''}, {' → '.join(shapes)}, checksum {digest}"


def _checksum(data: Data) -> tuple[str, list[Batch]]:
    batches = as_batches(data, generator(0))
    return _digest([part for batch in batches for part in batch]), batches


def _digest(parts: list[Any]) -> str:
    checksum = hashlib.blake2b(digest_size=6)
    for part in parts:
        _add(checksum, part)
    return checksum.hexdigest()


def _add(checksum: Any, part: Any) -> None:
    if isinstance(part, Mapping):
        for key in part:
            checksum.update(str(key).encode())
            _add(checksum, part[key])
    elif isinstance(part, (list, tuple)):
        checksum.update(f"{len(part)}".encode())
        for item in part:
            _add(checksum, item)
    elif part is None or isinstance(part, str):
        checksum.update(repr(part).encode())
    else:
        array = np.asarray(part.data if isinstance(part, tg.Tensor) else part)
        checksum.update(f"{array.dtype} {array.shape}".encode())
        checksum.update(repr(array.tolist()).encode() if array.dtype.hasobject else np.ascontiguousarray(array).data)

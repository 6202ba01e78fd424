"""Checkpoints of a training run: one file from which it goes on bitwise as if never interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .module import Arrays, Module
from .optim import Optimizer
from .safetensors import CHECKSUM, FileError, read_safetensors, write_safetensors

FORMAT = "tinygraph checkpoint 2"
WITHOUT_CHECKSUM = "tinygraph checkpoint 1"  # as older versions wrote


@dataclass
class History:
    """What a training run has measured, one entry an epoch.

    Attributes
    ----------
    train, validation : list of float
        Mean losses; `validation` is empty where there is no validation data.
    """

    train: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)

    @property
    def epochs(self) -> int:
        """The number of epochs done."""
        return len(self.train)

    @property
    def measured(self) -> list[float]:
        """The losses that choose the best epoch: the validation's where there is one."""
        return self.validation or self.train

    @property
    def best_epoch(self) -> int:
        """The first epoch, counted from 1, with the lowest loss measured; 0 before the first."""
        return 1 + int(np.argmin(self.measured)) if self.measured else 0


@dataclass
class Run:
    """A training run between two epochs: all that decides how it goes on.

    Attributes
    ----------
    model : Module
    optimizer : Optimizer
    rng : numpy.random.Generator
    history : History
    best : dict of arrays
        The parameters of the best epoch, by name; empty without validation data.
    """

    model: Module
    optimizer: Optimizer
    rng: np.random.Generator
    history: History = field(default_factory=History)
    best: Arrays = field(default_factory=dict)

    def values(self) -> Arrays:
        """Return copies of all parameters by name."""
        return {name: np.array(parameter.data) for name, parameter in self.model.parameters().items()}

    def restore(self, values: Arrays) -> None:
        """Set the parameters to values by name."""
        parameters = self.model.parameters()
        for name, value in values.items():
            parameters[name].data = value

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the checkpoint; killed at any moment, the path holds the old one or the new, whole."""
        updates, running = self.optimizer.state()
        arrays = _prefixed("model.", self.values()) | _prefixed("optimizer.", running) | _prefixed("best.", self.best)
        about = {
            "updates": updates,
            "optimizer": type(self.optimizer).__name__,
            "rng": self.rng.bit_generator.state,
            "train": self.history.train,
            "validation": self.history.validation,
        }
        write_safetensors(path, arrays, {"format": FORMAT, "run": json.dumps(about, default=_plain)})

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take over a checkpoint. All is checked first: a bad file changes nothing.

        Raises
        ------
        OSError
            When there is no such file, or it cannot be read.
        FileError
            When the file is damaged, is no checkpoint, or is one of another model or optimiser.
        """
        arrays, about = _read(path)
        values, best, running = (_part(prefix, arrays) for prefix in ("model.", "best.", "optimizer."))
        if len(values) + len(best) + len(running) < len(arrays):
            raise FileError(f"{os.fspath(path)} holds arrays that are of no part of a run")
        _check_parameters(path, values, self.values())
        _check_parameters(path, best or values, self.values())
        _check_kind(path, about["optimizer"], self.optimizer)
        _check_generator(path, about["rng"], self.rng)
        try:
            self.optimizer.load_state(about["updates"], running)
        except (KeyError, ValueError) as error:
            raise FileError(f"{os.fspath(path)} does not fit the optimiser: {error.args[0]}") from error
        self.restore(values)
        self.rng.bit_generator.state = about["rng"]
        self.history.train[:], self.history.validation[:] = about["train"], about["validation"]
        self.best = best


def _read(path: str | os.PathLike[str]) -> tuple[Arrays, dict[str, Any]]:
    arrays, metadata = read_safetensors(path)
    says = metadata.get("format", "no format")
    if says not in (FORMAT, WITHOUT_CHECKSUM):
        raise FileError(f"{os.fspath(path)} is no checkpoint of this kind: it says {says!r}, not {FORMAT!r}")
    if says == FORMAT and CHECKSUM not in metadata:
        raise FileError(f"{os.fspath(path)} is a damaged checkpoint: its checksum is missing")
    try:
        about = json.loads(metadata.get("run", "{}"))
    except (ValueError, RecursionError) as error:
        raise FileError(f"{os.fspath(path)} is a damaged checkpoint: {error}") from error
    for key, is_right in _ABOUT.items():
        if not isinstance(about, dict) or key not in about:
            raise FileError(f"{os.fspath(path)} is an incomplete checkpoint: it lacks {key!r}")
        if not is_right(about[key]):
            raise FileError(f"{os.fspath(path)} is a damaged checkpoint: {key} cannot be {about[key]!r:.60}")
    return arrays, about


def _are_losses(value: Any) -> bool:
    return isinstance(value, list) and all(type(loss) in (int, float) for loss in value)


_ABOUT: dict[str, Callable[[Any], bool]] = {
    "updates": lambda value: type(value) is int and value >= 0,
    "optimizer": lambda value: isinstance(value, str),
    "rng": lambda value: isinstance(value, dict),
    "train": _are_losses,
    "validation": _are_losses,
}


def _check_generator(path: str | os.PathLike[str], state: dict[str, Any], ours: np.random.Generator) -> None:
    """Try a state on another generator of the kind of ours."""
    _check_kind(path, state.get("bit_generator"), ours.bit_generator)
    try:
        type(ours.bit_generator)().state = state
    except Exception as error:  # whatever NumPy makes of a malformed state
        raise FileError(f"{os.fspath(path)} holds no state of a generator: {type(error).__name__}: {error}") from error


def _check_kind(path: str | os.PathLike[str], written: Any, ours: object) -> None:
    if written != type(ours).__name__:
        raise FileError(f"{os.fspath(path)} was written with {written}, not {type(ours).__name__}")


def _prefixed(prefix: str, arrays: Arrays) -> Arrays:
    return {prefix + name: np.array(array, order="C") for name, array in arrays.items()}


def _part(prefix: str, arrays: Arrays) -> Arrays:
    return {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}


def _check_parameters(path: str | os.PathLike[str], stored: Arrays, ours: Arrays) -> None:
    found, expected = ({name: (a.shape, a.dtype) for name, a in arrays.items()} for arrays in (stored, ours))
    different = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    if different:
        name = different[0]
        raise FileError(
            f"{os.fspath(path)} is of another model: {', '.join(different)} differ; "
            f"for {name} expected {expected.get(name)}, found {found.get(name)}"
        )


def _plain(value: Any) -> Any:
    """Turn what NumPy's generators keep in their states into what JSON knows."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)

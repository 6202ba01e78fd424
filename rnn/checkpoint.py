"""Checkpoints of a training run: one file from which it goes on bitwise as if never interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .history import History
from .module import Arrays, Module
from .optim import Optimizer
from .safetensors import CHECKSUM, FileError, read_safetensors, write_safetensors
from .settings import Settings

FORMAT = "tinygraph checkpoint 2"
WITHOUT_CHECKSUM = "tinygraph checkpoint 1"  # as older versions wrote


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
    settings : dict of str
        What else decides how it goes on, to compare; empty where nothing is compared.
    """

    model: Module
    optimizer: Optimizer
    rng: np.random.Generator
    history: History = field(default_factory=History)
    best: Arrays = field(default_factory=dict)
    settings: Settings = field(default_factory=dict)

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
            "generators": {name: rng.bit_generator.state for name, rng in self.model.generators().items()},
            "train": self.history.train,
            "validation": self.history.validation,
            "gradient_norms": self.history.gradient_norms,
            "settings": self.settings,
        }
        write_safetensors(path, arrays, {"format": FORMAT, "run": json.dumps(about, default=_plain)})

    def load(self, path: str | os.PathLike[str], *, anyway: bool = False) -> None:
        """Take over a checkpoint. All is checked first: a bad file changes nothing.

        Parameters
        ----------
        path : path
        anyway : bool
            Also one of a run with other settings or data.

        Raises
        ------
        OSError
            When there is no such file, or it cannot be read.
        FileError
            When the file is damaged, is no checkpoint, or is one of another model, optimiser, settings or data.
        """
        arrays, about = _read(path)
        values, best, running = (_part(prefix, arrays) for prefix in ("model.", "best.", "optimizer."))
        if len(values) + len(best) + len(running) < len(arrays):
            raise FileError(f"{os.fspath(path)} holds arrays that are of no part of a run")
        _check_parameters(path, values, self.values())
        _check_parameters(path, best or values, self.values())
        _check_kind(path, about["optimizer"], self.optimizer)
        _check_generator(path, about["rng"], self.rng)
        drawing = _generators(path, about["generators"], self.model)
        if not anyway:
            _check_settings(path, about["settings"], self.settings)
        try:
            self.optimizer.load_state(about["updates"], running)
        except (KeyError, ValueError) as error:
            raise FileError(f"{os.fspath(path)} does not fit the optimiser: {error.args[0]}") from error
        self.restore(values)
        self.rng.bit_generator.state = about["rng"]
        for name, rng in drawing.items():
            rng.bit_generator.state = about["generators"][name]
        self.history.train[:], self.history.validation[:] = about["train"], about["validation"]
        self.history.gradient_norms = about["gradient_norms"]
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
    if isinstance(about, dict):
        about = {"generators": {}, "gradient_norms": {}, "settings": {}} | about  # which older versions did not write
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
    "generators": lambda value: isinstance(value, dict) and all(isinstance(state, dict) for state in value.values()),
    "train": _are_losses,
    "validation": _are_losses,
    "gradient_norms": lambda value: isinstance(value, dict) and all(map(_are_losses, value.values())),
    "settings": lambda value: isinstance(value, dict) and all(isinstance(text, str) for text in value.values()),
}


def _check_settings(path: str | os.PathLike[str], stored: Settings, ours: Settings) -> None:
    """Raise FileError that says what differs; nothing is compared where one of them tells nothing."""
    names = {**ours, **stored} if ours and stored else {}
    differ = [name for name in names if stored.get(name) != ours.get(name)]
    if differ:
        changes = [f"{name} was {stored.get(name, 'not there')}, is {ours.get(name, 'not there')}" for name in differ]
        raise FileError(
            f'{os.fspath(path)} is of a run with other settings: {"; ".join(changes)}. resume="anyway" goes on with'
            " those that are given now"
        )


def _generators(path: str | os.PathLike[str], states: dict[str, Any], model: Module) -> dict[str, np.random.Generator]:
    """Return the generators of the model's parts, by name, after trying their states on others."""
    ours = model.generators()
    if states and states.keys() != ours.keys():
        raise FileError(
            f"{os.fspath(path)} is of another model: its parts {', '.join(states)} draw at random,"
            f" and not {', '.join(ours) or 'any'}"
        )
    drawing = {name: ours[name] for name in states}
    for name, rng in drawing.items():
        _check_generator(path, states[name], rng)
    return drawing


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

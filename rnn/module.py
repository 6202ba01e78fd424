"""Modules: parameters found and named by the attributes that hold them, and read and written as arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

import tinygraph as tg

from .safetensors import read_safetensors, write_safetensors

Arrays = dict[str, np.ndarray]


class Module:
    """Base of cells, layers and models: what its attributes hold are its parameters and parts.

    A parameter takes the attribute's name, so that ``self.W = tg.parameter(...)`` is drawn as W.
    Parts may also stand in a list, a tuple or a dict.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.w = tg.parameter(np.ones(3))
    >>> scale = Scale()
    >>> scale.w.name, list(scale.parameters()), scale.num_parameters()
    ('w', ['w'], 3)
    """

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, tg.Tensor) and value.requires_grad and value._name is None:
            value._name = name
        super().__setattr__(name, value)

    def children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, part) for each part, in the order in which the attributes were set."""
        for name, value in vars(self).items():
            yield from _modules(name, value)

    def own_parameters(self) -> dict[str, tg.Tensor]:
        """Return the parameters that this module holds itself, without those of its parts."""
        return {
            name: value for name, value in vars(self).items() if isinstance(value, tg.Tensor) and value.requires_grad
        }

    def parameters(self) -> dict[str, tg.Tensor]:
        """Return all parameters by dotted name; one that several parts share is listed once."""
        found: dict[str, tg.Tensor] = {}
        seen: set[int] = set()
        for name, parameter in self._walk(""):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                found[name] = parameter
        return found

    def _walk(self, prefix: str) -> Iterator[tuple[str, tg.Tensor]]:
        for name, parameter in self.own_parameters().items():
            yield prefix + name, parameter
        for name, child in self.children():
            yield from child._walk(f"{prefix}{name}.")

    def num_parameters(self) -> int:
        """Return how many numbers the parameters hold in all."""
        return sum(parameter.size for parameter in self.parameters().values())

    @property
    def dtype(self) -> np.dtype:
        """The dtype that all parameters share."""
        dtypes = {parameter.dtype for parameter in self.parameters().values()}
        if len(dtypes) != 1:
            found = ", ".join(sorted(map(str, dtypes))) or "no parameters"
            raise TypeError(f"{type(self).__name__} should hold parameters of one dtype, not {found}")
        return dtypes.pop()

    # Names and layouts of PyTorch. A class that has a counterpart there overrides the next three.

    def _export(self, own: Arrays) -> Arrays:
        """Turn the module's own arrays into PyTorch's names and layouts."""
        return own

    def _import(self, arrays: Arrays) -> Arrays:
        """Turn arrays in PyTorch's names and layouts into the module's own."""
        return arrays

    def _key(self, child: str, key: str) -> str:
        """Return the state dict's name for what the part `child` calls `key`."""
        return f"{child}.{key}"

    def state_dict(self) -> Arrays:
        """Return copies of all parameters, in PyTorch's names and layouts where it has the module.

        Examples
        --------
        >>> import rnn
        >>> {k: v.shape for k, v in rnn.LSTMCell(3, 5, rng=0).state_dict().items()}
        {'weight_ih': (20, 3), 'weight_hh': (20, 5), 'bias_ih': (20,), 'bias_hh': (20,)}
        """
        own = {name: np.array(p.data) for name, p in self.own_parameters().items()}
        state = {name: np.array(array, order="C") for name, array in self._export(own).items()}
        for name, child in self.children():
            for key, array in child.state_dict().items():
                state[self._key(name, key)] = array
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Set all parameters from arrays in the names and layouts of `state_dict`.

        Everything is checked before anything is set: a bad `state` changes nothing.

        Parameters
        ----------
        state : mapping
            Name to array; a PyTorch module's own ``state_dict()`` will do.

        Raises
        ------
        KeyError
            When names are missing or unknown.
        ValueError, TypeError
            When an array has the wrong shape or does not hold floating-point numbers.
        """
        arrays = self._checked(state)
        for parameter, array in self._assignments(arrays):
            parameter.data = array

    def _checked(self, state: Mapping[str, Any]) -> Arrays:
        expected = self.state_dict()
        missing = [name for name in expected if name not in state]
        unknown = [name for name in state if name not in expected]
        if missing or unknown:
            raise KeyError(
                f"state for {type(self).__name__}: missing {missing}, unknown {unknown}; expected {list(expected)}"
            )
        arrays = {}
        for name, target in expected.items():
            array = np.asarray(state[name])
            if array.dtype.kind != "f":
                raise TypeError(f"{name} should hold floating-point numbers, not {array.dtype}")
            if array.shape != target.shape:
                raise ValueError(f"{name} should have shape {target.shape}, not {array.shape}")
            arrays[name] = array.astype(target.dtype)
        return arrays

    def _assignments(self, state: Arrays) -> list[tuple[tg.Tensor, np.ndarray]]:
        exported = self._export({name: p.data for name, p in self.own_parameters().items()})
        own = self._import({name: state[name] for name in exported})
        pairs = [(parameter, own[name]) for name, parameter in self.own_parameters().items()]
        for name, child in self.children():
            part = {key: state[self._key(name, key)] for key in child.state_dict()}
            pairs += child._assignments(part)
        return pairs

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `state_dict` to a safetensors file; an older file stays whole until the new one is."""
        write_safetensors(path, self.state_dict())

    def load(self, path: str | os.PathLike[str]) -> None:
        """Set all parameters from a safetensors file, ours or PyTorch's."""
        arrays, _ = read_safetensors(path)
        self.load_state_dict(arrays)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.num_parameters()} parameters)"


def _modules(name: str, value: object) -> Iterator[tuple[str, Module]]:
    if isinstance(value, Module):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _modules(f"{name}.{position}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _modules(f"{name}.{key}", item)

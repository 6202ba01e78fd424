"""The arguments of a call: arrays, which may hold other numbers in the next call, and all else, which may not."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...recording.tensor import Tensor

_PLAIN = (bool, int, str, bytes, type(None), type(...))


class Arguments:
    """The arguments of one call, taken apart.

    Parameters
    ----------
    wrt : frozenset of int
        The positions of those that are differentiated: numbers among them are arrays.

    Attributes
    ----------
    key : tuple
        What a plan depends on: structure, shapes, dtypes, and the values of all that is no array.
    leaves : list
        The arrays and Tensors among them, in order.
    tensors : list of Tensor
        The Tensors among these.
    starts : list of int
        Where the leaves of each positional argument begin, and at last where those of named ones do.
    objects : list
        Objects that are neither: what they hold is looked at as what the function reads is.

    Examples
    --------
    >>> arguments = Arguments((np.zeros(2), {"W": np.ones((2, 2))}, 5), {}, frozenset({1}))
    >>> [leaf.shape for leaf in arguments.leaves], arguments.wanted
    ([(2,), (2, 2)], [False, True])
    """

    __slots__ = ("args", "key", "kwargs", "leaves", "objects", "starts", "tensors", "wrt")

    def __init__(self, args: tuple, kwargs: dict[str, Any], wrt: frozenset[int] = frozenset()):
        self.args = args
        self.kwargs = kwargs
        self.wrt = wrt
        leaves: list[Any] = []
        starts: list[int] = []
        self.leaves = leaves
        self.starts = starts
        self.objects: list[Any] = []
        self.tensors: list[Tensor] = []
        key: list[Any] = []
        for position, argument in enumerate(args):
            starts.append(len(leaves))
            if type(argument) is np.ndarray:
                key += argument.shape, argument.dtype
                leaves.append(argument)
            else:
                self._take_apart(argument, position in wrt, key)
        starts.append(len(leaves))
        for name, argument in kwargs.items():
            key.append(name)
            self._take_apart(argument, False, key)
        if len(set(map(id, leaves))) < len(leaves):  # ``a is b`` is a question, too
            numbers = {id(leaf): number for number, leaf in enumerate(leaves)}
            key.append(("the same", *[numbers[id(leaf)] for leaf in leaves]))
        self.key = tuple(key)

    @property
    def wanted(self) -> list[bool]:
        """For each leaf, whether it belongs to an argument that is differentiated."""
        wanted = [False] * len(self.leaves)
        for position in self.wrt:
            for number in range(self.starts[position], self.starts[position + 1]):
                wanted[number] = True
        return wanted

    def _take_apart(self, value: Any, wanted: bool, key: list[Any]) -> None:
        kind = type(value)
        if kind is np.ndarray:
            key += value.shape, value.dtype
            self.leaves.append(value)
        elif kind is dict:
            key.append((dict, *value))
            for name, part in value.items():
                if type(name) is not str:
                    self._take_apart_plain(name, key)
                self._take_apart(part, wanted, key)
        elif kind is list or isinstance(value, tuple):
            key.append((kind, len(value)))
            if kind is not list and kind is not tuple:
                self.objects.append(kind)  # a program's own, with methods perhaps
            for part in value:
                self._take_apart(part, wanted, key)
        elif isinstance(value, Tensor):
            key.append((Tensor, value.shape, value.dtype, value.requires_grad))
            self.leaves.append(value)
            self.tensors.append(value)
        elif _is_number(value, wanted):
            key.append((kind, np.result_type(value)))
            self.leaves.append(np.array(value))
        else:
            self._take_apart_plain(value, key)

    def _take_apart_plain(self, value: Any, key: list[Any]) -> None:
        """Let the key have what is no array: numbers and words by what they are, objects by which they are."""
        kind = type(value)
        if kind in _PLAIN:
            key.append((kind, value))
        elif kind is float:
            key.append((kind, value.hex()))
        elif isinstance(value, np.generic) and kind.__module__ == "numpy" and kind is not np.void:
            key.append((kind, value.tobytes()))
        elif kind in (slice, range):
            key.append(kind)
            for part in (value.start, value.stop, value.step):
                self._take_apart_plain(part, key)
        elif kind is tuple:  # of the names in a dict
            key.append((kind, len(value)))
            for part in value:
                self._take_apart_plain(part, key)
        else:
            key.append((kind, id(value)))
            self.objects.append(value)

    def values(self) -> list[np.ndarray]:
        """Return the numbers in the leaves."""
        return [x._value if isinstance(x, Tensor) else x for x in self.leaves] if self.tensors else self.leaves

    def names(self, function: Callable[..., Any]) -> list[str | None]:
        """Return what the function calls its leaves; None where it has no name for one."""
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            parameters = []
        words: list[str | None] = [p.name if p.kind is p.POSITIONAL_OR_KEYWORD else None for p in parameters]
        words += [None] * len(self.args)
        names: list[str | None] = []
        for position, argument in enumerate(self.args):
            names += _names(argument, words[position], position in self.wrt)
        for word, argument in self.kwargs.items():
            names += _names(argument, word, False)
        return names

    def rebuilt(self, leaves: Sequence[Any]) -> tuple[tuple, dict[str, Any]]:
        """Return the arguments with other leaves in their places."""
        rest = iter(leaves)
        args = [_rebuilt(argument, position in self.wrt, rest) for position, argument in enumerate(self.args)]
        return tuple(args), {name: _rebuilt(argument, False, rest) for name, argument in self.kwargs.items()}


def _is_number(value: Any, wanted: bool) -> bool:
    return wanted and isinstance(value, float | np.generic)


def _is_leaf(value: Any, wanted: bool) -> bool:
    return type(value) is np.ndarray or isinstance(value, Tensor) or _is_number(value, wanted)


def _rebuilt(value: Any, wanted: bool, leaves: Iterator[Any]) -> Any:
    if type(value) is dict:
        return {key: _rebuilt(part, wanted, leaves) for key, part in value.items()}
    if type(value) is list or isinstance(value, tuple):
        parts = [_rebuilt(part, wanted, leaves) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return next(leaves) if _is_leaf(value, wanted) else value


def _names(value: Any, name: str | None, wanted: bool) -> Iterator[str | None]:
    if type(value) is dict:
        for key, part in value.items():
            yield from _names(part, key if isinstance(key, str) else name, wanted)
    elif type(value) is list or isinstance(value, tuple):
        for part in value:
            yield from _names(part, name, wanted)
    elif _is_leaf(value, wanted):
        yield name if name is not None and name.isidentifier() else None

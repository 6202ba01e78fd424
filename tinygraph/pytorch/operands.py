"""Torch tensors as they were recorded: each with its twin in the engine's graph, known by identity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import ref

import numpy as np
import torch

from ..recording.tensor import Tensor

_COMMON = (torch.float32, torch.float64, torch.int64)
_NARROW = (torch.bfloat16, torch.float16)


class Operand:
    """A tensor at one moment: a copy of its value, which nobody writes to, and its twin if it requires a gradient.

    Attributes
    ----------
    tensor : torch.Tensor
        The copy, without history.
    array : ndarray
        The same numbers as NumPy has them: of 16 bits as float32, of another device here.
    twin : Tensor or None
        None for what requires no gradient: the graph has it as a constant.
    version : int
        The number of times that the tensor had been written to in place.
    """

    __slots__ = ("_array", "tensor", "twin", "version")

    def __init__(self, tensor: torch.Tensor, twin: Tensor | None, version: int, array: np.ndarray | None = None):
        self.tensor = tensor
        self.twin = twin
        self.version = version
        self._array = array

    @property
    def array(self) -> np.ndarray:
        """The numbers, made when they are asked for."""
        if self._array is None:
            self._array = as_array(self.tensor)
        return self._array


def copied(tensor: torch.Tensor) -> torch.Tensor:
    """Return a copy of a tensor's value that shares nothing with it."""
    copy = tensor.clone()
    return copy.detach() if copy.requires_grad else copy


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """Return the numbers of a tensor without history as an array; it shares the memory where it can.

    >>> as_array(torch.tensor([1.5], dtype=torch.bfloat16))
    array([1.5], dtype=float32)
    """
    if tensor.dtype in _COMMON and tensor.is_cpu and tensor.layout is torch.strided and not tensor.is_neg():
        return tensor.numpy()
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.dtype in _NARROW:
        tensor = tensor.float()
    return tensor.cpu().resolve_conj().resolve_neg().numpy()


class _Ref(ref):
    """A weak reference that knows under which key it is kept."""

    __slots__ = ("key",)
    key: int


class Operands:
    """The tensors that are recorded, by identity; what is garbage is forgotten."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[_Ref, Operand]] = {}
        forget = self._known.pop
        self._died = lambda reference: forget(reference.key, None)
        self._leaves: dict[int, tuple[ref, Tensor]] = {}

    def get(self, tensor: torch.Tensor) -> Operand | None:
        """Return a tensor as it was recorded, if it has not been written to since."""
        known = self._known.get(id(tensor))
        return known[1] if known is not None and known[1].version == tensor._version else None

    def before(self, tensor: torch.Tensor) -> Operand | None:
        """Return a tensor as it was recorded last, whatever has become of it."""
        known = self._known.get(id(tensor))
        return None if known is None else known[1]

    def put(self, tensor: torch.Tensor, operand: Operand) -> Operand:
        """Remember a tensor as it is now."""
        key = id(tensor)
        known = self._known.get(key)
        reference = _Ref(tensor, self._died) if known is None else known[0]
        reference.key = key
        self._known[key] = (reference, operand)
        return operand

    def forget(self, tensor: torch.Tensor) -> None:
        """Forget the value of a tensor: it is looked at anew when it is used again."""
        self._known.pop(id(tensor), None)

    # -- leaves -------------------------------------------------------------------------------------------------------

    def leaf(self, tensor: torch.Tensor) -> Tensor | None:
        """Return the twin of a leaf, which is the same in all passes."""
        known = self._leaves.get(id(tensor))
        return None if known is None else known[1]

    def put_leaf(self, tensor: torch.Tensor, twin: Tensor) -> None:
        """Remember the twin of a leaf."""
        key = id(tensor)
        self._leaves[key] = (ref(tensor, lambda _: self._leaves.pop(key, None)), twin)

    def leaves(self) -> Iterator[tuple[torch.Tensor, Tensor]]:
        """Yield the leaves that are alive, each with its twin."""
        for reference, twin in tuple(self._leaves.values()):
            tensor = reference()
            if tensor is not None:
                yield tensor, twin

    def forget_leaves(self) -> None:
        """Forget the values of leaves: after a backward pass an optimiser writes to them, by ways that nobody sees."""
        for key in self._leaves:
            self._known.pop(key, None)

    def twins(self) -> list[Any]:
        """Return the twins of all tensors that are alive."""
        return [operand.twin for _, operand in tuple(self._known.values()) if operand.twin is not None]

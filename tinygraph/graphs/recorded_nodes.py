"""The nodes of what a program recorded, each made when somebody asks for it."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

import numpy as np

from ..loops.reads import CONSTANT, INPUT, OP, PARAMETER, Wiring
from ..recording.history import by_index
from ..recording.node import Constant, Node, OpNode, StoredNode, scope_text
from ..recording.primitive import Primitive
from ..recording.tensor import Tensor
from .on_demand import NodesOnDemand

_OF_TENSOR: dict[str, Callable[[Tensor], Any]] = {
    "attributes": attrgetter("_attributes"),
    "call": attrgetter("_call"),
    "context": attrgetter("_context"),
    "dtype": attrgetter("_value.dtype"),
    "lasti": attrgetter("_lasti"),
    "nbytes": attrgetter("_value.nbytes"),
    "op": attrgetter("op"),
    "scope": lambda tensor: scope_text(tensor._context),
    "shape": attrgetter("_value.shape"),
}


class RecordedNodes(NodesOnDemand):
    """Nodes in recorded order, constants before the ops that were given them.

    Attributes
    ----------
    is_of_backward_pass : bool
        Whether some of them a recorded backward pass computed.

    Parameters
    ----------
    tensors : sequence of Tensor
        In recorded order, inputs before what was made of them.
    """

    def __init__(self, tensors: Sequence[Tensor]):
        super().__init__()
        self._ops: list[Tensor] = []
        self._leaf: dict[Tensor, int] = {}
        self.is_of_backward_pass = any(tensor._context.backward is not None for tensor in tensors)
        self.wiring = self._read(tensors)

    def _read(self, tensors: Sequence[Tensor]) -> Wiring:
        kinds, arity, sources, ops = bytearray(), array("i"), array("i"), self._ops
        index_of: dict[Tensor | None, int] = {}
        find = index_of.get
        unread: dict[Tensor, StoredNode] = {}  # leaves that no op has read yet
        constants: dict[int, int] = {}
        for tensor in tensors:
            if tensor.op is None:
                index = len(kinds)
                if tensor._call is None and id(tensor._value) in constants:
                    index = constants[id(tensor._value)]  # a rule reads what the forward op was given
                else:
                    self._made[index] = unread[tensor] = _leaf(index, tensor)
                    kinds.append(PARAMETER if tensor.requires_grad else INPUT)
                index_of[tensor] = self._leaf[tensor] = index
                continue
            inputs: list[Any] = list(map(find, tensor._inputs))
            if None in inputs:
                for argument, source in enumerate(inputs):
                    if source is None:
                        constants[id(tensor._values[argument])] = inputs[argument] = len(kinds)
                        kinds.append(CONSTANT)
            if unread and not unread.keys().isdisjoint(tensor._inputs):
                _note_values(tensor, unread)
            sources.extend(inputs)
            arity.append(len(inputs))
            index_of[tensor] = len(kinds)
            kinds.append(OP)
            ops.append(tensor)
        return Wiring(self, np.frombuffer(bytes(kinds), np.uint8), arity, sources, self)

    def _make(self, index: int) -> Node:
        position = self.wiring.position[index]
        if position >= 0:
            return OpNode(index, self._ops[position], self)
        user, argument = self._user(index)
        return _constant(index, user._values[argument], user, argument)

    def _user(self, constant: int) -> tuple[Tensor, int]:
        """Return the op that a constant was given to, which is the next one, and as which argument."""
        position = bisect_left(self.wiring.indices, constant)
        argument = self.wiring.sources_of(int(self.wiring.indices[position])).index(constant)
        return self._ops[position], argument

    def index_of(self, tensor: Tensor) -> int | None:
        """Return the index of a Tensor's node; None if it is not among them."""
        if tensor.op is None:
            return self._leaf.get(tensor)
        position = bisect_left(self._ops, by_index(tensor), key=by_index)
        found = position < len(self._ops) and self._ops[position] is tensor
        return int(self.wiring.indices[position]) if found else None

    def indices_of(self, ops: Sequence[Tensor]) -> np.ndarray:
        """Return the indices of the values of ops that are among them."""
        numbers, wanted = (np.fromiter(map(by_index, tensors), float, len(tensors)) for tensors in (self._ops, ops))
        return self.wiring.indices[np.searchsorted(numbers, wanted)]

    def let_go(self) -> None:
        """Let go of everything: what of it nobody else holds is free at once, and not when the collector runs."""
        vars(self).clear()

    def _of_ops(self, attribute: str) -> Iterable[Any]:
        return repeat(None, len(self._ops)) if attribute == "pulled" else map(_OF_TENSOR[attribute], self._ops)

    def op(self, index: int) -> Primitive | None:
        """Return what a node was made by, without making it."""
        position = self.wiring.position[index]
        return None if position < 0 else self._ops[position].op

    def value(self, leaf: int) -> Any:
        """Return what a leaf holds, without making its node."""
        if leaf in self._made:
            return self._made[leaf]._value
        user, argument = self._user(leaf)
        return user._values[argument]


def _note_values(reader: Tensor, unread: dict[Tensor, StoredNode]) -> None:
    """Note what leaves held when an op read them first: an optimiser may have replaced it since."""
    for source, value in zip(reader._inputs, reader._values, strict=False):
        if source in unread:
            unread.pop(source)._value = value


def _leaf(index: int, tensor: Tensor) -> StoredNode:
    return StoredNode(
        index,
        "parameter" if tensor.requires_grad else "input",
        None,
        (),
        tensor._value,
        requires_grad=tensor.requires_grad,
        context=tensor._context,
        label=tensor._name,
        call=tensor._call,
        lasti=tensor._lasti,
        tensor=tensor,
    )


def _constant(index: int, value: Any, user: Tensor, argument: int) -> Node:
    return Constant(
        index,
        "constant",
        None,
        (),
        value,
        context=user._context,
        call=user._call,
        lasti=user._lasti,
        argument=argument,
    )

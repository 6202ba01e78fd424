"""The nodes of a trace file, each made when somebody asks for it: all that a file says of them is checked before."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import repeat
from typing import Any

import numpy as np

from ..graphs.on_demand import NodesOnDemand
from ..loops.coded import Coded
from ..loops.reads import KINDS, Wiring
from ..plain_text import clean
from ..recording.context import LARGEST_TIMESTEP
from ..recording.primitive import Primitive
from ..recording.source import Source
from ..recording.tensor import Tensor
from .checks import ReadOnce, bounded, checked, optional, optional_place, optional_reference, place
from .packing import decode
from .pooled import InBlock
from .saved import SavedNode, SavedOp

_NEVER = LARGEST_TIMESTEP + 1
_NUMBERS = {"bool": bool, "int": int, "float": float, "complex": complex}


class SavedNodes(NodesOnDemand):
    """Nodes in recorded order, each a row of a few numbers until somebody asks for it.

    Attributes
    ----------
    arrays : InBlock
        Of the file, by their numbers.
    requires_grad : bytes
    names, timesteps : Coded
        Of each node.

    Parameters
    ----------
    rows : list
        What `saving` wrote of each node.

    Raises
    ------
    ValueError, TypeError, KeyError, IndexError
        If the file is damaged.
    """

    def __init__(self, rows: list[Any], arrays: InBlock, ops: list[Primitive], sources: list[Source]):
        super().__init__()
        self.arrays = arrays
        self._adjoints: dict[int, int] = {}
        self._ops = ops
        self._sources = sources
        self._values: dict[int, Any] = {}
        self._numbers = ReadOnce(lambda kind, value: _number(kind, value, arrays))
        self._attributes = ReadOnce(lambda op, row: _attributes(row, arrays, optional_reference(ops, op)))
        self._op = array("i", [optional_place(ops, row.get("op")) for row in rows])
        self._source = array("i", [optional_place(sources, row.get("source")) for row in rows])
        self._data = array("i", [self._number_of(row["data"]) for row in rows])
        self._attributes_of = array(
            "i", [self._attributes.code(row.get("op"), row.get("attributes", {})) for row in rows]
        )
        self._scopes = Coded([checked(row.get("scope", ""), str, "a scope") for row in rows])
        self.names = Coded([optional(row.get("name"), str, "a name") for row in rows])
        self.timesteps = _timesteps(rows)
        self._labels = Coded([optional(row.get("label"), str, "a label") for row in rows])
        self.requires_grad = bytes([bool(row.get("requires_grad", False)) for row in rows])
        self.wiring = self._read_wiring(rows)
        special = [(index, row) for index, row in enumerate(rows) if "replaced" in row or "stored" in row]
        self._replaced = {
            index: self._read_replaced(index, row["replaced"]) for index, row in special if "replaced" in row
        }
        stored = ((index, row.get("stored")) for index, row in special)
        self._stored = {index: self._read_stored(index, numbers) for index, numbers in stored if numbers is not None}

    def _number_of(self, row: Any) -> int:
        """Return the number of an array, or -1, -2, … of a plain number."""
        return -1 - self._numbers.code(*row) if isinstance(row, list) else place(self.arrays, row)

    def _read_wiring(self, rows: list[Any]) -> Wiring:
        kinds, arity, sources = bytearray(), array("i"), array("i")
        for index, row in enumerate(rows):
            kind, op = row["kind"], self.op(index)
            inputs = [bounded(i, 0, index, "an input") for i in row.get("inputs", ())]  # earlier: no cycle can be made
            if kind not in KINDS:
                raise ValueError(f"node {index} is of no known kind")
            if (kind == "op") != (op is not None):
                raise ValueError(f"node {index} is a {kind} and has {'an' if op else 'no'} op")
            if op is None and inputs:
                raise ValueError(f"node {index} is a {kind} and has inputs")
            if op is not None:
                if not op.variadic and len(inputs) != len(op.rules):
                    raise ValueError(f"node {index} has {len(inputs)} inputs, {op} takes {len(op.rules)}")
                arity.append(len(inputs))
                sources.extend(inputs)
            kinds.append(KINDS.index(kind))
        return Wiring(self, np.frombuffer(bytes(kinds), np.uint8), arity, sources, self)

    def _read_replaced(self, index: int, row: Any) -> dict[int, int]:
        count = len(self.wiring.sources_of(index))
        return {
            bounded(int(argument), 0, count, "a replaced argument"): place(self.arrays, number)
            for argument, number in row.items()
        }

    def _read_stored(self, index: int, row: Any) -> tuple[int, ...]:
        numbers = tuple(-1 if number is None else place(self.arrays, number) for number in row)
        for source, number in zip(self.wiring.sources_of(index), numbers, strict=True):
            if number >= 0:
                self.check_shape(number, source, "a contribution of node", index)
        return numbers

    def tell_adjoints(self, steps: list[int], adjoints: list[int]) -> None:
        """Tell the nodes of steps the numbers of their adjoints."""
        self._adjoints = {k: number for k, number in zip(steps, adjoints, strict=True) if k in self._stored}

    def check_shape(self, number: int, index: int, what: str, of: int) -> None:
        """Check that an array of the file has the shape of a node.

        Raises
        ------
        ValueError
            If it has not; `what` it is, and `of` which node.
        """
        data = self._data[index]
        shape, expected = self.arrays.shape(number), () if data < 0 else self.arrays.shape(data)
        if shape != expected:
            raise ValueError(f"{what} {of} has shape {shape}, not {expected}")

    # -- asked for ----------------------------------------------------------------------------------------------------

    def _make(self, index: int) -> SavedNode:
        node = SavedNode(
            index,
            KINDS[self.wiring.kinds[index]],
            self.op(index),
            () if self.op(index) is None else self,
            self._shared(index),
            attributes=self._attributes.values[self._attributes_of[index]],
            requires_grad=bool(self.requires_grad[index]),
            scope=self._scopes[index],
            label=self._labels[index],
            source=None if self._source[index] < 0 else self._sources[self._source[index]],
        )
        if index in self._replaced:
            node.replaced = {argument: self.arrays[number] for argument, number in self._replaced[index].items()}
        if index in self._stored:
            node.stored = tuple(None if number < 0 else self.arrays[number] for number in self._stored[index])
            node.adjoint = self.arrays[self._adjoints[index]] if index in self._adjoints else None
        return node

    def _of_ops(self, attribute: str) -> Iterable[Any]:
        ops = self.wiring.indices.tolist()
        match attribute:
            case "attributes":
                return (self._attributes.values[self._attributes_of[index]] for index in ops)
            case "lasti":
                return repeat(-1, len(ops))
            case "nbytes":
                return (self._nbytes(index) for index in ops)
            case "op":
                return map(self.op, ops)
            case "scope":
                cleaned = {scope: clean(scope) for scope in self._scopes.values}
                return (cleaned[self._scopes[index]] for index in ops)
        return repeat(None, len(ops))  # of a program that is not here, no call and no context

    def _nbytes(self, index: int) -> int:
        return np.asarray(self.value(index)).nbytes

    def index_of(self, tensor: Tensor) -> None:
        """Return None: no Tensor is in a file."""
        return None

    def op(self, index: int) -> Primitive | None:
        """Return what a node was made by, without making it."""
        op = self._op[index]
        return None if op < 0 else self._ops[op]

    def value(self, index: int) -> Any:
        """Return what a node holds, without making it."""
        number = self._data[index]
        if number < 0:
            return self._numbers.values[-1 - number]
        value = self._values.get(number)
        return self.arrays[number] if value is None else value

    def _shared(self, index: int) -> Any:
        """Return what a node holds, the same object for all that hold it: `detach` hands a value on."""
        return self._values.setdefault(self._data[index], self.value(index))


def _timesteps(rows: list[Any]) -> Coded[int | None]:
    steps = (row.get("timestep") for row in rows)
    numbers = array("q", [_NEVER if t is None else bounded(t, -LARGEST_TIMESTEP, _NEVER, "a time step") for t in steps])
    return Coded(None if t == _NEVER else t for t in numbers)  # new integers side by side, and not those of the rows


def _attributes(row: Any, arrays: InBlock, op: Primitive | None) -> dict[str, Any]:
    unknown = set(checked(row, dict, "static arguments")) - set(op.attributes if op is not None else ())
    if unknown and op is not None and not isinstance(op, SavedOp):
        raise ValueError(f"{op} does not take {', '.join(sorted(unknown))}")
    return {key: decode(value, arrays) for key, value in row.items()}


def _number(kind: Any, value: Any, arrays: InBlock) -> Any:
    number = decode(value, arrays)
    if not isinstance(number, int | float | complex):
        raise ValueError("a number is malformed")
    return _NUMBERS[kind](number)

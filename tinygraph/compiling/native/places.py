"""Where a compiled loop finds its numbers: its arguments, and how one iteration of a value lies in them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import permutations, product
from typing import Any, NamedTuple

import numpy as np

from ..errors import NotTaken, Stale
from ..forms.batching import Operand, index_of_all
from ..forms.form import Read, Value
from ..forms.recurrence import Recurrence


class Argument(NamedTuple):
    """An argument of a compiled loop: what is passed, and its type; of an integer that is None."""

    passed: str
    type: tuple[Any, int, str, bool] | None


class Arguments(dict[str, Argument]):
    """The arguments of a compiled function, by name."""

    def pass_on(self, name: str, passed: str, type: tuple[Any, int, str, bool] | None) -> str:
        """Note an argument; return its name, which no other has."""
        while name in self and self[name].passed != passed:
            name += "_"
        earlier = self[name].type if name in self else None
        if type is not None and earlier is not None:
            type = (*type[:3], type[3] or earlier[3])
        self[name] = Argument(passed, type)
        return name

    def integer(self, name: str, number: int) -> str:
        """Return a name for a number that depends on sizes."""
        return self.pass_on(name, str(number), None)

    def array(self, name: str, passed: str, dtype: Any, ndim: int, layout: str = "C", *, writes: bool = False) -> str:
        """Return a name for an array that the function is given; of no axes it is a number, unless it is written."""
        return self.pass_on(name, passed, (np.dtype(dtype), ndim, layout, writes))


def are_apart(arguments: Collection[Argument], space: Mapping[str, Any], wholes: Mapping[str, str]) -> bool:
    """Tell whether no array that a function writes is in another one that it is given.

    What the caller gives never is: arrays lie in others that are there before the program runs, by what names stand for
    in `space`, or are parts of one that it makes, whose name is in `wholes`, or of which an expression is passed.
    """
    arrays = [(set(re.findall(r"[A-Za-z_]\w*", x.passed)), x.type[3]) for x in arguments if x.type is not None]

    def share(written: set[str], other: set[str]) -> bool:
        buffers = [
            [space[name] for name in names if isinstance(space.get(name), np.ndarray)] for names in (written, other)
        ]
        around = [{wholes[name] for name in names if name in wholes} for names in (written, other)]
        named = (written & other) | (around[0] & other) | (written & around[1])
        return bool(named) or any(np.may_share_memory(a, b) for a, b in product(*buffers))

    pairs = [(a, b) for (a, writes), (b, _) in permutations(arrays, 2) if writes]
    return not any(share(a, b) for a, b in pairs)


class Axis(NamedTuple):
    """An axis of an array: the axis of the value that goes along it, or None, and where that begins."""

    of: int | None
    start: int


class Place(NamedTuple):
    """One iteration of a value in an array.

    `time` is the index of the iteration, or empty; `sizes` are those of the array's other axes, as far as known.
    """

    name: str
    time: str
    axes: tuple[Axis, ...]
    sizes: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name}[{self.time}]" if self.time else self.name

    def is_whole(self, shape: tuple[int, ...]) -> bool:
        """Tell whether it is all that the array has of one iteration."""
        return self.sizes == shape and all(axis == (k, 0) for k, axis in enumerate(self.axes))

    def spread(self, axes: list[int]) -> Place:
        """Return the place of a value that has more axes: its own are at `axes` among them."""
        return self._replace(axes=tuple([a if a.of is None else a._replace(of=axes[a.of]) for a in self.axes]))


class Places:
    """Where one recurrence finds its numbers, in the arguments of a compiled function."""

    def __init__(self, recurrence: Recurrence, sunk: set[Value], arguments: Arguments):
        self.recurrence = recurrence
        self.emitter = recurrence.emitter
        self.sunk = sunk
        self.arguments = arguments

    def of(self, read: Read) -> Place:
        """Return where an operand is read."""
        source, step, offset = read
        recurrence, emitter = self.recurrence, self.emitter
        name = emitter.name(source)
        low, high = recurrence.low, recurrence.high
        if source in recurrence.inside:
            return self.in_owner(recurrence.rows(source, offset), source, writes=False)
        if source in self.sunk:
            return self._part(source)
        if not read.varies:
            operand = emitter.operand(read, low, high)
            name = name if source.loop is None else f"{name}_at{offset - source.low}"
            return self._given(name, operand, source, "")
        first = step * low + offset - source.low
        if source in emitter.rows and step == 1:
            return self.in_owner(emitter.rows[source][first : first + high - low], source, writes=False)
        whole = emitter.operand(Read(source, 1, 0), *source.span)
        if step == 1:
            return self._given(name, whole, source, self._later(name, first))
        return self._given(name, whole, source, f"{self.arguments.integer(f'{name}_last', first)} - t")

    def written(self, value: Value) -> Place:
        """Return where a value is written."""
        return self.in_owner(self.recurrence.rows(value), value, writes=True)

    def rows(self, rows: np.ndarray, name: str, *, writes: bool) -> Place:
        """Return one iteration of rows that lie anyhow."""
        space, once = self.emitter.space, rows.strides[0] == 0
        array = rows[0, ...] if once else rows
        while name in space and not _same(space[name], array):
            name += "_"
        space[name] = array
        layout = "C" if array.flags.c_contiguous else "A"
        own = self.arguments.array(name, name, array.dtype, array.ndim, layout, writes=writes or not array.ndim)
        time = "t" if not once else "" if array.ndim else "()"
        return Place(own, time, tuple([Axis(k, 0) for k in range(rows.ndim - 1)]), rows.shape[1:])

    def whole(self, read: Read) -> str:
        """Return the source of an operand as an array."""
        place = self.of(read)
        if place.is_whole(read.source.shape):
            return str(place)
        if read.source in self.recurrence.inside:
            rows = self.recurrence.rows(read.source, read.offset)
            return str(self.rows(rows, f"{self.emitter.name(read.source)}_rows", writes=False))
        raise NotTaken("a product with a part of an array")

    def _later(self, name: str, first: int) -> str:
        if first == 0:
            return "t"
        return f"t + {first}" if first <= _SMALL else f"t + {self.arguments.integer(f'{name}_first', first)}"

    def _given(self, name: str, operand: Operand, source: Value, time: str) -> Place:
        """Return the place of what is computed in each run anew, or belongs to the caller."""
        shape, emitter = source.shape, self.emitter
        copied = (not shape and not time) or (source in emitter.rows and not emitter.rows[source].flags.c_contiguous)
        if copied and emitter.compiled is not None and source in emitter.compiled.computed:
            raise Stale
        if not shape and not time:
            return Place(self.arguments.array(name, f"np.{source.dtype}({operand.text})", source.dtype, 0), "", (), ())
        ndim = len(shape) + bool(time)
        name = self.arguments.array(name, f"plain({operand.text})", source.dtype, ndim)
        return Place(name, time, tuple([Axis(k, 0) for k in range(len(shape))]), shape)

    def _part(self, value: Value) -> Place:
        """Return the place of a part of something outside the recurrence."""
        inner = self.of(value.reads[0])
        index = value.named["index"]
        source = np.empty((1, *value.reads[0].source.shape), np.int8)
        axes = _axes(source[index_of_all(index)], source)
        if axes is None:
            raise NotTaken("a part that turns an array round")
        _, *own = axes
        combined = [
            axis if axis.of is None else Axis(own[axis.of].of, own[axis.of].start + axis.start) for axis in inner.axes
        ]
        return inner._replace(axes=tuple(combined))

    def in_owner(self, rows: np.ndarray, value: Value, *, writes: bool) -> Place:
        """Return the place of rows, which are those of a value or a part of them, in the buffer that they are in."""
        owner = rows if rows.base is None else rows.base
        once = rows.strides[0] == 0
        name = self.emitter.buffers.get(id(owner))
        axes = None if name is None else _axes(rows[:1], owner[None]) if once else _axes(rows, owner)
        if name is None or axes is None:
            return self.rows(rows, f"{self.emitter.name(value)}_rows", writes=writes)
        time, *others = axes
        own = self.arguments.array(name.removesuffix("_all"), name, owner.dtype, owner.ndim, writes=writes)
        return Place(own, "" if once else self._later(own, time.start), tuple(others), owner.shape[not once :])


_SMALL = 3  # a delay, not a size


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a is b or a.__array_interface__ == b.__array_interface__


def _axes(rows: np.ndarray, owner: np.ndarray) -> list[Axis] | None:
    """Return how the axes of a view are those of the array it is a view of; None where that is not so simple."""
    if not rows.size:
        return None
    bytes_before = rows.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    starts = np.unravel_index(bytes_before // owner.itemsize, owner.shape)
    axes: list[Axis] = []
    own = 0
    for k, start in enumerate(starts):
        spare = (rows.ndim - own) - (owner.ndim - k)
        fits = own < rows.ndim and (rows.shape[own] == 1 or rows.strides[own] == owner.strides[k])
        dropped = rows.shape[own] == 1 and owner.shape[k] > 1 and spare < 0 if own < rows.ndim else True
        if fits and not dropped and start + rows.shape[own] <= owner.shape[k]:
            axes.append(Axis(own - 1, int(start)))
            own += 1
        else:
            axes.append(Axis(None, int(start)))
    if own < rows.ndim or axes[0].of is None:
        return None
    return [Axis(None, axes[0].start), *axes[1:]]

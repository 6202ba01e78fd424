"""Where loops meet: which of their ops read each other, or the same data."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..recording.node import Node
from .grouping import Groups
from .places import Loop


class EqualValues(NamedTuple):
    """The values of a constant, by which it is known: recording keeps a copy for each op."""

    shape: tuple[int, ...]
    values: bytes


def meetings_of_loops(groups: Groups, loop_of: Sequence[Loop | None]) -> dict[tuple[Loop, Loop], list[tuple[int, int]]]:
    """Return for two loops over time the pairs of their ops of which one reads the other, or that read the same."""
    met: dict[tuple[Loop, Loop], list[tuple[int, int]]] = {}
    if len(set(filter(None, loop_of))) < 2:
        return met
    loops = [loop_of[number] for number in groups.number.tolist()]
    for j, k in _meetings(groups):
        a, b = loops[j], loops[k]
        if a is not None and b is not None and a is not b:
            met.setdefault((a, b), []).append((j, k))
    return met


def _meetings(groups: Groups) -> Iterator[tuple[int, int]]:
    """Yield pairs of ops of which one reads the other, or that read the same data."""
    yield from zip(*(ends.tolist() for ends in groups.links), strict=True)
    readers: dict[Hashable, dict[int, list[int]]] = {}
    for k, node in enumerate(groups.nodes):
        for read in identities(node):
            readers.setdefault(read, {}).setdefault(int(groups.number[k]), []).append(k)
    for read, by_group in readers.items():
        firsts = [ops[0] for ops in by_group.values()]
        if isinstance(read, EqualValues) and any(len(ops) > 1 for ops in by_group.values()):
            continue  # a value that comes again, as of a mask, does not tell which one is read
        yield from combinations(firsts, 2)


def identities(node: Node) -> Iterator[Hashable]:
    """Yield what tells the data that a node reads from other data: a leaf, its values, or an element of a node."""
    if str(node.op) == "getitem" and (element := _element(node.inputs[0], node.attributes["index"])) is not None:
        yield element
    for source in node.inputs:
        if source.kind == "input":
            yield source
        elif source.kind == "constant" and isinstance(source._value, np.ndarray) and source._value.size:
            yield EqualValues(source.shape, source._value.tobytes())


def _element(source: Node, index: object) -> Hashable | None:
    """Return which element of which node ``source[index]`` is, along one axis: ``x[::-1][0]`` is ``x[-1]``."""
    indices = index if isinstance(index, tuple) else (index,)
    axes = [axis for axis, part in enumerate(indices) if isinstance(part, int) and not isinstance(part, bool)]
    if len(axes) != 1 or not all(map(_is_whole, indices[: axes[0]])):
        return None
    (axis,) = axes
    length = source.shape[axis]
    at = indices[axis] % length
    while str(source.op) == "getitem" and _is_turned(source.attributes["index"], axis):
        source, at = source.inputs[0], length - 1 - at
    return source, axis, at


def _is_turned(index: object, axis: int) -> bool:
    """Tell whether an index does nothing but turn an axis round."""
    indices = index if isinstance(index, tuple) else (index,)
    if len(indices) <= axis or not isinstance(indices[axis], slice):
        return False
    others = (part for i, part in enumerate(indices) if i != axis)
    return indices[axis] == slice(None, None, -1) and all(map(_is_whole, others))


def _is_whole(part: object) -> bool:
    return isinstance(part, slice) and part == slice(None)

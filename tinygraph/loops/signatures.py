"""What an op is, wherever and whenever it ran: its signature, and the parameters it uses."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from ..recording.primitive import Primitive
from .reads import PARAMETER, Wiring

Parameters = tuple[tuple[int, int], ...]  # what a node uses: (argument, index of the parameter's node)


def parameters_used(wiring: Wiring) -> tuple[np.ndarray, list[Parameters]]:
    """Return what sets of parameters ops use, directly or through ops of one argument such as a transpose.

    Returns
    -------
    (N,) the number of the set of each op, and the sets; number 0 is the empty one.
    """
    parameter = np.full(len(wiring.nodes), -1)
    direct = np.flatnonzero(wiring.kinds == PARAMETER)
    parameter[direct] = direct
    _hand_on(wiring, parameter)
    used = parameter[wiring.sources]
    rows = np.flatnonzero(used >= 0)
    reader = wiring.position[wiring.readers[rows]]
    code = wiring.arguments[rows].astype(np.int64) * len(parameter) + used[rows]
    counts = np.bincount(reader, minlength=len(wiring.ops))
    starts = np.concatenate([[0], np.cumsum(counts)])
    numbers = np.zeros(len(wiring.ops), int)
    sets: list[Parameters] = [()]
    for count in sorted(set(counts.tolist()) - {0}):  # ops that use as many parameters, together
        ops = np.flatnonzero(counts == count)
        codes = code[starts[ops][:, None] + np.arange(count)]
        distinct, of_op = np.unique(codes, axis=0, return_inverse=True)
        numbers[ops] = len(sets) + of_op.reshape(-1)
        sets += [tuple(divmod(c, len(parameter)) for c in row) for row in distinct.tolist()]
    return numbers, sets


def _hand_on(wiring: Wiring, parameter: np.ndarray) -> None:
    """Fill in the parameter that an op of one argument hands on."""
    unary = np.flatnonzero(wiring.arity == 1)
    carried = {index: index for index in np.flatnonzero(parameter >= 0).tolist()}
    sources, readers = wiring.sources[wiring.starts[unary]], wiring.indices[unary]
    for source, reader in zip(sources.tolist(), readers.tolist(), strict=True):
        if source in carried:
            carried[reader] = parameter[reader] = carried[source]


def signature(op: Primitive | None, attributes: Mapping[str, Any] | None) -> Hashable:
    """Return what makes two ops the same: the op and its static attributes. Which element of an array is data."""
    if not attributes:
        return id(op)
    is_index = len(attributes) == 1 and "index" in attributes
    return id(op), _frozen_index(attributes["index"]) if is_index else _frozen(attributes)


_of_types: dict[Hashable, Hashable] = {}
_BY_VALUE = (bool, list, tuple, dict)


def _frozen_index(index: Any) -> Hashable:
    """Return a stand-in for an index: the same for the same types, which are quickly asked for of thousands of ops."""
    types: Any = tuple(map(type, index)) if type(index) is tuple else type(index)
    known = _of_types.get(types)
    if known is None:
        known = _frozen(index, "index")
        if not any(issubclass(kind, _BY_VALUE) for kind in (types if isinstance(types, tuple) else (types,))):
            _of_types[types] = known
    return known


def _frozen(value: Any, key: str = "") -> Hashable:
    """Return a hashable stand-in for static attributes."""
    if isinstance(value, dict):
        return tuple([(name, _frozen(value[name], name)) for name in sorted(value)])
    if isinstance(value, (list, tuple)):
        return tuple([_frozen(item, key) for item in value])
    if key == "index" and not (value is None or value is Ellipsis or isinstance(value, bool)):
        return type(value).__name__ if isinstance(value, (slice, np.ndarray)) else "integer"
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value

"""In which order: what depends on itself is a loop, all else runs once, for all iterations together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ..errors import Irregular
from .form import Form, Value


def components(form: Form, values: Iterable[Value]) -> list[list[Value]]:
    """Return the values in an order in which they can be computed, those that depend on each other together.

    Each list of several is a loop; a value alone is computed for all iterations at once.
    """
    chosen = set(values)
    in_order = [value for value in form.values if value in chosen]
    return list(_components(in_order, lambda value: [source for source in value.sources() if source in chosen]))


def _components(values: list[Value], sources: Callable[[Value], list[Value]]) -> Iterator[list[Value]]:
    """Yield strongly connected components, what they read before them: Tarjan's algorithm, without recursion."""
    index: dict[Value, int] = {}
    lowest: dict[Value, int] = {}
    open_values: list[Value] = []
    is_open: set[Value] = set()
    for root in values:
        if root in index:
            continue
        index[root] = lowest[root] = len(index)
        open_values.append(root)
        is_open.add(root)
        path = [(root, iter(sources(root)))]
        while path:
            value, rest = path[-1]
            source = next(rest, None)
            if source is None:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[value])
                if lowest[value] == index[value]:
                    start = open_values.index(value)
                    members = open_values[start:]
                    del open_values[start:]
                    is_open.difference_update(members)
                    yield sorted(members, key=lambda member: member.number)
            elif source not in index:
                index[source] = lowest[source] = len(index)
                open_values.append(source)
                is_open.add(source)
                path.append((source, iter(sources(source))))
            elif source in is_open:
                lowest[value] = min(lowest[value], index[source])


def is_recurrent(members: list[Value]) -> bool:
    """Tell whether values that are computed together depend on themselves."""
    return len(members) > 1 or members[0] in members[0].sources()


def direction(members: list[Value]) -> int:
    """Return 1 if a loop runs from the first iteration to the last, -1 if from the last to the first."""
    inside = set(members)
    offsets = set()
    for value in members:
        if value.loop is not members[0].loop or value.loop is None:
            raise Irregular("a recurrence through several loops")
        for read in value.all_reads():
            if read.source in inside:
                if read.step != 1:
                    raise Irregular("a recurrence that turns round")
                offsets.add(read.offset)
    if min(offsets) < 0 < max(offsets):
        raise Irregular("a recurrence in both directions")
    return 1 if min(offsets) < 0 else -1


def in_iteration(members: list[Value]) -> list[Value]:
    """Return the values of a loop in the order of one iteration."""
    inside = set(members)

    def sources(value: Value) -> list[Value]:
        return [read.source for read in value.all_reads() if read.source in inside and read.offset == 0]

    ordered = list(_components(members, sources))
    if any(len(together) > 1 for together in ordered):
        raise Irregular("a recurrence within one iteration")
    return [value for (value,) in ordered]

"""Rows as columns, so that what repeats in every time step packs into little."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class Distinct:
    """Values of which each is kept once, and meant by its number.

    Examples
    --------
    >>> words = Distinct()
    >>> [words.number(word) for word in ("tanh", "add", "tanh")], words.values
    ([0, 1, 0], ['tanh', 'add'])
    """

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        """Return the number of a value that can be hashed."""
        number = self._numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


def table(rows: Sequence[Mapping[str, Any]], running: Iterable[str] = ()) -> dict[str, Any]:
    """Return rows by column; a `running` column holds differences, each from the last number before it.

    The page's `rows` is the inverse.

    Examples
    --------
    >>> table([{"at": 5, "t": 1}, {"at": 9}, {"at": 10, "t": 2}], running=["at"])
    {'length': 3, 'columns': {'at': [5, 4, 1], 't': [1, None, 2]}, 'running': ['at']}
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    running = [name for name in running if name in columns]
    for name in running:
        columns[name] = _differences(columns[name])
    return {"length": len(rows), "columns": columns, "running": running}


def _differences(values: list[Any]) -> list[Any]:
    last, differences = 0, []
    for value in values:
        differences.append(None if value is None else value - last)
        last = last if value is None else value
    return differences

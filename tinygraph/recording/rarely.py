"""Attributes that few Tensors have: they share one slot, since a slot costs 8 MB where a program has a million ops."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Rarely(Generic[Value]):
    """An attribute that is None but where it was set; it is kept in the dictionary ``_rare``, or in none."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, kind: type) -> Value | None:
        return None if owner._rare is None else owner._rare.get(self.name)

    def __set__(self, owner: Any, value: Value | None) -> None:
        if owner._rare is None:
            owner._rare = {}
        owner._rare[self.name] = value

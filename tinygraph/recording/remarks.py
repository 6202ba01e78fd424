"""Remarks: what a function that makes a Tensor says of it to whoever listens further up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tensor import Tensor

_listening: ContextVar[list[tuple[Tensor, Any]] | None] = ContextVar("listening", default=None)


def remark(tensor: Tensor, fact: Any) -> None:
    """Say something of a Tensor; nobody may listen."""
    heard = _listening.get()
    if heard is not None:
        heard.append((tensor, fact))


@contextmanager
def remarks() -> Iterator[list[tuple[Tensor, Any]]]:
    """Collect what is said inside the ``with`` block, as pairs of a Tensor and a fact."""
    heard: list[tuple[Tensor, Any]] = []
    token = _listening.set(heard)
    try:
        yield heard
    finally:
        _listening.reset(token)

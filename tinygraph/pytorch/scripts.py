"""Scripts that use torch: each backward pass that one has run is handed to a guest of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .recording import Recording, record


@contextmanager
def recording(has_run: Callable[..., Any]) -> Iterator[Recording]:
    """Record in the ``with`` block; call ``has_run(trace)`` after each pass, or ``has_run(None, reason)``."""
    with record(on_pass=has_run) as recorded:
        yield recorded

"""Makes many small objects without being searched for garbage in between."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put the search for reference cycles off until the end.

    A drawing makes tuples and strings by the hundred thousand, none of them in a cycle, while the recorded graph is
    held: each full search would walk through that graph, ever more often the longer the program was. At 10,000 time
    steps that took nearly half of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

"""Memory: the garbage collector, and when it is in the way."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def garbage_collector_paused() -> Iterator[None]:
    """Pause the garbage collector.

    What reads or draws a long recording makes tuples and lists by the hundred thousand, none of them in a reference
    cycle, while the recorded graph is held: each full collection would walk through that graph, ever more often the
    longer the program was. Opening a trace of 100,000 steps took twice as long, drawing 10,000 time steps too.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

"""Memory: the garbage collector, and what the C library does with freed memory, where they are in the way."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_BLOCK = 2**24


def keep_freed_memory() -> None:
    """Let the C library keep up to 32 MB of freed memory for what comes next, in place of giving it back at once.

    A training step frees its whole graph. The next one would get the same memory from the system page by page, which
    costs a quarter of the time of a network with batches of some kilobytes. glibc learns how much to keep from the
    largest block that a program frees; this one is never written to. Elsewhere nothing changes.
    """
    np.empty(_BLOCK, np.uint8)


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


@contextmanager
def cycles_collected() -> Iterator[None]:
    """Pause the garbage collector, then collect what it would find of what was made meanwhile.

    What a recording was folded with refers to itself and holds all values of that recording: hundreds of megabytes of
    a few thousand objects, which would not make the collector look at them for long.
    """
    was_enabled = gc.isenabled()
    with garbage_collector_paused():
        try:
            yield
        finally:
            if was_enabled:
                gc.collect(0)

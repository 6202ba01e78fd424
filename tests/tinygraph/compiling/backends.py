"""The backends that a test of compiled functions runs with."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import pytest

needs_numba = pytest.mark.skipif(not find_spec("numba"), reason="numba is optional: pip install tinygraph-rnn[numba]")
WITH_NUMBA = [needs_numba, pytest.mark.slow]
BACKENDS = ["numpy", pytest.param("numba", marks=WITH_NUMBA)]


@contextmanager
def compiled_by_numba() -> Iterator[list[str]]:
    """Note the names of functions that numba compiles meanwhile."""
    from numba.core.event import install_recorder

    names: list[str] = []
    with install_recorder("numba:compile") as recorder:
        yield names
    names += [event.data["dispatcher"].py_func.__name__ for _, event in recorder.buffer if event.is_start]

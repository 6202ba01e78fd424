"""The backends that a test of compiled functions runs with."""

from importlib.util import find_spec

import pytest

needs_numba = pytest.mark.skipif(not find_spec("numba"), reason="numba is optional: pip install tinygraph-rnn[numba]")
WITH_NUMBA = [needs_numba, pytest.mark.slow]
BACKENDS = ["numpy", pytest.param("numba", marks=WITH_NUMBA)]

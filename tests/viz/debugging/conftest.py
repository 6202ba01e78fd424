"""A trace to look at."""

import pytest

import tinygraph as tg
from tests.programs.labelled import with_losses


@pytest.fixture(scope="session")
def trace() -> tg.Trace:
    return tg.trace(with_losses())

"""Other people's functions, compiled: in any order of arguments they give what they give eagerly."""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinygraph as tg
from tests import programs
from tests.programs.functions import STATEFUL
from tests.tinygraph.compiling.backends import BACKENDS
from tests.tinygraph.compiling.campaign import close
from tinygraph.backward.pytree import flatten

FILES = sorted((Path(programs.__file__).parent / "functions").glob("f*.py"))
REFUSED = (
    *STATEFUL,
    "f10",  # which asks np.diag, np.isnan and others for what is no op yet
)


def fresh(path):
    """A copy of a module of its own, with its globals as they were."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    getattr(module, "reset", lambda: None)()
    return module


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sequence_of_calls_gives_what_it_gives_eagerly(path, backend):
    eager, mine = fresh(path), fresh(path)
    cases = list(eager.cases(np.random.default_rng(0)))
    calls = [*cases, *cases, *cases[::-1]]
    value_and_grad = tg.value_and_grad(eager.loss)
    compiled = tg.compile(tg.value_and_grad(mine.loss), backend=backend)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = [flatten(value_and_grad(*case)) for case in calls]
        results = [flatten(compiled(*case)) for case in calls]
    for ours, theirs in zip(results, expected, strict=True):
        assert len(ours) == len(theirs) and all(close(a, b, floor=1e-12) for a, b in zip(ours, theirs, strict=True))
    assert ("runs eagerly" in compiled.report()) == (path.stem in REFUSED)

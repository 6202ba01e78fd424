"""How Hypothesis searches: the same examples in every run of CI, new ones on a developer's machine."""

import gc
import os
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

import tinygraph.ops.parametric  # noqa: F401 - so that every test over the registry covers SciPy's functions too

pytest.register_assert_rewrite("tests.tools")

settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True, max_examples=60)
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

os.environ["TINYGRAPH_CACHE"] = "0"  # what is compiled is not left in the user's cache, nor taken from it

gc.set_threshold(10_000, 20, 50)  # graphs are many small objects: search them for cycles less often

collect_ignore = ["benchmarks", "tools"]  # no tests
collect_ignore_glob = ["programs/[!t]*", "pytorch/programs/*"]  # nor here, but in programs/test_*.py
if not find_spec("torch"):  # a peer, which users may do without
    collect_ignore_glob += ["pytorch/*", "rnn/ported/*", "rnn/test_programs_beside_torch.py"]

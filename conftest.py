"""Doctests use Hypothesis too, by the same profile."""

from importlib.util import find_spec

import tests.conftest  # noqa: F401

collect_ignore = [] if find_spec("anywidget") else ["viz/page/widget.py"]
_COMPILERS = ("blas", "cache", "instructions", "losses", "mathematics", "numeric", "products")
collect_ignore += [] if find_spec("numba") else [f"tinygraph/compiling/{name}.py" for name in _COMPILERS]
collect_ignore_glob = [] if find_spec("torch") else ["tinygraph/pytorch/*"]  # the one room that needs it

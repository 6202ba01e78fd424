"""Doctests use Hypothesis too, by the same profile."""

from importlib.util import find_spec

import tests.conftest  # noqa: F401

collect_ignore = [] if find_spec("anywidget") else ["viz/page/widget.py"]
collect_ignore += [] if find_spec("numba") else ["tinygraph/compiling/numeric.py"]
collect_ignore_glob = [] if find_spec("torch") else ["tinygraph/pytorch/*"]  # the one room that needs it

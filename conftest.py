"""Doctests use Hypothesis too, by the same profile.

The packages are imported before pytest does: of a module that it is given by its path, it else makes a second copy
beside the one that the package itself has imported, with classes that are not the same.
"""

from importlib.util import find_spec

import rnn  # noqa: F401
import tests.conftest  # noqa: F401
import viz  # noqa: F401

collect_ignore = [] if find_spec("anywidget") else ["viz/page/widget.py"]
collect_ignore_glob = [] if find_spec("torch") else ["tinygraph/pytorch/*"]  # the one room that needs it
collect_ignore_glob += [] if find_spec("numba") else ["tinygraph/compiling/llvm/*"]

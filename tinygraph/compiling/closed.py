"""Whether the code that can run is all in sight: then none need be watched for while it runs, which takes its time."""

from __future__ import annotations

import builtins
import dis
import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..recording.primitive import PACKAGE, Primitive, is_ours
from ..recording.source import INSTALLED, is_stdlib
from ..recording.tensor import Tensor

_STABLE = (str(Path(np.__file__).parent) + os.sep, PACKAGE, "<frozen")
_SCIPY = tuple(f"{folder}scipy{os.sep}" for folder in INSTALLED)
_LIBRARIES = {math, np, np.linalg, sys.modules[__package__.partition(".")[0]]}  # they run what they are given, no more
_PLAIN = {type(None), bool, int, float, complex, str, bytes, range, slice, type(...), CodeType, dict, list, tuple}
_BUILTINS = (
    "abs all any bool dict divmod enumerate filter float int len list map max min next pow print range reversed round"
    " set slice sorted str sum tuple zip"
)
_LEADING_ON = {*vars(builtins)}.difference(_BUILTINS.split(" "))
_IMPORT = dis.opmap["IMPORT_NAME"]


def is_stable(filename: str) -> bool:
    """Tell whether code is of Python's library, NumPy, SciPy or tinygraph, which do not change under a program."""
    return filename.startswith(_STABLE) or is_stdlib(filename) or any(folder in filename for folder in _SCIPY)


def is_stable_text(names: Mapping[str, Any]) -> bool:
    """Tell whether code from no file, given its global names, was written by a library: by a named tuple, say."""
    module = names.get("__name__", "")
    return module.startswith("namedtuple_") or is_stable(getattr(sys.modules.get(module), "__file__", None) or module)


def is_seen_through(value: Any) -> bool:
    """Tell whether a value runs no code but that of libraries, and what can be looked at itself: a function's own.

    Examples
    --------
    >>> is_seen_through(np.tanh), is_seen_through(np.random), is_seen_through(np.frompyfunc(abs, 1, 1))
    (True, False, False)
    """
    kind = type(value)
    if kind in _PLAIN or kind in (np.ndarray, Tensor) or issubclass(kind, np.generic | np.dtype):
        return True
    if kind is ModuleType:
        return value in _LIBRARIES
    if kind is FunctionType:
        return value.__code__.co_filename.startswith(PACKAGE) or not is_stable(value.__code__.co_filename)
    if isinstance(value, Primitive):
        return is_ours(value)
    return kind.__module__ in ("numpy", "builtins") and any(
        vars(library).get(getattr(value, "__name__", "")) is value for library in _LIBRARIES
    )


def stays_in_sight(code: CodeType, names: Mapping[str, Any]) -> bool:
    """Tell whether code, given its global names, reaches nothing but by the names in it.

    Examples
    --------
    >>> def looks_up(name):
    ...     return globals()[name]()
    >>> stays_in_sight(is_stable.__code__, vars(math)), stays_in_sight(looks_up.__code__, {})
    (True, False)
    """
    leads_on = (name.startswith("__") or name in _LEADING_ON for name in code.co_names if name not in names)
    return _IMPORT not in code.co_code[::2] and not any(leads_on)

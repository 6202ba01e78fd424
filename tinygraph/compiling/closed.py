"""Whether the code that can run is all in sight: then none need be watched for while it runs, which takes its time."""

from __future__ import annotations

import builtins
import dis
import math
import sys
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..recording.primitive import PACKAGE, Primitive, is_ours
from ..recording.tensor import Tensor
from .libraries import is_stable

_LIBRARIES = {math, np, np.linalg, sys.modules[__package__.partition(".")[0]]}  # they run what they are given, no more
_PLAIN = {type(None), bool, int, float, complex, str, bytes, range, slice, type(...), CodeType, dict, list, tuple}
_BUILTINS = (
    "abs all any bool dict divmod enumerate filter float int len list map max min next pow print range reversed round"
    " set slice sorted str sum tuple zip"
)
_HARMLESS = {vars(builtins)[name] for name in _BUILTINS.split(" ")}  # as these libraries
_UNTOLD = {dis.opmap["IMPORT_NAME"], dis.opmap["PUSH_EXC_INFO"]}  # code that imports, or catches what is raised


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
    if kind is type or kind is BuiltinFunctionType:
        return value in _HARMLESS or _is_of_libraries(value)
    return kind.__module__ == "numpy" and _is_of_libraries(value)


def _is_of_libraries(value: Any) -> bool:
    return any(vars(library).get(getattr(value, "__name__", "")) is value for library in _LIBRARIES)


def stays_in_sight(code: CodeType) -> bool:
    """Tell whether code reaches nothing but by the names in it, and catches nothing.

    Examples
    --------
    >>> def looks_up(name):
    ...     return name.__globals__
    >>> stays_in_sight(is_stable.__code__), stays_in_sight(looks_up.__code__)
    (True, False)
    """
    return _UNTOLD.isdisjoint(code.co_code[::2]) and not any(name.startswith("__") for name in code.co_names)

"""Code of libraries, which does not change under a program; and what of it gives more than its arguments say."""

from __future__ import annotations

import builtins
import math
import operator
import os
import sys
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from pathlib import Path
from threading import local
from typing import Any

import numpy as np

from ...recording.primitive import PACKAGE, Primitive, is_ours
from ...recording.source import INSTALLED, is_stdlib
from ...recording.tensor import Tensor
from .bytecode import is_of_any_name

_STABLE = (str(Path(np.__file__).parent) + os.sep, PACKAGE)
_OF_ARRAYS = (*_STABLE, "<frozen importlib")
_SCIPY = tuple(f"{folder}scipy{os.sep}" for folder in INSTALLED)
_HEAP_TYPE = 1 << 9  # flag of a class that a program made
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, type(np.sum), type)
_IN_C = (
    *(types.BuiltinFunctionType, types.MethodWrapperType, types.WrapperDescriptorType),
    *(types.MethodDescriptorType, types.ClassMethodDescriptorType),
)
_IN_PYTHON = {"abc", "typing", "enum", "collections.abc"}
_OF_NO_ATTRIBUTES = {"builtins", *_IN_PYTHON}  # whose classes in C read none
_OF_ARGUMENTS = (  # modules of Python whose functions give the same for the same arguments
    "abc ast base64 binascii bisect builtins calendar cmath collections colorsys contextlib copy dataclasses dis enum"
    " fractions functools hashlib heapq hmac inspect itertools json keyword logging math numbers operator pprint random"
    " re reprlib sre statistics string struct textwrap traceback types typing unicodedata warnings weakref zlib"
)
_OF_MORE = {  # functions that read files, settings, places in memory or names
    *(np.load, np.loadtxt, np.genfromtxt, np.fromfile, np.memmap, np.geterr, np.get_printoptions, np.getbufsize),
    *(np.shares_memory, np.may_share_memory, np.geterrcall),
    *(eval, exec, globals, id, input, __import__),
}

_LIBRARIES = {math, np, np.linalg, sys.modules[__package__.partition(".")[0]]}  # they run what they are given, no more
_PLAIN = {type(None), bool, int, float, complex, str, bytes, range, slice, type(...), types.CodeType, dict, list, tuple}
_KNOWN = {  # bases in C that hold entries, attributes or what never changes
    *(object, dict, list, tuple, set, frozenset, deque, defaultdict, OrderedDict, int, float, complex, str, bytes),
    *(local, types.SimpleNamespace),
}
_ENTRIES = {"__iter__", "__len__", "keys", "values", "items"}
_BUILTINS = (
    "abs all any bool dict divmod enumerate filter float int len list map max min next pow print range reversed round"
    " set slice sorted str sum tuple zip"
)
_HARMLESS = {vars(builtins)[name] for name in _BUILTINS.split(" ")}  # as these libraries


def is_stable(filename: str) -> bool:
    """Tell whether code is of Python's library, NumPy, SciPy or tinygraph, which do not change under a program."""
    if filename.startswith("<frozen "):
        return filename[8:-1].split(".")[0] in sys.stdlib_module_names
    return filename.startswith(_STABLE) or is_stdlib(filename) or any(folder in filename for folder in _SCIPY)


def is_helper(filename: str) -> bool:
    """Tell whether code of a library may read attributes of a program's objects, by their names.

    NumPy and tinygraph read arrays, and what imports reads modules.
    """
    return not filename.startswith(_OF_ARRAYS)


def is_stable_text(names: Mapping[str, Any]) -> bool:
    """Tell whether code from no file, given its global names, was written by a library: by a named tuple, say."""
    module = names.get("__name__", "")
    return module.startswith("namedtuple_") or is_stable(getattr(sys.modules.get(module), "__file__", None) or module)


def file_of(module_name: str) -> str:
    """Return the file of a module; what is built into Python has none, and neither has what a program made up."""
    file = getattr(sys.modules.get(module_name), "__file__", None)
    return file or (f"<frozen {module_name}>" if module_name in sys.builtin_module_names else module_name)


def is_opaque(value: Any) -> bool:
    """Tell whether a function or class of a library reads clocks, files, settings: more than its arguments say.

    Examples
    --------
    >>> import time
    >>> is_opaque(time.time), is_opaque(time), is_opaque(np.sin), is_opaque(id), is_opaque(np.load)
    (True, False, False, True, True)
    """
    if not isinstance(value, _FUNCTIONS):
        return False
    return is_opaque_module(value.__module__ or "") or any(value is function for function in _OF_MORE)


def is_opaque_module(module_name: str) -> bool:
    """Tell whether a module is one of Python's whose functions read more than their arguments say."""
    root = module_name.split(".")[0]
    of_python = root in sys.stdlib_module_names and is_stable(file_of(module_name))
    return of_python and root.lstrip("_") not in _OF_ARGUMENTS.split(" ")


def is_of_library(kind: type) -> bool:
    """Tell whether a class is no program's: one in C, or of a library that does not change."""
    return not kind.__flags__ & _HEAP_TYPE or (kind.__module__ != "builtins" and is_stable(file_of(kind.__module__)))


def is_asked_by_name(kind: type) -> bool:
    """Tell whether attributes of the objects of a class are read by their names alone, and by no method in C."""
    return all(not is_of_library(base) or base.__module__ in _OF_NO_ATTRIBUTES for base in kind.__mro__)


def is_written_in_python(kind: type) -> bool:
    """Tell whether all that the objects of a class hold is in their attributes."""
    return all(any(isinstance(x, types.FunctionType) for x in vars(base).values()) for base in kind.__mro__[:-1])


def hides_what_it_holds(kind: type) -> bool:
    """Tell whether a program's class has a base in C whose objects hold more than their attributes and entries.

    Or one that says itself what its entries are.

    Examples
    --------
    >>> own = {"__module__": "a_program"}
    >>> hides_what_it_holds(type("Bytes", (bytearray,), own)), hides_what_it_holds(type("Layers", (list,), own))
    (True, False)
    """
    if is_of_library(kind):
        return False
    known = all(map(_is_known, kind.__mro__))
    own = set().union(*(vars(base) for base in kind.__mro__ if not is_of_library(base)))
    return not known or (issubclass(kind, dict | list | tuple | deque) and not own.isdisjoint(_ENTRIES))


def _is_known(base: type) -> bool:
    """Tell whether all that a base of a class gives an object is in its attributes and entries."""
    in_python = any(isinstance(x, types.FunctionType) for x in vars(base).values()) or base.__module__ in _IN_PYTHON
    return in_python or base in _KNOWN or not is_of_library(base) or issubclass(base, np.generic)


def is_library_function(value: Any) -> bool:
    """Tell whether a callable object is a function of a library: one in C, or one that is cached."""
    wrapped = getattr(value, "__wrapped__", value)
    code = getattr(wrapped, "__code__", None)
    return is_stable(file_of(getattr(wrapped, "__module__", None) or "") if code is None else code.co_filename)


def may_read_any_name(value: Any) -> bool:
    """Tell whether a function or class in C may read attributes of what it is given whose names are in no code.

    Examples
    --------
    >>> import operator
    >>> may_read_any_name(getattr), may_read_any_name(operator.attrgetter("x")), may_read_any_name(len)
    (True, True, False)
    """
    kind = type(value)
    if kind in (operator.attrgetter, operator.methodcaller):
        return True
    if not (kind in _IN_C or (kind is type and is_of_library(value))):
        return False
    module = value.__module__ if kind in (types.BuiltinFunctionType, type) else None
    return is_of_any_name(value.__name__) or not (module is None or is_stable(file_of(module)))


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
    if kind is types.ModuleType:
        return value in _LIBRARIES
    if kind is types.FunctionType:
        return value.__code__.co_filename.startswith(PACKAGE) or not is_stable(value.__code__.co_filename)
    if isinstance(value, Primitive):
        return is_ours(value)
    if kind is type or kind is types.BuiltinFunctionType:
        return value in _HARMLESS or _is_of_libraries(value)
    return kind.__module__ == "numpy" and _is_of_libraries(value)


def _is_of_libraries(value: Any) -> bool:
    return any(vars(library).get(getattr(value, "__name__", "")) is value for library in _LIBRARIES)

"""What a function can read besides its arguments: followed through its code, by names, attributes and closures."""

from __future__ import annotations

import builtins
import dis
import enum
import functools
import random
import re
import sys
import types
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Iterator
from functools import partial
from operator import attrgetter
from pathlib import PurePath
from typing import Any
from weakref import WeakSet

import numpy as np

from ..recording.applying import Forms
from ..recording.primitive import Primitive, is_ours
from ..recording.source import is_of_a_library
from ..recording.tensor import Tensor
from .closed import is_seen_through, is_stable, stays_in_sight
from .errors import NotCompiled
from .state import State

_FIELD = type(vars(namedtuple("_", "x"))["x"])  # of a named tuple
_ATOMS = (
    *(type(None), bool, int, float, complex, str, bytes, range, slice, type(...), type(NotImplemented)),
    *(np.generic, np.dtype, np.ufunc, types.MethodDescriptorType, types.WrapperDescriptorType, enum.Enum, re.Pattern),
    *(types.GetSetDescriptorType, types.MemberDescriptorType, PurePath, types.CodeType),
    *(types.ClassMethodDescriptorType, types.GenericAlias, types.UnionType, Forms, _FIELD),
)
_PLAIN_COLLECTIONS = (dict, list, tuple, deque, set, frozenset, OrderedDict, defaultdict, types.MappingProxyType)
_PARTS = attrgetter("__code__", "__defaults__", "__kwdefaults__")  # of a function, which a program can change
_BUILTINS = dict(vars(builtins))
_METHODS = (types.FunctionType, staticmethod, classmethod, property)
_CHANGING = {"time", "datetime", "secrets", "uuid"}  # modules
_UNSEEN = {  # names of what reads or changes things that no name in the code leads to
    *("environ", "getenv", "open", "input", "getsizeof"),
    *("globals", "__import__", "import_module", "_getframe", "__globals__", "f_globals", "f_locals", "gi_frame"),
    *("read_text", "read_bytes", "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "exists", "is_file", "is_dir"),
    *(
        "geterr",
        "get_printoptions",
        "getcontext",
        "getrecursionlimit",
        "stat",
        "getsize",
        "getmtime",
        "listdir",
        "scandir",
        "iterdir",
        "getcwd",
        "cwd",
        "argv",
    ),
}
_UNSEEN_BUILTINS = {"eval", "exec"}  # while ``model.eval()`` is a method like any other
_ANY_NAME = {"getattr", "vars", "__dict__", "attrgetter"}  # of what reads attributes whose names are in no code
_WHETHER_THERE = {*_ANY_NAME, "hasattr", "AttributeError"}  # of what asks whether a name is there
_MOST = 20_000  # objects
_MOST_BYTES = 1 << 28
_HEAP_TYPE = 1 << 9  # flag of a class that a program made


class Reach:
    """All that the code reachable from some objects reads, noted in a `State`.

    Parameters
    ----------
    *roots
        A function, and objects that it is given.
    ran : set of CodeType, optional
        The code that ran when they were called: no other is looked through. As long as all that this code reads is the
        same, it will be what runs the next time.

    Attributes
    ----------
    state : State
    codes : set of CodeType
        The code that was looked through.
    is_closed : bool
        Whether no other code can run, as the objects are functions, modules, arrays and numbers known to run none.

    Raises
    ------
    NotCompiled
        Where there is something of which nobody can tell whether it has changed.

    Examples
    --------
    >>> limits = [1.0, 2.0]
    >>> reach = Reach(lambda x: x * limits[0])
    >>> reach.state.change() is None
    True
    >>> limits[0] = 3.0
    >>> reach.state.change()
    'limits in <lambda>'
    """

    def __init__(self, *roots: Any, ran: set[types.CodeType] | None = None):
        self.state = State()
        self.codes: set[types.CodeType] = set()
        self.is_closed = all(map(is_seen_through, roots))
        self._ran = ran
        self._roots = roots  # are held, as all objects are, so that their ids stay their own
        self._known: dict[int, Any] = {}
        self._attributes: set[str] = set()
        self._modules: dict[types.ModuleType, set[str]] = {}  # with the names that were looked at
        self._bytes = 0
        self.state.note_generator(random.getstate, random.setstate, "random")
        self.state.note_generator(lambda: np.random.get_state(legacy=False), np.random.set_state, "np.random")  # noqa: NPY002
        self._pending = deque((root, "an argument" if number else "the function") for number, root in enumerate(roots))
        while self._pending:
            while self._pending:
                self._follow(*self._pending.popleft())
            for module in self._modules:
                self._module(module)

    def arrays(self) -> frozenset[int]:
        """Return the ids of all arrays and Tensors."""
        return frozenset(number for number, x in self._known.items() if isinstance(x, np.ndarray | Tensor))

    def _next(self, value: Any, what: str) -> None:
        self.is_closed = self.is_closed and is_seen_through(value)
        if not _is_atom(value) and id(value) not in self._known:
            self._pending.append((value, what))

    def _follow(self, value: Any, what: str) -> None:
        if _is_atom(value) or id(value) in self._known:
            return
        self._known[id(value)] = value
        if _changes_by_itself(value):
            raise NotCompiled(f"the function can reach {what}, which gives something else each time")
        if len(self._known) > _MOST:
            raise NotCompiled(f"the function can reach more than {_MOST:,} objects, too many to look at in each call")
        for kinds, follow in _FOLLOW:
            if isinstance(value, kinds):
                follow(self, value, what)
                return
        self._instance(value, what)

    # -- code ---------------------------------------------------------------------------------------------------------

    def _function(self, function: types.FunctionType, what: str) -> None:
        if is_stable(function.__code__.co_filename) and function.__code__.co_filename != "<string>":
            for cell in function.__closure__ or ():  # a library's wrapper around a function of the user's
                self._cell(cell, what)
            return
        codes = list(_codes(function.__code__))
        self._next(function.__dict__, f"what {function.__qualname__} has of its own")  # also where it never runs
        if self._ran is not None and self._ran.isdisjoint(codes):
            return
        where = function.__qualname__
        self.state.note_answer(partial(_PARTS, function), where)
        for value in (function.__defaults__, function.__kwdefaults__):
            self._next(value, f"what {where} has of its own")
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._cell(cell, f"{name} in {where}")
        names: list[str] = []
        for code in codes:
            self.codes.add(code)
            names += code.co_names
        self.is_closed = self.is_closed and all(stays_in_sight(code, function.__globals__) for code in codes)
        self._attributes.update(names)
        self.state.note_names(function.__globals__.get, dict.fromkeys(names), where)
        builtin_names = [name for name in dict.fromkeys(names) if name not in function.__globals__]
        self.state.note_names(vars(builtins).get, builtin_names, where)
        for name in builtin_names:
            if vars(builtins).get(name) is not _BUILTINS.get(name):  # a program's own
                self._next(vars(builtins).get(name), f"{name} in {where}")
        for name in dict.fromkeys(names):
            value = function.__globals__.get(name)
            if name in _UNSEEN or (name in _UNSEEN_BUILTINS and _calls(name, codes)):
                raise NotCompiled(f"{where} uses {name}, through which nobody can look")
            registry = isinstance(value, WeakSet) and is_of_a_library(function.__code__.co_filename)
            if not registry:  # of all modules that rnn made: it says nothing of what they compute
                self._next(value, f"{name} in {where}")

    def _cell(self, cell: types.CellType, what: str) -> None:
        def content() -> tuple[Any, ...]:
            try:
                return (cell.cell_contents,)
            except ValueError:
                return ()

        self.state.note_answer(content, what)
        for value in content():
            self._next(value, what)

    def _method(self, method: types.MethodType, what: str) -> None:
        self._next(method.__func__, what)
        self._next(method.__self__, what)

    def _builtin(self, function: types.BuiltinFunctionType, what: str) -> None:
        if not isinstance(function.__self__, types.ModuleType | type):
            self._next(function.__self__, what)

    def _partial(self, bound: partial, what: str) -> None:
        for part in (bound.func, bound.args, bound.keywords):
            self._next(part, what)

    def _descriptor(self, descriptor: Any, what: str) -> None:
        for name in ("__func__", "fget", "fset", "func"):
            self._next(getattr(descriptor, name, None), what)

    def _op(self, op: Primitive, what: str) -> None:
        if not is_ours(op):
            for part in (getattr(op, "forward", None), op.saves, *op.rules, op.defaults):
                self._next(part, f"the op {op.name}")

    def _module_found(self, module: types.ModuleType, what: str) -> None:
        self._modules[module] = set()

    def _module(self, module: types.ModuleType) -> None:
        file = _file_of(module.__name__)
        stable = is_stable(file)
        names = self._attributes.intersection(vars(module))
        if not stable and not is_of_a_library(file):
            if not _WHETHER_THERE.isdisjoint(self._attributes):
                self.state.note_answer(lambda: frozenset(vars(module)), module.__name__)
            if not _ANY_NAME.isdisjoint(self._attributes):
                names.update(vars(module))
        if module is sys and "modules" in names:
            raise NotCompiled("the function reads sys.modules, through which nobody can look")
        names -= {*self._modules[module], "__builtins__"}
        if not names:
            return
        self._modules[module] |= names
        self.state.note_names(vars(module).get, sorted(names), module.__name__)
        for name in sorted(names):
            value = vars(module)[name]
            if not stable or isinstance(value, types.ModuleType):
                self._next(value, f"{module.__name__}.{name}")

    # -- objects ------------------------------------------------------------------------------------------------------

    def _tensor(self, tensor: Tensor, what: str) -> None:
        self.state.note_answer(lambda: (tensor.op is None, tensor.requires_grad), what)

    def _array(self, array: np.ndarray, what: str) -> None:
        if type(array) is not np.ndarray:
            raise NotCompiled(f"{what} is a {type(array).__name__}, which is no plain array")
        if array.dtype.hasobject:
            self.state.note_collection(array.reshape(-1), what)
            for value in array.reshape(-1):
                self._next(value, what)
            return
        self._bytes += array.nbytes
        if self._bytes > _MOST_BYTES:
            raise NotCompiled(f"the function can reach more than {_MOST_BYTES >> 20} MB of arrays: pass {what} to it")
        self.state.note_array(array, what)

    def _generator(self, generator: Any, what: str) -> None:
        if isinstance(generator, np.random.Generator):
            bits = generator.bit_generator
            self.state.note_generator(lambda: bits.state, lambda state: setattr(bits, "state", state), what)
        elif isinstance(generator, np.random.RandomState):
            self.state.note_generator(lambda: generator.get_state(legacy=False), generator.set_state, what)
        else:
            self.state.note_generator(generator.getstate, generator.setstate, what)

    def _class(self, cls: type, what: str) -> None:
        self.state.note_answer(lambda: cls.__mro__, what)
        for base in cls.__mro__:
            if not _is_of_library(base):
                self._known[id(base)] = base
                self._mapping(vars(base), f"the class {base.__name__}", of_class=True)

    def _mapping(self, mapping: Any, what: str, of_class: bool = False) -> None:
        if not all(_is_atom(key) or type(key) is tuple for key in mapping):
            raise NotCompiled(f"the function can reach a dict whose keys may change: {what}")
        self.state.note_mapping(mapping, what)
        for key, value in tuple(mapping.items()):
            private = of_class and (key == "_abc_impl" or (key.startswith("__") and not isinstance(value, _METHODS)))
            if not private:
                self._next(value, f"{key} of {what}" if isinstance(key, str) else what)

    def _instance(self, value: Any, what: str) -> None:
        kind = type(value)
        if hasattr(kind, "reached_through"):  # a compiled function
            self._slot_of(value, kind.reached_through, what)
            return
        if isinstance(value, dict | types.MappingProxyType):
            self._mapping(value, what)
            self._next(getattr(value, "default_factory", None), what)
        elif isinstance(value, list | tuple | deque):
            self.state.note_collection(value, what)
            for entry in value:
                self._next(entry, what)
        elif isinstance(value, set | frozenset):
            if not all(map(_is_atom, value)):
                raise NotCompiled(f"the function can reach a set of objects: {what}")
            self.state.note_answer(lambda: frozenset(value), what)
        elif kind is not types.SimpleNamespace and _is_of_library(kind):
            if callable(value) and _is_library_function(value):
                return
            if not _is_written_in_python(kind):
                raise NotCompiled(f"the function can reach {what}: a {kind.__qualname__}, which may change unnoticed")
        if kind not in _PLAIN_COLLECTIONS:
            self._attributes_of(value, what)

    def _attributes_of(self, value: Any, what: str) -> None:
        self.state.note_answer(lambda: (type(value),), what)
        self._next(type(value), what)
        if hasattr(value, "__dict__"):
            self._mapping(value.__dict__, what)
        for name in _slots(type(value)):
            self._slot_of(value, name, what)

    def _slot_of(self, value: Any, name: str, what: str) -> None:
        self.state.note_answer(partial(_slot, value, name), f"{name} of {what}")
        self._next(getattr(value, name, None), f"{name} of {what}")


_FOLLOW: tuple[tuple[Any, Any], ...] = (
    (Tensor, Reach._tensor),
    (types.FunctionType, Reach._function),
    (types.MethodType, Reach._method),
    (types.MethodWrapperType, Reach._builtin),
    (types.BuiltinFunctionType, Reach._builtin),
    (partial, Reach._partial),
    (types.ModuleType, Reach._module_found),
    (type, Reach._class),
    (np.ndarray, Reach._array),
    (Primitive, Reach._op),
    ((staticmethod, classmethod, property, functools.cached_property), Reach._descriptor),
    ((np.random.Generator, np.random.RandomState, random.Random), Reach._generator),
)


def _is_atom(value: Any) -> bool:
    """Tell whether a value never changes: one of a class that a program made may have attributes, which do."""
    return isinstance(value, _ATOMS) and type(value) is not np.void and _is_of_library(type(value))


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _calls(builtin: str, codes: list[types.CodeType]) -> bool:
    """Tell whether code names a builtin, and not an attribute of that name."""
    instructions = (instruction for code in codes for instruction in dis.get_instructions(code))
    return any(i.argval == builtin and i.opname in ("LOAD_GLOBAL", "LOAD_NAME") for i in instructions)


def _changes_by_itself(value: Any) -> bool:
    """Tell whether a module, or a function of it, gives something else each time."""
    if not isinstance(value, types.ModuleType | types.BuiltinFunctionType | types.FunctionType | type):
        return False
    name = value.__name__ if isinstance(value, types.ModuleType) else value.__module__ or ""
    return name.split(".")[0] in _CHANGING


def _slot(value: Any, name: str) -> tuple[Any]:
    return (getattr(value, name, None),)


def _slots(kind: type) -> Iterator[str]:
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        yield from (name for name in names if name not in ("__weakref__", "__dict__"))


def _file_of(module_name: str) -> str:
    """Return the file of a module; what is built into Python has none, and neither has what a program made up."""
    built_in = module_name in sys.builtin_module_names
    return getattr(sys.modules.get(module_name), "__file__", None) or ("<frozen" if built_in else module_name)


def _is_of_library(kind: type) -> bool:
    return not kind.__flags__ & _HEAP_TYPE or (kind.__module__ != "builtins" and is_stable(_file_of(kind.__module__)))


def _is_written_in_python(kind: type) -> bool:
    """Tell whether all that the objects of a class hold is in their attributes."""
    methods = (any(isinstance(x, types.FunctionType) for x in vars(base).values()) for base in kind.__mro__[:-1])
    return all(methods)


def _is_library_function(value: Any) -> bool:
    """Tell whether a callable object is a function of a library: one in C, or one that is cached."""
    wrapped = getattr(value, "__wrapped__", value)
    code = getattr(wrapped, "__code__", None)
    return (
        is_stable(_file_of(getattr(wrapped, "__module__", None) or "")) if code is None else is_stable(code.co_filename)
    )

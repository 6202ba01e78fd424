"""What a function can read besides its arguments: followed through its code, by names, attributes and closures."""

from __future__ import annotations

import builtins
import enum
import functools
import random
import re
import sys
import types
from abc import ABCMeta, get_cache_token
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from pathlib import PurePath
from typing import Any
from weakref import WeakSet

import numpy as np

from ...recording.applying import Forms
from ...recording.primitive import Primitive, is_ours
from ...recording.source import is_of_a_library
from ...recording.tensor import Tensor
from ..errors import NotCompiled
from .bytecode import attributes_of, codes_of, handed_on, is_named_as_said, names_of, stays_in_sight
from .libraries import (
    file_of,
    hides_what_it_holds,
    is_asked_by_name,
    is_library_function,
    is_of_library,
    is_opaque,
    is_opaque_module,
    is_seen_through,
    is_stable,
    is_written_in_python,
    may_read_any_name,
)
from .state import State

_FIELD = type(vars(namedtuple("_", "x"))["x"])  # of a named tuple
_ATOMS = (
    *(type(None), bool, int, float, complex, str, bytes, range, slice, type(...), type(NotImplemented)),
    *(np.generic, np.dtype, np.ufunc, types.MethodDescriptorType, types.WrapperDescriptorType, enum.Enum, re.Pattern),
    *(types.GetSetDescriptorType, types.MemberDescriptorType, PurePath, types.CodeType),
    *(types.ClassMethodDescriptorType, types.GenericAlias, types.UnionType, Forms, _FIELD),
)
_PLAIN_COLLECTIONS = (dict, list, tuple, deque, set, frozenset, OrderedDict, defaultdict, types.MappingProxyType)
_PARTS = attrgetter("__code__", "__defaults__", "__kwdefaults__", "__dict__")  # which a program can change
_WITH_ATTRIBUTES = (partial, staticmethod, classmethod)
_METHODS = (types.FunctionType, staticmethod, classmethod, property)
_UNSEEN = {  # names of what reads things to which no name in the code leads
    *("__defaults__", "__kwdefaults__", "__closure__", "cell_contents", "signature", "getfullargspec"),
    *("getmask", "getmaskarray"),
    *("__globals__", "f_globals", "f_locals", "gi_frame", "__subclasses__", "FloatingPointError"),
    *("read_text", "read_bytes", "exists", "is_file", "is_dir", "iterdir", "stat", "cwd"),
}
_ANY_NAME = {"getattr", "vars", "__dict__", "attrgetter"}  # of what reads attributes whose names are in no code
_WHETHER_THERE = {*_ANY_NAME, "hasattr", "AttributeError"}  # of what asks whether a name is there
_OF_CLASSES = {  # what Python itself notes in a class, and `_abc_impl`, which `abc` does
    *("_abc_impl", "__dict__", "__weakref__", "__annotations__", "__slots__", "__match_args__", "__orig_bases__"),
    *("__parameters__", "__dataclass_fields__", "__dataclass_params__", "__abstractmethods__", "__new__"),
}
_MOST = 20_000  # objects
_MOST_BYTES = 1 << 28


class Reach:
    """All that the code reachable from some objects reads, noted in a `State`.

    Parameters
    ----------
    *roots
        A function, and objects that it is given.
    ran : set of CodeType, optional
        The code that ran when they were called: no other is looked through, and of the attributes of objects those
        that it names. As long as all that this code reads is the same, it will be what runs the next time.
    wholes : dict, optional
        Objects, by their ids, all of whose attributes it may have read.
    strict : bool
        Without it, what nobody can look into is passed over, and the code of libraries.

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

    def __init__(
        self,
        *roots: Any,
        ran: set[types.CodeType] | None = None,
        wholes: dict[int, Any] | None = None,
        strict: bool = True,
    ):
        self.state = State()
        self.codes: set[types.CodeType] = set()
        self.is_closed = strict
        self._strict = strict
        self._ran = ran
        self._names = None if ran is None else attributes_of(ran)  # None: of any
        self._wholes = wholes or {}
        self._named: list[tuple[Any, str]] = []  # objects that were followed by these names alone
        self._roots = roots  # are held, as all objects are, so that their ids stay their own
        self._known: dict[int, Any] = {}
        self._attributes: set[str] = set()
        self._modules: dict[types.ModuleType, set[str]] = {}  # with the names that were looked at
        self._module_names: dict[types.ModuleType, set[str]] = {}  # by which code has them
        self._bytes = 0
        self.state.note_generator(random.getstate, random.setstate, "random")
        self.state.note_generator(lambda: np.random.get_state(legacy=False), np.random.set_state, "np.random")  # noqa: NPY002
        self._pending: deque[tuple[Any, str]] = deque()
        for number, root in enumerate(roots):
            self._look(self._next, root, "an argument" if number else "the function")
        while self._pending:
            while self._pending:
                self._look(self._follow, *self._pending.popleft())
            for module in self._modules:
                self._look(self._module, module)
        self._wholes = {}  # which may hold what was recorded

    def _look(self, follow: Callable[..., None], *where: Any) -> None:
        try:
            follow(*where)
        except Exception:  # also what an object of the program's raises where it is looked at
            if self._strict:
                raise

    def arrays(self) -> frozenset[int]:
        """Return the ids of all arrays and Tensors."""
        return frozenset(number for number, x in self._known.items() if isinstance(x, np.ndarray | Tensor))

    def _next(self, value: Any, what: str) -> None:
        self.is_closed = self.is_closed and is_seen_through(value)
        if self._names is not None and may_read_any_name(value):
            self._names = None
            self._pending.extend(self._named)
        if isinstance(value, types.ModuleType):
            name, _, place = what.partition(" ")
            known = not place or place.startswith("in ")  # as a global name or a module's own
            self._module_names.setdefault(value, set()).add(name.rpartition(".")[2] if known else "")
        if not _is_atom(value) and id(value) not in self._known:
            self._known[id(value)] = value
            self._pending.append((value, what))

    def _follow(self, value: Any, what: str) -> None:
        if is_opaque(value):
            raise NotCompiled(f"the function can reach {what}, through which nobody can look")
        if len(self._known) > _MOST:
            raise NotCompiled(f"the function can reach more than {_MOST:,} objects, too many to look at in each call")
        follow = next((follow for kinds, follow in _FOLLOW if isinstance(value, kinds)), Reach._instance)
        follow(self, value, what)
        own = type(value) in _WITH_ATTRIBUTES or not (isinstance(value, type) or is_of_library(type(value)))
        if own and follow is not Reach._instance:
            self._attributes_of(value, what)

    # -- code ---------------------------------------------------------------------------------------------------------

    def _function(self, function: types.FunctionType, what: str) -> None:
        filename = function.__code__.co_filename
        if is_stable(filename) or (is_of_a_library(filename) and not self._strict):
            for cell in function.__closure__ or ():  # a library's wrapper around a function of the user's
                self._cell(cell, what)
            return
        codes = list(codes_of(function.__code__))
        own = f"what {function.__qualname__} has of its own"  # also where it never runs
        self._dict_of(function, self._names_for(function, own), own)
        if self._ran is not None and self._ran.isdisjoint(codes):
            return
        where = function.__qualname__
        self.state.note_answer(partial(_PARTS, function), where)
        for defaults in (function.__defaults__, function.__kwdefaults__):
            self._next(defaults, f"what {where} has of its own")
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._cell(cell, f"{name} in {where}")
        self.codes.update(codes)
        self._attributes.update(name for code in codes for name in code.co_names)
        self.is_closed = self.is_closed and all(map(stays_in_sight, codes))
        looked_up = dict.fromkeys(pair for code in codes for pair in names_of(code))
        imported, names = ([name for of_import, name in looked_up if of_import is kind] for kind in (True, False))
        builtin_names = [name for name in names if name not in function.__globals__]
        of_library = is_of_a_library(filename)
        for space, some in ((function.__globals__, names), (vars(builtins), builtin_names), (sys.modules, imported)):
            self.state.note_names(space.get, some, where)
            for name in some:
                value = space.get(name)
                unsaid = isinstance(value, WeakSet) or value is id  # registries say nothing of values
                if not (of_library and unsaid) and not is_named_as_said(name, value):
                    self._next(value, f"{name} in {where}")
        if not _UNSEEN.isdisjoint(self._attributes):
            raise NotCompiled(f"{where} uses {min(_UNSEEN & self._attributes)}, through which nobody can look")

    def _cell(self, cell: types.CellType, what: str) -> None:
        def content() -> tuple[Any, ...]:
            try:
                return (cell.cell_contents,)
            except ValueError:
                return ()

        self.state.note_answer(content, what)
        for value in content():
            self._next(value, what)

    def _partial(self, function: partial, what: str) -> None:
        self.state.note_answer(lambda: (function.func, function.args, function.keywords), what)
        for part in (function.func, function.args, function.keywords):
            self._next(part, what)

    def _builtin(self, function: types.BuiltinFunctionType, what: str) -> None:
        if not isinstance(function.__self__, types.ModuleType | type):
            self._next(function.__self__, what)

    def _op(self, op: Primitive, what: str) -> None:
        if not is_ours(op):
            for part in (getattr(op, "forward", None), op.saves, *op.rules, op.defaults):
                self._next(part, f"the op {op.name}")

    def _module_found(self, module: types.ModuleType, what: str) -> None:
        self._modules[module] = set()
        if not is_stable(file_of(module.__name__)):
            self.state.note_answer(lambda: (type(module),), what)

    def _module(self, module: types.ModuleType) -> None:
        file = file_of(module.__name__)
        names = self._attributes.intersection(vars(module))
        if not is_stable(file) and not is_of_a_library(file):
            any_name = self._ran is not None and self._names is None  # of what is handed on
            any_name = any_name and not self._module_names[module].isdisjoint({"", *handed_on(self.codes)})
            if not _WHETHER_THERE.isdisjoint(self._attributes):
                self.state.note_answer(lambda: frozenset(vars(module)), module.__name__)
            if not _ANY_NAME.isdisjoint(self._attributes) or any_name:
                names.update(vars(module))
        if module is sys and "modules" in names:
            raise NotCompiled("the function reads sys.modules, through which nobody can look")
        names -= {*self._modules[module], "__builtins__", "__loader__", "__spec__"}
        if not names:
            return
        self._modules[module] |= names
        self.state.note_names(vars(module).get, sorted(names), module.__name__)
        known = is_stable(file) and not is_opaque_module(module.__name__)
        for name in sorted(names):
            value = vars(module)[name]
            if not known or isinstance(value, types.ModuleType | ABCMeta) or is_opaque(value):
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
        if isinstance(cls, ABCMeta):
            self.state.note_answer(get_cache_token, f"what is registered as a {cls.__name__}")
        if not is_of_library(cls):
            self.state.note_answer(lambda: (type(cls), cls.__name__, *cls.__mro__), what)
            self._next(type(cls), f"the class of {what}")
        for base in cls.__mro__:
            if not is_of_library(base) and (base is cls or id(base) not in self._known):
                self._known[id(base)] = base
                self._mapping(vars(base), f"the class {base.__name__}", of_class=True)

    def _mapping(self, mapping: Any, what: str, of_class: bool = False) -> None:
        if not all(_is_atom(key) or type(key) is tuple for key in mapping):
            raise NotCompiled(f"the function can reach a dict whose keys may change: {what}")
        self.state.note_mapping(mapping, what)
        for key, value in tuple(mapping.items()):
            if not (of_class and key in _OF_CLASSES and not isinstance(value, _METHODS)):
                self._next(value, f"{key} of {what}" if isinstance(key, str) else what)

    def _instance(self, value: Any, what: str) -> None:
        kind = type(value)
        if hasattr(kind, "reached_through"):  # a compiled function
            self._slot_of(value, kind.reached_through, what)
            return
        if hides_what_it_holds(kind):
            raise NotCompiled(f"the function can reach {what}: a {kind.__qualname__}, which may change unnoticed")
        if isinstance(value, dict | types.MappingProxyType):
            self._mapping(value, what)
            if isinstance(value, defaultdict):
                self._next(value.default_factory, what)
        elif isinstance(value, list | tuple | deque):
            self.state.note_collection(value, what)
            for entry in value:
                self._next(entry, what)
        elif isinstance(value, set | frozenset):
            if not all(map(_is_atom, value)):
                raise NotCompiled(f"the function can reach a set of objects: {what}")
            self.state.note_answer(lambda: frozenset(value), what)
        elif kind is not types.SimpleNamespace and is_of_library(kind):
            if callable(value) and is_library_function(value):
                return
            if not is_written_in_python(kind):
                raise NotCompiled(f"the function can reach {what}: a {kind.__qualname__}, which may change unnoticed")
        if kind not in _PLAIN_COLLECTIONS:
            self._attributes_of(value, what)

    def _attributes_of(self, value: Any, what: str) -> None:
        self.state.note_answer(lambda: (type(value), getattr(value, "__dict__", None)), what)
        self._next(type(value), what)
        names = self._names_for(value, what)
        if hasattr(value, "__dict__"):
            self._dict_of(value, names, what)
        for name, member in (item for base in type(value).__mro__ for item in vars(base).items()):
            asked_for = not name.endswith("offset__") if names is None else name in names  # offsets are C's own
            if asked_for and isinstance(member, types.MemberDescriptorType):
                self._slot_of(value, name, what)

    def _names_for(self, owner: Any, what: str) -> frozenset[str] | None:
        """Return the names by which code may have asked for attributes of an object; None where by any."""
        if self._names is None or id(owner) in self._wholes or not is_asked_by_name(type(owner)):
            return None
        self._named.append((owner, what))
        return self._names

    def _dict_of(self, owner: Any, names: frozenset[str] | None, what: str) -> None:
        if names is None:
            self._next(owner.__dict__, what)
            return
        for name, value in self.state.note_attributes(owner.__dict__, names, what).items():
            self._next(value, f"{name} of {what}")

    def _slot_of(self, value: Any, name: str, what: str) -> None:
        self.state.note_answer(lambda: (getattr(value, name, None),), f"{name} of {what}")
        self._next(getattr(value, name, None), f"{name} of {what}")


def _parts(*names: str) -> Callable[[Reach, Any, str], None]:
    """Return what follows the attributes of an object that it is made of."""

    def follow(reach: Reach, value: Any, what: str) -> None:
        for name in names:
            reach._next(getattr(value, name, None), what)

    return follow


_FOLLOW: tuple[tuple[Any, Any], ...] = (
    (Tensor, Reach._tensor),
    (types.FunctionType, Reach._function),
    (types.MethodType, _parts("__func__", "__self__")),
    (types.MethodWrapperType, Reach._builtin),
    (types.BuiltinFunctionType, Reach._builtin),
    (partial, Reach._partial),
    (types.ModuleType, Reach._module_found),
    (type, Reach._class),
    (np.ndarray, Reach._array),
    (Primitive, Reach._op),
    ((staticmethod, classmethod, property, functools.cached_property), _parts("__func__", "fget", "fset", "func")),
    ((np.random.Generator, np.random.RandomState, random.Random), Reach._generator),
)


def _is_atom(value: Any) -> bool:
    """Tell whether a value never changes: one of a class that a program made may have attributes, which do."""
    return isinstance(value, _ATOMS) and type(value) is not np.void and is_of_library(type(value))

"""What can be told of code before it runs: names that it looks up, whether it catches, imports, asks for kinds.

Attributes are found by name: of those whose names stand in no code that ran, none was read, unless that code looks
names up which it makes itself, or which others have: by `vars`, say, or by ``getattr(x, name)``.

A question for the kind of a value matters as arrays are recorded as Tensors: the answer would be another one.
"""

from __future__ import annotations

import builtins
import dis
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

from ...recording.tensor import Tensor

_IMPORT, _EXTENDED, _CATCH, _MATCH = (
    dis.opmap[name] for name in ("IMPORT_NAME", "EXTENDED_ARG", "PUSH_EXC_INFO", "MATCH_CLASS")
)
_OF_NAMES = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS", "IMPORT_NAME")
_SHIFT = {dis.opmap[name]: name == "LOAD_GLOBAL" for name in _OF_NAMES if name in dis.opmap}
_OF_ITS_FIRST = {"isinstance", "type", "hasattr"}
_OF_ANY = {"issubclass", "isscalar", "singledispatch", "ndarray", "__class__"}
_OF_VARIABLES = re.compile("(?:LOAD|STORE)_FAST(?:_BORROW)?")
_LOADS = ("LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF", "LOAD_CONST")
_LOADS_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD")
_LOADS_NAME = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF", *_LOADS_ATTRIBUTE)
_OF_A_NAME = {"getattr", "hasattr", "setattr", "delattr"}  # which may stand in the code
_OF_NUMPY = frozenset(dir(np.ndarray)) - {"data"}
_OF_ITS_OBJECT = {"vars", *_OF_A_NAME}
_OF_ANY_NAME = {"vars", "dir", "attrgetter", "methodcaller", "format", "format_map"}
_ORDINARY = {  # names of Python's own with which no other attribute is read
    *("__init__", "__new__", "__call__", "__class__", "__name__", "__qualname__", "__module__", "__doc__", "__len__"),
    *("__getitem__", "__setitem__", "__iter__", "__next__", "__enter__", "__exit__", "__getattr__", "__file__"),
}


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """Yield code and what is defined in it: functions, comprehensions, classes."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_of(constant)


def names_of(code: CodeType) -> Iterator[tuple[bool, str]]:
    """Yield the names that code looks up, and whether it imports them; not those of attributes."""
    extended = 0
    for opcode, argument in zip(code.co_code[::2], code.co_code[1::2], strict=True):
        argument |= extended
        extended = argument << 8 if opcode == _EXTENDED else 0
        if opcode in _SHIFT:
            yield opcode == _IMPORT, code.co_names[argument >> _SHIFT[opcode]]


def catches(code: CodeType) -> bool:
    """Tell whether code may catch an exception."""
    return _CATCH in code.co_code[::2]


def stays_in_sight(code: CodeType) -> bool:
    """Tell whether code reaches nothing but by the names in it, and catches nothing.

    Examples
    --------
    >>> def looks_up(name):
    ...     return name.__globals__
    >>> stays_in_sight(catches.__code__), stays_in_sight(looks_up.__code__)
    (True, False)
    """
    return not (catches(code) or _IMPORT in code.co_code[::2] or any(name.startswith("__") for name in code.co_names))


# -- names of attributes -----------------------------------------------------------------------------------------------


def attributes_of(codes: Iterable[CodeType]) -> frozenset[str] | None:
    """Return the names of attributes that code may read; None where it may read all of objects that nobody knows.

    NumPy asks whatever it is given for what its arrays have: ``np.amax(x)`` for ``x.max``.

    Examples
    --------
    >>> def scaled(self, x):
    ...     return x * self.scale * getattr(self, "gain", 1.0)
    >>> {"gain", "scale"} <= attributes_of([scaled.__code__]), "x" in attributes_of([scaled.__code__])
    (True, False)
    >>> attributes_of([(lambda x, name: getattr(x.y, name)).__code__]) is None
    True
    """
    codes = list(codes)
    return None if None in map(read_whole, codes) else _OF_NUMPY.union(*map(_names_in, codes))


def _names_in(code: CodeType) -> frozenset[str]:
    constants = () if _OF_A_NAME.isdisjoint(code.co_names) else code.co_consts
    return frozenset((*code.co_names, *(constant for constant in constants if type(constant) is str)))


def is_of_any_name(name: str) -> bool:
    """Tell whether what has a name may read attributes whose names are in no code."""
    own = name.startswith("__") and name.endswith("__") and name not in _ORDINARY
    return own or name in _OF_ANY_NAME or name in _OF_A_NAME


def is_named_as_said(name: str, value: object) -> bool:
    """Tell whether a name in code stands for one of the functions whose calls `read_whole` looks at."""
    return name in _OF_ITS_OBJECT and value is getattr(builtins, name)


@lru_cache(1024)
def read_whole(code: CodeType) -> frozenset[str] | None:
    """Return the parameters of which code may read attributes of any name; None where it may those of other values.

    Examples
    --------
    >>> read_whole((lambda self, x: x * len(vars(self))).__code__), read_whole((lambda x: vars(x[0])).__code__)
    (frozenset({'self'}), None)
    """
    if _MATCH in code.co_code[::2]:  # by names that the class has
        return None
    if not any(map(is_of_any_name, _names_in(code))):
        return frozenset()
    instructions, parameters, names = list(_instructions(code)), _parameters(code), set()
    for k, instruction in enumerate(instructions):
        name = instruction.argval
        if type(name) is not str or not is_of_any_name(name):
            continue
        if name == "__dict__" and instruction.opname == "LOAD_ATTR" and not instruction.is_jump_target:
            about = instructions[k - 1]
        elif name in _OF_ITS_OBJECT and instruction.opname == "LOAD_GLOBAL" and _end_of_question(instructions, k + 2):
            about, asked_for = instructions[k + 1 : k + 3]
            if about.opname in _LOADS and asked_for.opname == "LOAD_CONST":
                continue  # by a name that is in the code
        else:
            return None
        if about.opname != "LOAD_FAST" or about.argval not in parameters:
            return None
        names.add(about.argval)
    return frozenset(names)


def handed_on(codes: Iterable[CodeType]) -> frozenset[str]:
    """Return the names of all that code does something with other than to read an attribute by its name.

    Examples
    --------
    >>> sorted(handed_on([(lambda x: vars(module)[x] + other.scale).__code__]))
    ['module', 'scale', 'vars', 'x']
    """
    return frozenset().union(*map(_handed_on, codes))


@lru_cache(1024)
def _handed_on(code: CodeType) -> frozenset[str]:
    pairs = pairwise(_instructions(code))
    return frozenset(a.argval for a, b in pairs if a.opname in _LOADS_NAME and b.opname not in _LOADS_ATTRIBUTE)


# -- questions for kinds -----------------------------------------------------------------------------------------------


def word(code: CodeType) -> str | None:
    """Return by which word code asks for the kind of a value; None where it does not."""
    words = _OF_ANY.union(_OF_ITS_FIRST).intersection(code.co_names)
    return min(words) if words else "match" if _MATCH in code.co_code[::2] else None


@lru_cache(1024)
def asked(code: CodeType) -> frozenset[str] | None:
    """Return the parameters of whose kinds code asks; None where it may ask for those of other values.

    Examples
    --------
    >>> def size(tree, other):
    ...     return 1 if type(tree) is not tuple else sum(map(size, tree))
    >>> asked(size.__code__), asked((lambda x: type(x[0])).__code__)
    (frozenset({'tree'}), None)
    """
    if word(code) is None:
        return frozenset()
    instructions, parameters = list(_instructions(code)), _parameters(code)
    names: set[str] = set()
    end = 0
    for k, instruction in enumerate(instructions):
        if instruction.opname == "LOAD_GLOBAL" and instruction.argval in _OF_ITS_FIRST and k >= end:
            end = _end_of_question(instructions, k + 2)
            about = instructions[k + 1]
            if not end or about.opname != "LOAD_FAST" or about.argval not in parameters:
                return None
            names.add(about.argval)
        elif instruction.opname == "MATCH_CLASS" or (
            k >= end
            and type(instruction.argval) is str
            and instruction.argval in _OF_ANY | _OF_ITS_FIRST
            and instruction.opname != "LOAD_DEREF"  # ``__class__``, for ``super()``: a variable, no attribute
        ):
            return None
    return frozenset(names)


class _Instruction(NamedTuple):
    opname: str
    argval: Any
    is_jump_target: bool


def _instructions(code: CodeType) -> Iterator[_Instruction]:
    """Yield what code does, as Python 3.11 would say it: later ones load or store two variables at once."""
    for instruction in dis.get_instructions(code):
        name, values, is_target = instruction.opname, instruction.argval, instruction.is_jump_target
        actions = _OF_VARIABLES.findall(name)
        if actions and "".join(f"_{action}" for action in actions) == f"_{name}":
            for action, value in zip(actions, values if type(values) is tuple else (values,), strict=True):
                yield _Instruction(action.removesuffix("_BORROW"), value, is_target)
                is_target = False
        elif name not in ("PUSH_NULL", "PRECALL", "CACHE"):
            yield _Instruction(name, values, is_target)


def _parameters(code: CodeType) -> set[str]:
    """Return the parameters that stand for what was given as long as the code runs."""
    parameters = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    changed = {i.argval for i in _instructions(code) if i.opname.startswith(("STORE_FAST", "DELETE_FAST"))}
    return parameters - changed


def _end_of_question(instructions: list[_Instruction], start: int) -> int:
    """Return where the call ends whose other arguments begin at `start`; 0 where these are more than names."""
    depth = 0
    for k in range(start, len(instructions)):
        name, argument = instructions[k].opname, instructions[k].argval
        if name == "CALL":
            return k if depth == argument - 1 else 0
        if name in _LOADS:
            depth += 1
        elif name == "BUILD_TUPLE" and depth >= argument:
            depth -= argument - 1
        elif not (name == "LOAD_ATTR" and depth):
            return 0
    return 0


def is_about_an_array(frame: FrameType) -> bool:
    """Tell whether the call of a function asks for the kind of what was, perhaps, an array when it ran eagerly."""
    names = asked(frame.f_code)
    if not names:
        return names is None
    values = [frame.f_locals[name] for name in names]
    return any(isinstance(value, Tensor) and not value.requires_grad for value in values)

"""What can be told of code before it runs: names that it looks up, whether it catches, imports, asks for kinds.

A question for the kind of a value matters as arrays are recorded as Tensors: the answer would be another one.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType

from ...recording.tensor import Tensor

_IMPORT, _EXTENDED, _CATCH, _MATCH = (
    dis.opmap[name] for name in ("IMPORT_NAME", "EXTENDED_ARG", "PUSH_EXC_INFO", "MATCH_CLASS")
)
_OF_NAMES = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS", "IMPORT_NAME")
_SHIFT = {dis.opmap[name]: name == "LOAD_GLOBAL" for name in _OF_NAMES if name in dis.opmap}
_OF_ITS_FIRST = {"isinstance", "type", "hasattr"}
_OF_ANY = {"issubclass", "isscalar", "singledispatch", "ndarray", "__class__"}
_LOADS = ("LOAD_GLOBAL", "LOAD_FAST", "LOAD_DEREF", "LOAD_CONST")


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
    instructions = [i for i in dis.get_instructions(code) if i.opname not in ("PUSH_NULL", "PRECALL", "CACHE")]
    parameters = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    for instruction in instructions:
        if instruction.opname.startswith(("STORE_FAST", "DELETE_FAST")):
            parameters.difference_update(
                (instruction.argval,) if type(instruction.argval) is str else instruction.argval
            )
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
            k >= end and type(instruction.argval) is str and instruction.argval in _OF_ANY | _OF_ITS_FIRST
        ):
            return None
    return frozenset(names)


def _end_of_question(instructions: list[dis.Instruction], start: int) -> int:
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

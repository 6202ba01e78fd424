"""Cuts: where a Tensor turns into a plain number or array, and whether that is what the user wrote.

NumPy, `math` and everything else in C that wants a number asks ``Tensor.__float__``, and the gradient ends there. Which
instruction of the program asked can be read from its frame.
"""

from __future__ import annotations

import dis
import math
import os
from functools import lru_cache
from types import CodeType, FrameType
from typing import NamedTuple

import numpy as np

from .advice import instead
from .bytecode import layout
from .source import INSTALLED, is_stdlib, users_frame, where

_NOT_OF_ARRAYS = {"dot", "clip", "searchsorted", "take", "compress", "choose"}
_CALLS_WHAT_IT_IS_GIVEN = {"map", "sorted", "min", "max"}
_CUTS_NOTHING = {"isnan", "isinf", "isfinite", "isclose", "floor", "ceil", "trunc"}  # their derivative is 0 anyway
_NUMERIC = tuple(f"{folder}{package}{os.sep}" for folder in INSTALLED for package in ("numpy", "scipy"))


class Request(NamedTuple):
    """The instruction that asked for a number: what it calls, the names in its expression, and if it formats text."""

    opname: str
    callee: str
    names: frozenset[str]
    formats: bool


def is_asked_for(frame: FrameType) -> bool:
    """Tell whether the code of `frame` says itself that it wants a plain number: ``float(t)``, ``map(float, ts)``.

    Formatting (``"%f" % t``) and questions such as ``math.isnan(t)`` are allowed too. What the standard library, NumPy
    and SciPy convert inside themselves is not what the user wrote.
    """
    if is_question(frame):
        return True
    request = _request_in(frame)
    filename = frame.f_code.co_filename
    if is_stdlib(filename) or any(package in filename for package in _NUMERIC):
        return False
    return request.callee == "float" or (
        "float" in request.names and not request.names.isdisjoint(_CALLS_WHAT_IT_IS_GIVEN)
    )


def is_question(frame: FrameType) -> bool:
    """Tell whether the code of `frame` only looks: it formats a text, or asks as ``math.isnan(t)`` does."""
    request = _request_in(frame)
    return request.formats or request.callee in _CUTS_NOTHING


def refusal(frame: FrameType, what: str = "number") -> str:
    """Return the message that says how a Tensor left the graph in `frame`, and what to write instead."""
    user = users_frame(frame)
    request, callee = _request_in(frame), _request_in(user).callee
    cut = "which would cut the graph in silence"
    meant = "float(t) or t.item()" if what == "number" else "t.numpy() or t.detach()"
    advice = instead(frame)
    if request.opname in ("STORE_SUBSCR", "STORE_SLICE") and not advice:
        said = (
            f"a Tensor was stored in a plain array, {cut}; collect the values in a list and write np.stack(values),"
            " or make the array a Tensor, table = tg.tensor(table), and write table = table.at[i].set(t)"
        )
    elif what == "number" and callee in dir(math) and hasattr(np, callee):
        said = f"{callee} turned a Tensor into a plain number, {cut}; np.{callee} is recorded"
    else:
        by = f" by {callee}" if callee else ""
        said = f"a Tensor that requires a gradient was turned into a plain {what}{by}, {cut}"
        said += f"; {advice or 'of several Tensors np.stack([t1, t2]) makes one'}"
        if callee in _NOT_OF_ARRAYS:
            said += f", and np.{callee}(array, t) takes a Tensor where array.{callee}(t) cannot"
    return f"{said}; {meant} if a plain {what} is meant{where(frame)}"


def _request_in(frame: FrameType) -> Request:
    return _request(frame.f_code, layout(frame.f_code).instruction(frame.f_lasti))


@lru_cache(maxsize=256)
def _request(code: CodeType, offset: int) -> Request:
    instructions = list(dis.get_instructions(code))
    asking = next(i for i in instructions if i.offset == offset)
    named = [i for i in instructions if i.opname.startswith(_NAMING) and _contains(asking, i)]
    callee = ""
    if asking.opname.startswith("CALL"):  # a chain of names that the call begins with, to its last: np.float64
        callee = str(max((i for i in named if _start(i) == _start(asking)), key=_end, default=asking).argval)
    formats = asking.opname == "BINARY_OP" and asking.argrepr.startswith("%")
    return Request(asking.opname, callee, frozenset(str(i.argval) for i in named), formats)


_NAMING = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF", "LOAD_METHOD", "LOAD_ATTR")


def _start(instruction: dis.Instruction) -> tuple[int, int]:
    position = instruction.positions
    return (position.lineno or 0, position.col_offset or 0) if position else (0, 0)


def _end(instruction: dis.Instruction) -> tuple[int, int]:
    position = instruction.positions
    return (position.end_lineno or 0, position.end_col_offset or 0) if position else (0, 0)


def _contains(outer: dis.Instruction, inner: dis.Instruction) -> bool:
    return _start(outer) <= _start(inner) and _end(inner) <= _end(outer)

"""The compiler of loops, numba, and what they may call."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import numba
import numpy as np
import scipy  # noqa: F401 - whose BLAS numba's np.dot calls
from numba.core.compiler import Compiler

from ...memory import garbage_collector_paused
from . import mathematics
from .blas import SHOWN, of_rows
from .cache import Disk, sources
from .losses import cross_entropy, cross_entropy_adjoint
from .products import pack, product

with suppress(Exception):  # what cannot be read keeps nothing on disk
    sources()  # now: another version may be installed while this one runs

# never fastmath=True: it makes numbers of NaN
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "no_cfunc_wrapper": True}
_MAKES_ARRAYS = re.compile(r"np\.dot|ascontiguousarray|astype" + ("" if SHOWN else "|_rows"))
_OF_ROWS = of_rows()


@cache
def functions(number: np.dtype) -> dict[str, Any]:
    """Return what loops of numbers of a dtype may call, by name."""
    named = (pack, product, cross_entropy, cross_entropy_adjoint)
    return {
        "np": np,
        "number": number.type,
        **mathematics.functions(number),
        **_OF_ROWS,
        **{function.__name__: function for function in named},
    }


class _Apart(Compiler):
    """A compiler of functions whose arrays share no memory: LLVM need not find that out before each row."""

    def define_pipelines(self) -> Any:
        self.state.flags.noalias = True
        return super().define_pipelines()


kernels: dict[tuple[Any, ...], Callable[..., Any]] = {}
_NUMBERED = re.compile(r"\b([vc])(\d+)")


def kernel(
    text: str, number: np.dtype, arguments: list[Any], constants: dict[str, Any], apart: bool = False
) -> Callable[..., Any]:
    """Return a function compiled from its source; that of equal source, but for the numbers in names, is the same.

    Parameters
    ----------
    text : str
        One function named ``loop``.
    number : dtype
        Of its numbers.
    arguments : list of (dtype, int, str, bool) or None
        Of each argument dtype, dimensions, layout and whether it is written; None of an integer. What has no
        dimensions is a number, unless it is written.
    constants : dict
        Numbers that its source names.
    apart : bool
        Whether what it writes is in no other array of its arguments.
    """
    order: dict[str, str] = {}
    text = _NUMBERED.sub(lambda match: match[1] + order.setdefault(match[2], str(len(order))), text)
    named = [(_NUMBERED.fullmatch(name), x) for name, x in constants.items()]
    fixed = {match[1] + order[match[2]]: x for match, x in named if match is not None and match[2] in order}
    key = (text, number, tuple(arguments), repr(sorted(fixed.items())), apart)  # -0.0 is equal to 0
    if key not in kernels:
        space = {**functions(number), **{name: number.type(x) for name, x in fixed.items()}, "__name__": __name__}
        exec(compile(text, "<loop>", "exec"), space)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", numba.NumbaPerformanceWarning)
            signature = numba.boolean(*map(_typed, arguments))
            options = {**_OPTIONS, "pipeline_class": _Apart} if apart else _OPTIONS
            if not _MAKES_ARRAYS.search(text):
                options = {**options, "_nrt": False}  # references need not be counted
            with garbage_collector_paused():
                kernels[key] = _compiled(space["loop"], signature, options, key)
    return kernels[key]


def _compiled(loop: Any, signature: Any, options: dict[str, Any], key: tuple[Any, ...]) -> Any:
    """Return a function compiled, or loaded from disk. Its name is no other one's in any process."""
    what = repr((key, signature, options))
    loop.__qualname__ = f"loop_{hashlib.sha256(what.encode()).hexdigest()[:32]}"
    run = numba.njit(**options)(loop)
    run._cache = Disk(what)  # which numba has of its own for functions of files alone
    run.compile(signature)
    run.disable_compile()
    return run


def plain(x: np.ndarray) -> np.ndarray:
    """Return an array as a loop takes it: contiguous and aligned."""
    return x if x.flags.num & 0x101 == 0x101 else np.array(x, order="C")


def _typed(argument: Any) -> Any:
    if argument is None:
        return numba.int64
    dtype, ndim, layout, writes = argument
    scalar = numba.from_dtype(np.dtype(dtype))
    return numba.types.Array(scalar, ndim, layout, readonly=not writes) if ndim or writes else scalar

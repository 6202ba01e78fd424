"""NumPy functions without a gradient: comparisons, tests, orders and shapes. Of Tensors they give plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements, located, numpy_functions
from ..recording.questions import as_recorded, tell_asked
from ..recording.tensor import Tensor

__all__ = [
    "all",
    "allclose",
    "angle",
    "any",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "argwhere",
    "array2string",
    "array_equal",
    "array_equiv",
    "array_repr",
    "array_str",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "can_cast",
    "common_type",
    "count_nonzero",
    "diag_indices_from",
    "digitize",
    "empty_like",
    "equal",
    "flatnonzero",
    "greater",
    "greater_equal",
    "imag",
    "invert",
    "isclose",
    "iscomplex",
    "iscomplexobj",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "isrealobj",
    "left_shift",
    "less",
    "less_equal",
    "lexsort",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "matrix_rank",
    "may_share_memory",
    "min_scalar_type",
    "nanargmax",
    "nanargmin",
    "ndim",
    "nonzero",
    "not_equal",
    "ones_like",
    "real",
    "result_type",
    "right_shift",
    "searchsorted",
    "shape",
    "shares_memory",
    "signbit",
    "size",
    "tril_indices_from",
    "triu_indices_from",
    "zeros_like",
]


def bare(x: Any) -> Any:
    """Return plain arrays in place of Tensors, in lists and tuples too."""
    if isinstance(x, Tensor):
        tell_asked(x, "its plain value")
        return x._value
    return type(x)([bare(part) for part in x]) if type(x) in (list, tuple) else x


plain_functions: set[Callable[..., Any]] = set()  # NumPy's


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    @located
    @wraps(function, assigned=("__name__", "__qualname__"))
    def plain(*args: Any, **kwargs: Any) -> Any:
        recorded = as_recorded(function, args, kwargs)
        if recorded is not NotImplemented:
            return recorded
        return function(*bare(args), **{key: bare(value) for key, value in kwargs.items()})

    plain.__doc__ = f"As ``np.{function.__name__}``: a plain array, without a gradient."
    numpy_functions[function] = plain
    plain_functions.add(function)
    return plain


equal = _plain(np.equal)
not_equal = _plain(np.not_equal)
less = _plain(np.less)
less_equal = _plain(np.less_equal)
greater = _plain(np.greater)
greater_equal = _plain(np.greater_equal)
isclose = _plain(np.isclose)
allclose = _plain(np.allclose)
array_equal = _plain(np.array_equal)
array_equiv = _plain(np.array_equiv)
isnan = _plain(np.isnan)
isfinite = _plain(np.isfinite)
isinf = _plain(np.isinf)
isposinf = _plain(np.isposinf)
isneginf = _plain(np.isneginf)
signbit = _plain(np.signbit)
iscomplex = _plain(np.iscomplex)
isreal = _plain(np.isreal)
iscomplexobj = _plain(np.iscomplexobj)
isrealobj = _plain(np.isrealobj)
angle = _plain(np.angle)
imag = _plain(np.imag)
isin = _plain(np.isin)
logical_and = _plain(np.logical_and)
logical_or = _plain(np.logical_or)
logical_xor = _plain(np.logical_xor)
logical_not = _plain(np.logical_not)
bitwise_and = _plain(np.bitwise_and)
bitwise_or = _plain(np.bitwise_or)
bitwise_xor = _plain(np.bitwise_xor)
invert = _plain(np.invert)
left_shift = _plain(np.left_shift)
right_shift = _plain(np.right_shift)
all = _plain(np.all)
any = _plain(np.any)
argmax = _plain(np.argmax)
argmin = _plain(np.argmin)
nanargmax = _plain(np.nanargmax)
nanargmin = _plain(np.nanargmin)
argsort = _plain(np.argsort)
argpartition = _plain(np.argpartition)
lexsort = _plain(np.lexsort)
argwhere = _plain(np.argwhere)
nonzero = _plain(np.nonzero)
flatnonzero = _plain(np.flatnonzero)
count_nonzero = _plain(np.count_nonzero)
searchsorted = _plain(np.searchsorted)
digitize = _plain(np.digitize)
shape = _plain(np.shape)
ndim = _plain(np.ndim)
size = _plain(np.size)
zeros_like = _plain(np.zeros_like)
ones_like = _plain(np.ones_like)
empty_like = _plain(np.empty_like)
result_type = _plain(np.result_type)
can_cast = _plain(np.can_cast)
common_type = _plain(np.common_type)
min_scalar_type = _plain(np.min_scalar_type)
shares_memory = _plain(np.shares_memory)
may_share_memory = _plain(np.may_share_memory)
tril_indices_from = _plain(np.tril_indices_from)
triu_indices_from = _plain(np.triu_indices_from)
diag_indices_from = _plain(np.diag_indices_from)
array2string = _plain(np.array2string)
array_repr = _plain(np.array_repr)
array_str = _plain(np.array_str)
matrix_rank = _plain(np.linalg.matrix_rank)


@implements("real", "real_if_close")
def real(val: Any) -> Any:
    """As ``np.real``: a Tensor is its own real part."""
    return val if isinstance(val, Tensor) else np.real(val)

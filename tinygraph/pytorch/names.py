"""What torch's functions are called here: where the engine has such an op, as that one is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import torch

_ENGINES = {
    "mul": "multiply",
    "sub": "subtract",
    "div": "divide",
    "true_divide": "divide",
    "pow": "power",
    "neg": "negative",
    "mm": "matmul",
    "bmm": "matmul",
    "mv": "matmul",
    "cat": "concatenate",
    "concat": "concatenate",
    "t": "transpose",
    "T": "transpose",
    "mT": "transpose",
    "permute": "transpose",
    "clamp": "clip",
    "abs": "absolute",
    "view": "reshape",
    "flatten": "reshape",
    "unflatten": "reshape",
    "expand": "broadcast_to",
    "expand_as": "broadcast_to",
    "unsqueeze": "expand_dims",
}
_ARITHMETIC = ("add", "subtract", "multiply", "divide", "power", "matmul", "maximum", "minimum")
_REFLECTED = {
    "rsub": "subtract",
    "rdiv": "divide",
    "rtruediv": "divide",
    "rpow": "power",
    "rmatmul": "matmul",
    "radd": "add",
    "rmul": "multiply",
}


@cache
def op_name(function: Callable[..., Any]) -> str:
    """Return what the op of a function of torch's is called.

    >>> op_name(torch.Tensor.mul_), op_name(torch.nn.functional.gelu), op_name(torch.Tensor.T.__get__)
    ('multiply', 'gelu', 'transpose')
    """
    name = function_name(function).strip("_")
    return _ENGINES.get(name) or _REFLECTED.get(name) or name


def function_name(function: Callable[..., Any]) -> str:
    """Return the name of a function, of a getter that of its property."""
    name = getattr(function, "__name__", type(function).__name__)
    return function.__self__.__name__ if name in ("__get__", "__set__") else name  # type: ignore[attr-defined]


@cache
def is_arithmetic(function: Callable[..., Any]) -> bool:
    """Tell whether a plain number beside a tensor is an operand as that is."""
    return op_name(function) in _ARITHMETIC


@cache
def is_reflected(function: Callable[..., Any]) -> bool:
    """Tell whether the operands stand in the other order: ``1 - x``."""
    return function_name(function).strip("_") in _REFLECTED


@lru_cache(maxsize=1)
def _signatures() -> dict[Callable[..., Any], Callable[..., Any]]:
    return torch.overrides.get_testing_overrides()


@cache
def parameter_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's arguments, as far as they are known.

    >>> parameter_names(torch.softmax)[:2]
    ('input', 'dim')
    """
    if op_name(function) == "getitem":
        return "input", "index"
    stand_in = _signatures().get(function)
    try:
        return tuple(inspect.signature(stand_in or function).parameters)
    except (TypeError, ValueError):
        return ()

"""NumPy's functions on Tensors: which function of ours stands for which of NumPy's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any, TypeVar, cast

import numpy as np

from .errors import again
from .source import where

Function = TypeVar("Function", bound=Callable[..., Any])

numpy_functions: dict[Callable, Any] = {}  # NumPy's function → what records it: an Op, Forms, or a function of ops
unlisted: list[Callable[[Callable], Callable | None]] = []  # asked for what is not in that table: ufunc.reduce, SciPy's

_frame = sys._getframe


def dispatch(function: Callable, args: tuple, kwargs: dict[str, Any], frame: FrameType) -> Any:
    """Call what stands for a NumPy function, on behalf of `frame`."""
    ours = numpy_functions.get(function) or next(filter(None, (known(function) for known in unlisted)), None)
    if ours is None:
        module = getattr(function, "__module__", None) or "numpy"
        name = f"{module}.{function.__name__}".replace("numpy.", "np.", 1)
        raise TypeError(f"{name} is not supported on a Tensor{where(frame)}")
    apply = getattr(ours, "apply", None)  # an Op records in the user's own frame
    return ours(*args, **kwargs) if apply is None else apply(args, kwargs, frame)


def implements(*names: str) -> Callable[[Function], Function]:
    """Let a function made of ops stand for the NumPy functions of these names, where this NumPy has them.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> np.vstack([tg.tensor([1.0]), tg.tensor([2.0])]).shape
    (2, 1)
    """

    def register(function: Function) -> Function:
        explained = located(function)
        for name in names:
            theirs: Any = np
            for part in name.split("."):
                theirs = getattr(theirs, part, None)
            if theirs is not None:
                numpy_functions[theirs] = explained
        return explained

    return register


def located(function: Function) -> Function:
    """Return `function` with errors that name it and the user's source line."""

    @wraps(function)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (ValueError, TypeError, IndexError, NotImplementedError) as error:
            text = str(error)
            if 'File "' in text:
                raise
            name = "" if text.startswith(function.__name__) else f"{function.__name__}: "
            raise again(error, f"{name}{text}{where(_frame(1))}") from error

    return cast(Function, explained)

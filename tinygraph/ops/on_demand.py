"""What the table of functions has not: SciPy's ufuncs, registered when one meets a Tensor, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NoReturn

import numpy as np

from ..recording.numpy_protocol import located, unlisted

__all__: list[str] = []  # they are reached through the ufuncs themselves


_SAVED = "a Tensor is saved with its graph by tg.trace(t).save(path), and without"
_WRITTEN = "a plain array is not written from a Tensor, which would cut the graph;"
_INSTEAD = {
    np.copyto: f"{_WRITTEN} write np.where(mask, t, a), and np.broadcast_to(t, shape) for np.full and np.full_like",
    np.put: f"{_WRITTEN} write a.at[indices].set(t), of an array a = tg.tensor(a)",
    np.put_along_axis: f"{_WRITTEN} write a.at[indices].set(t), of an array a = tg.tensor(a)",
    np.place: f"{_WRITTEN} write np.where(mask, t, a)",
    np.putmask: f"{_WRITTEN} write np.where(mask, t, a)",
    np.fill_diagonal: f"{_WRITTEN} write np.where(np.eye(n, dtype=bool), t, a)",
    np.save: f"{_SAVED} write np.save(path, t.numpy())",
    np.savez: f"{_SAVED} write np.savez(path, name=t.numpy())",
    np.savetxt: f"{_SAVED} write np.savetxt(path, t.numpy())",
}


@lru_cache(maxsize=256)
def _foreign(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return what stands for a ufunc that is not NumPy's, or refuses; None for any other function."""
    if function in _INSTEAD:
        return _refusing(f"np.{function.__name__}", _INSTEAD[function])
    if not isinstance(function, np.ufunc) or getattr(np, function.__name__, None) is function:
        return None
    if "(vectorized)" in function.__name__:
        name = function.__name__.removesuffix(" (vectorized)")
        return _refusing(
            name, "made of a Python function, it does not take a Tensor; write np.stack([f(x) for x in t])"
        )
    scipy_special = sys.modules.get("scipy.special")
    if scipy_special is None or getattr(scipy_special._ufuncs, function.__name__, None) is not function:
        return None
    from .parametric import functions  # it imports SciPy, which tinygraph itself does without

    name = f"scipy.special.{function.__name__.lstrip('_')}"
    return functions.get(function) or _refusing(name, "not supported on a Tensor")


def _refusing(name: str, text: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(text)

    refuse.__name__ = name
    return located(refuse)


def attach() -> None:
    """Let these ufuncs take Tensors."""
    unlisted.append(_foreign)

"""A stand-in for ``autograd.numpy``: NumPy itself, but for what autograd lets take lists of its boxes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

import tinygraph as tg
from tests.foreign.standin import install


def _has_tensors(x: Any) -> bool:
    return isinstance(x, tg.Tensor) or (isinstance(x, list | tuple) and any(map(_has_tensors, x)))


def array(x: Any, *args: Any, **kwargs: Any) -> Any:
    """As ``np.array``, also of nested lists of Tensors."""
    if isinstance(x, tg.Tensor):
        return x.copy()
    return np.stack([array(part) for part in x]) if _has_tensors(x) else np.array(x, *args, **kwargs)


def _of_lists(function: Callable) -> Callable:
    """Return a NumPy function that also takes a list of Tensors for its first argument."""

    @wraps(function)
    def called(x: Any, *args: Any, **kwargs: Any) -> Any:
        listed = isinstance(x, list | tuple) and _has_tensors(x)
        return function(array(x) if listed else x, *args, **kwargs)

    return called


def _append(x: Any, values: Any, axis: int | None = None) -> Any:
    return np.append(array(x), array(values), axis)


def _make_diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return stacked diagonal matrices, as autograd has them: the last two axes, no offset."""
    assert (offset, axis1, axis2) == (0, -1, -2)
    return x[..., None] * np.eye(np.shape(x)[-1])


class _Joined:
    """As ``np.r_`` and ``np.c_``: arrays, numbers and ranges joined by an index expression."""

    def __init__(self, columns: bool):
        self.columns = columns

    def __getitem__(self, parts: Any) -> Any:
        listed = parts if isinstance(parts, tuple) else (parts,)
        joined = [np.r_[part] if isinstance(part, slice) else np.atleast_1d(part) for part in listed]
        if not self.columns:
            return np.concatenate(joined)
        return np.concatenate([part[:, None] if part.ndim == 1 else part for part in joined], axis=-1)


OF_LISTS = ("mean", "std", "var", "sum", "prod", "max", "min")


def install_numpy() -> None:
    """Put the stand-in into `sys.modules`."""
    own = {name: _of_lists(getattr(np, name)) for name in OF_LISTS}
    own |= {"r_": _Joined(columns=False), "c_": _Joined(columns=True), "__version__": np.__version__}
    own |= {"array": array, "append": _append, "make_diagonal": _make_diagonal, "row_stack": np.vstack}
    install("autograd.numpy", own, lambda name: getattr(np, name))
    install("autograd.numpy.random", {}, lambda name: getattr(np.random, name))
    install("autograd.numpy.fft", {}, lambda name: getattr(np.fft, name))
    linalg = {
        "norm": _of_lists(np.linalg.norm),
        "T": lambda x: np.swapaxes(x, -1, -2),
        "_dot": lambda a, b: np.einsum("...ij,...jk->...ik", a, b),
    }
    install("autograd.numpy.linalg", linalg, lambda name: getattr(np.linalg, name))

"""Indexing: reading elements, and its adjoint, adding into them."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..op import Op, op
from ..source import where
from ..sparse import Sparse, has_arrays
from ..tensor import Tensor, make

__all__ = [
    "getitem",
    "scatter",
]

_frame = sys._getframe


def _getitem(x: Any, index: Any = ()) -> Any:
    return x[index]


def _scatter(g: Any, index: Any = (), shape: tuple[int, ...] = ()) -> Any:
    total = np.zeros(shape, g.dtype)
    Sparse(total, index, g).add_to(total)
    return total


def _pull_getitem(g: Any, y: Any, x: Any, index: Any = ()) -> Any:
    return scatter(g, index=index, shape=x.shape) if type(x) is Tensor else Sparse(x, index, g)


# what is read is data, not part of the op: nodes of the same place that read other elements are the same op
getitem = op(_getitem, vjp=_pull_getitem, name="getitem", doc="``x[index]``; elements read twice receive both adjoints.")
scatter = op(
    _scatter,
    vjp=lambda g, y, x, index=(), shape=(): g[index],
    name="scatter",
    doc="Zeros of `shape` with `x` added at `index`: the adjoint of ``getitem``.",
)


def read(self: Tensor, index: Any) -> Tensor:
    """``tensor[index]``, for every kind of index that NumPy has."""
    kept = _kept(index)
    value = self._data
    try:
        y = value[kept]
    except (IndexError, TypeError) as error:
        raise type(error)(f"getitem: a Tensor of shape {self.shape}: {error}{where(_frame(1))}") from error
    if isinstance(y, np.ndarray) and has_arrays(kept) is False and y.base is None:
        y = y.copy()
    return make(getitem, y, (self,), (value,), {"index": kept}, self.requires_grad, _frame(1))


def _kept(index: Any) -> Any:
    """Return an index that the caller can no longer change."""
    if isinstance(index, tuple):
        return tuple([_kept_part(part) for part in index])
    return _kept_part(index)


def _kept_part(part: Any) -> Any:
    if type(part) is Tensor:
        return part.numpy()
    return np.array(part) if isinstance(part, np.ndarray | list) else part

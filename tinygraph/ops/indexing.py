"""Indexing: reading elements, and its adjoint, adding into them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements
from ..recording.op import op
from ..recording.questions import will_run_again
from ..recording.source import where
from ..recording.sparse import Sparse, add_to_rows, is_basic
from ..recording.tensor import Tensor, make
from .elementwise import plain

__all__ = [
    "add_rows",
    "choose",
    "compress",
    "delete",
    "diag",
    "diagflat",
    "diagonal",
    "extract",
    "getitem",
    "pad",
    "repeat",
    "resize",
    "rows",
    "scatter",
    "select",
    "take",
    "take_along_axis",
    "tile",
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


_READS = (
    ((3, 4), {"index": (slice(None, None, -2), 1)}),
    ((3, 4), {"index": (Ellipsis, None, np.array([0, 2, 0]))}),
    ((3, 4), {"index": np.arange(12).reshape(3, 4) % 3 == 0}),
)

# what is read is data, not part of the op: nodes of the same place that read other elements are the same op
getitem: Any = op(
    _getitem,
    vjp=_pull_getitem,
    name="getitem",
    samples=_READS,
    doc="``x[index]``; elements read twice receive both adjoints.",
)
scatter: Any = op(
    _scatter,
    vjp=lambda g, y, x, index=(), shape=(): g[index],
    name="scatter",
    samples=(((3,), {"index": np.array([0, 2, 0]), "shape": (4,)}),),
    doc="Zeros of `shape` with `x` added at `index`: the adjoint of ``getitem``.",
)


def _add_rows(g: Any, index: Any, like: Any) -> Any:
    total = np.zeros(like.shape, g.dtype)
    if index.size:
        add_to_rows(total, index, g)
    return total


_SOME_ROWS = ((3, 4), np.array([0, 2, 0]))
rows: Any = op(
    lambda x, index: x[index],
    vjp=(lambda g, y, x, index: add_rows(g, index, x), None),
    name="rows",
    samples=(_SOME_ROWS,),
    doc="``x[index]`` where the index, of integers, is data: the next run of what is recorded reads other rows.",
)
add_rows: Any = op(
    _add_rows,
    vjp=(lambda g, y, x, index, like: rows(g, index), None, None),
    name="add_rows",
    samples=(((3, 4), np.array([0, 2, 0]), np.zeros((5, 4))),),
    doc="Zeros of the shape of `like` with `x` added at the rows of an index: the adjoint of ``rows``.",
)


def read(self: Tensor, index: Any, frame: FrameType | None = None) -> Tensor:
    """``tensor[index]``, for every kind of index that NumPy has, as done in `frame`: the caller's."""
    if frame is None:
        frame = _frame(1)
    if type(index) is Tensor or (type(index) is tuple and index and type(index[0]) is Tensor):
        row = _row_of(self, index)
        if row is not None and will_run_again():
            return rows.apply((self, row), {}, frame)
    own_index = keep_index(index)
    value = self._value
    try:
        y = value[own_index]
    except (IndexError, TypeError) as error:
        raise type(error)(f"getitem: a Tensor of shape {self.shape}: {error}{where(frame)}") from error
    return make(getitem, y, (self,), (value,), {"index": own_index}, self.requires_grad, frame)


def _row_of(table: Tensor, index: Any) -> Tensor | None:
    """Return the Tensor of integers that says which rows of a table are read, if no more than that is."""
    row, *rest = index if type(index) is tuple else (index,)
    whole = len(rest) < table.ndim and all(type(part) is slice and part == slice(None) for part in rest)
    return row if whole and row.dtype.kind in "iu" else None


def keep_index(index: Any) -> Any:
    """Return an index that the caller can no longer change."""
    if is_basic(index):
        return index
    if isinstance(index, tuple):
        return tuple([_keep_part(part) for part in index])
    return _keep_part(index)


def _keep_part(part: Any) -> Any:
    if isinstance(part, Tensor):
        return part.numpy()
    return np.array(part, dtype=None if np.size(part) else int) if isinstance(part, np.ndarray | list) else part


# -- selecting, by an index worked out first ---------------------------------------------------------------------------


@implements("take")
def take(a: Any, indices: Any, axis: int | None = None, *, mode: Any = "raise") -> Any:
    """As ``np.take``."""
    if axis is None:
        a, axis = np.ravel(a), 0
    if isinstance(indices, Tensor) and axis == 0 and mode == "raise":
        plain_rows = isinstance(a, np.ndarray) and indices.dtype.kind in "iu" and will_run_again()
        return rows(a, indices) if plain_rows else a[indices]
    chosen = np.take(np.arange(a.shape[axis]), plain(indices), mode=mode)
    return a[(slice(None),) * (axis % a.ndim) + (chosen,)]


@implements("take_along_axis")
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """As ``np.take_along_axis``."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    indices = np.asarray(plain(indices))
    grid = list(np.ogrid[tuple(slice(n) for n in arr.shape)])
    grid[axis] = indices
    return arr[tuple(grid)]


@implements("compress")
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """As ``np.compress``: what `condition` selects along an axis."""
    return take(a, np.flatnonzero(plain(condition)), axis)


@implements("extract")
def extract(condition: Any, arr: Any) -> Any:
    """As ``np.extract``: the elements where `condition` holds."""
    return take(arr, np.flatnonzero(plain(condition)))


@implements("delete")
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """As ``np.delete``: `arr` without what `obj` selects along an axis."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    return take(arr, np.delete(np.arange(arr.shape[axis]), plain(obj)), axis)


@implements("choose")
def choose(a: Any, choices: Sequence[Any], *, mode: Any = "raise") -> Any:
    """As ``np.choose``: for each element the array that the integer in `a` says."""
    which, *arrays = np.broadcast_arrays(plain(a), *choices)
    which = np.choose(which, [np.full(which.shape, i) for i in range(len(arrays))], mode=mode)
    return take_along_axis(np.stack(arrays), which[None], 0)[0]


@implements("select")
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """As ``np.select``: for each element the first choice whose condition holds."""
    chosen = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        chosen = np.where(condition, choice, chosen)
    return chosen


# -- repeating and rearranging: the adjoint reads off where NumPy itself takes the numbers of the elements -------------


def give_back(g: Any, rearranged: Callable[..., Any], x: Any, **attributes: Any) -> Any:
    """Add each element of `g` to the element of `x` that ``rearranged(x)`` took it from."""
    index = rearranged(np.arange(x.size).reshape(x.shape), **attributes)
    return np.reshape(scatter(g, index=index, shape=(x.size,)), x.shape)


tile = op(
    np.tile,
    vjp=lambda g, y, x, reps=1: give_back(g, np.tile, x, reps=reps),
    samples=(((3,), {"reps": 2}), ((2, 3), {"reps": (2, 1, 2)})),
)
repeat = op(
    np.repeat,
    vjp=lambda g, y, x, repeats=1, axis=None: give_back(g, np.repeat, x, repeats=repeats, axis=axis),
    samples=(((2, 3), {"repeats": 2}), ((2, 3), {"repeats": (1, 0, 2), "axis": 1})),
)
resize = op(
    np.resize,
    vjp=lambda g, y, x, new_shape=(): give_back(g, np.resize, x, new_shape=new_shape),
    samples=(((2, 3), {"new_shape": (3, 3)}),),
)
diagonal = op(
    np.diagonal,
    vjp=lambda g, y, x, offset=0, axis1=0, axis2=1: give_back(
        g, np.diagonal, x, offset=offset, axis1=axis1, axis2=axis2
    ),
    samples=(((3, 4),), ((2, 3, 3), {"offset": 1, "axis1": 1, "axis2": -1})),
)
diagflat = op(
    np.diagflat,
    vjp=lambda g, y, x, k=0: np.reshape(np.diagonal(g, k), x.shape),
    samples=(((3,),), ((3,), {"k": -1})),
)
_TAKES_ELEMENTS = ("edge", "reflect", "symmetric", "wrap")


def _pad(x: Any, pad_width: Any = 0, mode: str = "constant", constant_values: Any = 0) -> Any:
    if isinstance(pad_width, dict):
        raise TypeError(
            f"pad_width={pad_width} is not supported on a Tensor; write ((before, after), …), a pair an axis"
        )
    if mode == "constant":
        return np.pad(x, pad_width, constant_values=constant_values)
    if mode not in _TAKES_ELEMENTS:
        raise ValueError(f"mode={mode!r} is not supported on a Tensor; it takes 'constant', {_TAKES_ELEMENTS}")
    return np.pad(x, pad_width, mode=mode)  # type: ignore[call-overload]


def without_padding(g: Any, x: Any, pad_width: Any, mode: str) -> Any:
    """Return the adjoint of ``pad``."""
    if mode != "constant":
        return give_back(g, np.pad, x, pad_width=pad_width, mode=mode)
    pairs = np.broadcast_to(pad_width, (len(x.shape), 2))
    return g[tuple([slice(int(first), int(first) + n) for (first, _), n in zip(pairs, x.shape, strict=True)])]


pad = op(
    _pad,
    vjp=lambda g, y, x, pad_width=0, mode="constant", constant_values=0: without_padding(g, x, pad_width, mode),
    name="pad",
    numpy=np.pad,
    samples=(
        ((2, 3), {"pad_width": ((1, 0), (2, 1))}),
        ((3, 4), {"pad_width": 2, "mode": "reflect"}),
        ((3,), {"pad_width": (2, 3), "mode": "edge"}),
    ),
    doc="As ``np.pad`` with the modes constant, edge, reflect, symmetric and wrap.",
)


@implements("diag")
def diag(v: Any, k: int = 0) -> Any:
    """As ``np.diag``: a vector as a diagonal, or the diagonal of a matrix."""
    return diagflat(v, k) if np.ndim(v) == 1 else np.diagonal(v, k)


@implements("linalg.diagonal")
def matrix_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """As ``np.linalg.diagonal``: of the last two axes."""
    return np.diagonal(x, offset, -2, -1)


@implements("trace")
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """As ``np.trace``: the sum of the diagonal."""
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@implements("linalg.trace")
def matrix_trace(x: Any, /, *, offset: int = 0) -> Any:
    """As ``np.linalg.trace``: of the last two axes."""
    return trace(x, offset, -2, -1)

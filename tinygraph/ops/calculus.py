"""Differences, integrals, interpolation and convolution along axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..recording.numpy_protocol import implements
from ..recording.op import op
from .elementwise import plain
from .shapes import as_array

__all__ = [
    "conv1d",
    "conv2d",
    "convolve",
    "correlate",
    "diff",
    "ediff1d",
    "gradient",
    "interp",
    "polyval",
    "sliding_window_view",
    "trapezoid",
    "unwrap",
    "vander",
]


def _along(axis: int, ndim: int, part: Any) -> tuple[Any, ...]:
    """Return the index of `part` along one axis."""
    return (slice(None),) * normalize_axis_index(axis, ndim) + (part,)


@implements("diff")
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """As ``np.diff``: differences of neighbours, `n` times over, with further values before and after."""
    a = as_array(a)
    if prepend is not None or append is not None:
        ends = [None if x is None else _as_end(x, a, axis) for x in (prepend, append)]
        a = np.concatenate([x for x in (ends[0], a, ends[1]) if x is not None], axis=axis)
    for _ in range(n):
        a = a[_along(axis, a.ndim, slice(1, None))] - a[_along(axis, a.ndim, slice(None, -1))]
    return a


def _as_end(x: Any, a: Any, axis: int) -> Any:
    x = as_array(x)
    return x if x.ndim else np.broadcast_to(x, [1 if i == axis % a.ndim else n for i, n in enumerate(a.shape)])


@implements("ediff1d")
def ediff1d(ary: Any) -> Any:
    """As ``np.ediff1d``: differences of neighbours, of all elements in a row."""
    return diff(np.ravel(ary))


def _widths(x: Any, axis: int, ndim: int) -> Any:
    """Return the distances of coordinates along an axis of an array of so many axes."""
    x = as_array(x)
    if x.ndim > 1:
        return diff(x, axis=axis)
    return np.reshape(diff(x), [-1 if i == axis % ndim else 1 for i in range(ndim)])


@implements("trapezoid")
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """As ``np.trapezoid``: the integral of `y`, by trapezia."""
    y = as_array(y)
    width = dx if x is None else _widths(x, axis, y.ndim)
    both = y[_along(axis, y.ndim, slice(1, None))] + y[_along(axis, y.ndim, slice(None, -1))]
    return np.sum(both * (width / 2), axis=axis)


@implements("gradient")
def gradient(f: Any, *varargs: Any, axis: int | tuple[int, ...] | None = None, edge_order: int = 1) -> Any:
    """As ``np.gradient``: parabolas through neighbours, evenly spaced or at coordinates; lines at the ends."""
    f = as_array(f)
    axes = tuple(range(f.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    spacing = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    if len(spacing) != len(axes) or edge_order not in (1, 2):
        raise TypeError(f"expected one spacing, or one for each of {len(axes)} axes, and an edge_order of 1 or 2")
    slopes = [_slope(f, i, h, edge_order) for i, h in zip(axes, spacing, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slope(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    if f.shape[axis] <= edge_order:
        raise ValueError(f"too few elements along axis {axis} of shape {f.shape}: at least {edge_order + 1}")

    def part(x: Any, start: int | None, stop: int | None) -> Any:
        return x[_along(axis, f.ndim, slice(start, stop))] if np.ndim(x) else x

    widths = _widths(h, axis, f.ndim) if np.ndim(h) else h
    before, after = part(widths, None, -1), part(widths, 1, None)
    lines = diff(f, axis=axis) / widths
    inner = (part(lines, None, -1) * after + part(lines, 1, None) * before) / (before + after)
    first, last = part(lines, None, 1), part(lines, -1, None)
    if edge_order == 2:
        bends = (part(lines, 1, None) - part(lines, None, -1)) / (before + after)
        first, last = first - part(bends * before, None, 1), last + part(bends * after, -1, None)
    return np.concatenate([first, inner, last], axis=axis)


@implements("unwrap")
def unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    """As ``np.unwrap``: the jumps that are taken out have derivative 0."""
    bare = plain(p)
    return p + (np.unwrap(bare, discont, axis, period=period) - bare).astype(bare.dtype)


@implements("vander")
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """As ``np.vander``: powers of `x` as columns."""
    powers = np.arange(np.size(x) if N is None else N)
    return np.power(np.expand_dims(x, 1), (powers if increasing else powers[::-1]).astype(plain(x).dtype))


@implements("polyval")
def polyval(p: Any, x: Any) -> Any:
    """As ``np.polyval``: the polynomial with the coefficients `p`, the highest power first (Horner)."""
    x = as_array(x)
    y = 0 * x
    for coefficient in as_array(p):
        y = y * x + coefficient
    return y


@implements("interp")
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    """As ``np.interp``: straight lines between the points (xp, fp); beyond them constant, or `left` and `right`.

    At a point, the derivative in `x` is the slope of the line on its right.
    """
    x, xp, fp = as_array(x), as_array(xp), as_array(fp)
    steps = np.diff(plain(xp))
    if steps.size == 0 or (steps < 0).any() or steps[0] == 0 or steps[-1] == 0:
        raise ValueError("xp must be two points at least, and increase, strictly so at its ends")
    inside = np.clip(x, xp[0], xp[-1])
    after = np.clip(np.searchsorted(plain(xp), plain(inside), side="right"), 1, xp.size - 1)
    before = after - 1
    part = (inside - xp[before]) / (xp[after] - xp[before])
    y = fp[before] + part * (fp[after] - fp[before])
    y = y if left is None else np.where(plain(x) < plain(xp)[0], left, y)
    return y if right is None else np.where(plain(x) > plain(xp)[-1], right, y)


# -- convolution in one dimension --------------------------------------------------------------------------------------


def _full(a: Any, v: Any) -> Any:
    return np.convolve(a, v)


_convolve = op(
    _full,
    vjp=(lambda g, y, a, v: np.correlate(g, v, "valid"), lambda g, y, a, v: np.correlate(g, a, "valid")),
    name="convolve",
    samples=(((5,), (3,)), ((2,), (4,))),
)


@implements("convolve")
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """As ``np.convolve``."""
    short, long = sorted((np.size(a), np.size(v)))
    full = _convolve(a, v)
    if mode == "full":
        return full
    if mode not in ("same", "valid"):
        raise ValueError(f"convolve: mode must be 'full', 'same' or 'valid', got {mode!r}")
    start, size = (short - 1, long - short + 1) if mode == "valid" else ((short - 1) // 2, long)
    return full[start : start + size]


@implements("correlate")
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """As ``np.correlate``."""
    short, long = sorted((np.size(a), np.size(v)))
    full = _convolve(a, np.flip(v))
    if mode == "full":
        return full
    if mode not in ("same", "valid"):
        raise ValueError(f"correlate: mode must be 'full', 'same' or 'valid', got {mode!r}")
    middle = (short - (np.size(a) >= np.size(v))) // 2
    start, size = (short - 1, long - short + 1) if mode == "valid" else (middle, long)
    return full[start : start + size]


# -- windows, and convolution over them --------------------------------------------------------------------------------


def _windows(x: Any, window_shape: tuple[int, ...] = (), axis: tuple[int, ...] = ()) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, window_shape, axis)


def _overlap(g: Any, axis: tuple[int, ...] = (), shape: tuple[int, ...] = ()) -> Any:
    total = np.zeros(shape, g.dtype)
    steps = g.shape[len(shape) :]
    for offset in np.ndindex(*steps):
        index = [slice(None)] * len(shape)
        for i, start in zip(axis, offset, strict=True):
            index[i] = slice(start, start + g.shape[i])
        total[tuple(index)] += g[(..., *offset)]
    return total


_view = op(
    _windows,
    vjp=lambda g, y, x, window_shape=(), axis=(): overlap(g, axis=axis, shape=x.shape),
    name="sliding_window_view",
    samples=(((3, 6), {"window_shape": (3,), "axis": (1,)}), ((4, 5), {"window_shape": (2, 3), "axis": (0, 1)})),
)
overlap: Any = op(
    _overlap,
    vjp=lambda g, y, x, axis=(), shape=(): np.lib.stride_tricks.sliding_window_view(g, x.shape[len(shape) :], axis),
    name="overlap_add",
    samples=(((2, 3, 2), {"axis": (1,), "shape": (2, 4)}),),
    doc="Adds windows where they overlap: the adjoint of ``sliding_window_view``.",
)


@implements("lib.stride_tricks.sliding_window_view")
def sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    """As ``np.lib.stride_tricks.sliding_window_view``: each window in new axes at the end."""
    window = tuple(window_shape) if isinstance(window_shape, list | tuple) else (window_shape,)
    axes = tuple(range(np.ndim(x))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(window) != len(axes) or len({i % np.ndim(x) for i in axes}) != len(axes):
        raise ValueError(f"sliding_window_view: {len(window)} lengths for the axes {axes}: one each, none twice")
    return _view(x, window_shape=window, axis=tuple(i % np.ndim(x) for i in axes))


def _convolution(x: Any, w: Any, b: Any, stride: int, padding: int, what: str) -> Any:
    space = np.ndim(w) - 2
    if np.ndim(x) != space + 2 or x.shape[1] != w.shape[1]:
        raise ValueError(f"{what}: x of shape {x.shape} and w of shape {w.shape} do not fit: (N, C, …) and (K, C, …)")
    if padding:
        x = np.pad(x, ((0, 0), (0, 0)) + ((padding, padding),) * space)
    windows = sliding_window_view(x, w.shape[2:], tuple(range(2, 2 + space)))
    windows = windows[(slice(None), slice(None)) + (slice(None, None, stride),) * space]
    y = np.tensordot(windows, w, axes=((1, *range(2 + space, 2 + 2 * space)), tuple(range(1, 2 + space))))
    y = np.moveaxis(y, -1, 1)
    return y if b is None else y + np.reshape(b, (-1,) + (1,) * space)


def conv1d(x: Any, w: Any, b: Any = None, *, stride: int = 1, padding: int = 0) -> Any:
    """Return the convolution of sequences, PyTorch's ``F.conv1d``: w is not flipped.

    Parameters
    ----------
    x : (N, C, L)
    w : (K, C, M)
    b : (K,), optional
    stride, padding : int
        Step between windows; zeros on both ends.

    Returns
    -------
    (N, K, (L + 2 padding - M) // stride + 1)

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.conv1d(np.arange(4.0).reshape(1, 1, 4), np.ones((1, 1, 2)))
    array([[[1., 3., 5.]]])
    """
    return _convolution(as_array(x), as_array(w), b, stride, padding, "conv1d")


def conv2d(x: Any, w: Any, b: Any = None, *, stride: int = 1, padding: int = 0) -> Any:
    """Return the convolution of images, PyTorch's ``F.conv2d``: w is not flipped.

    Parameters
    ----------
    x : (N, C, H, W)
    w : (K, C, I, J)
    b : (K,), optional
    stride, padding : int
        Step between windows, and zeros on each side, along both axes.

    Returns
    -------
    (N, K, (H + 2 padding - I) // stride + 1, (W + 2 padding - J) // stride + 1)

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> tg.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2))).shape
    (1, 1, 2, 2)
    """
    return _convolution(as_array(x), as_array(w), b, stride, padding, "conv2d")

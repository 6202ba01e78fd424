"""Fourier transforms. A Tensor is real, so a spectrum is a pair of them, and every rule stays one of real numbers."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..recording.numpy_protocol import implements, numpy_functions
from ..recording.op import op
from ..recording.source import where
from ..recording.tensor import Tensor
from .elementwise import plain
from .shapes import as_array

__all__ = [
    "Complex",
    "fft",
    "fft2",
    "fftn",
    "fftshift",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftn",
]

Axes = tuple[int, ...] | None


class Complex:
    """A complex array as two real Tensors; what the Fourier transforms of Tensors give.

    Attributes
    ----------
    real, imag : Tensor
        Of one shape. ``abs(z)``, ``z.conj()``, sums and products are made of them.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter([1.0, 0.0, -1.0, 0.0])
    >>> power = np.abs(np.fft.rfft(x)) ** 2
    >>> power.data.round(6)
    array([0., 4., 0.])
    >>> power.sum().backward()
    >>> x.grad.round(6)
    array([ 4.,  0., -4.,  0.])
    """

    __slots__ = ("imag", "real")

    def __init__(self, real: Any, imag: Any):
        self.real = real
        self.imag = imag

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return np.shape(self.real)

    def conj(self) -> Complex:
        """Return the complex conjugate."""
        return Complex(self.real, -self.imag)

    def numpy(self) -> np.ndarray:
        """Return the value as an array of the caller's own."""
        return np.array(plain(self.real) + 1j * plain(self.imag))

    def __repr__(self) -> str:
        return f"Complex({self.real!r}, {self.imag!r})"

    def __getitem__(self, index: Any) -> Complex:
        return Complex(self.real[index], self.imag[index])

    def __abs__(self) -> Any:
        return np.hypot(self.real, self.imag)

    def __neg__(self) -> Complex:
        return Complex(-self.real, -self.imag)

    def __add__(self, other: Any) -> Complex:
        z = _pair(other)
        return Complex(self.real + z.real, self.imag + z.imag)

    def __sub__(self, other: Any) -> Complex:
        z = _pair(other)
        return Complex(self.real - z.real, self.imag - z.imag)

    def __mul__(self, other: Any) -> Complex:
        z = _pair(other)
        return Complex(self.real * z.real - self.imag * z.imag, self.real * z.imag + self.imag * z.real)

    def __truediv__(self, other: Any) -> Complex:
        z = _pair(other)
        product, square = self * z.conj(), z.real * z.real + z.imag * z.imag
        return Complex(product.real / square, product.imag / square)

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Any) -> Complex:
        return _pair(other) - self

    def __rtruediv__(self, other: Any) -> Complex:
        return _pair(other) / self

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc not in _UFUNCS or method != "__call__" or kwargs:
            what = f"np.{ufunc.__name__} is not supported on a Complex; take its .real and .imag"
            raise TypeError(what + where(sys._getframe(1)))
        return _UFUNCS[ufunc](*map(_pair, inputs))

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        ours = _FUNCTIONS.get(function) or (numpy_functions.get(function) if "fft" in function.__module__ else None)
        if ours is None:
            what = f"{function.__module__}.{function.__name__} is not supported on a Complex"
            raise TypeError(what + where(sys._getframe(1)))
        return ours(*args, **kwargs)


_UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: Complex.__add__,
    np.subtract: Complex.__sub__,
    np.multiply: Complex.__mul__,
    np.divide: Complex.__truediv__,
    np.negative: Complex.__neg__,
    np.conjugate: Complex.conj,
    np.absolute: Complex.__abs__,
    np.square: lambda z: z * z,
}
_FUNCTIONS: dict[Callable, Callable[..., Any]] = {
    np.real: lambda z: z.real,
    np.imag: lambda z: z.imag,
    np.angle: lambda z: np.arctan2(z.imag, z.real),
    np.shape: lambda z: z.shape,
}


def _pair(x: Any) -> Complex:
    if type(x) is Complex:
        return x
    if isinstance(x, Tensor):
        return Complex(x, np.zeros(x.shape, x.dtype))
    if type(x) in (int, float, complex):  # a Python number leaves the dtype alone
        return Complex(x.real, x.imag)
    x = np.asarray(x)
    return Complex(x.real.copy(), x.imag.copy()) if x.dtype.kind == "c" else Complex(x, np.zeros_like(x))


# -- the transform of real numbers: its real and its imaginary part are symmetric matrices, hence their own adjoints ---

cosines: Any = op(
    lambda x, axis=-1: np.fft.fft(x, axis=axis).real.astype(x.dtype),
    vjp=lambda g, y, x, axis=-1: cosines(g, axis=axis),
    name="fft_real",
    samples=(((3, 4),), ((3, 4), {"axis": 0})),
    doc="Real part of the Fourier transform of real numbers along an axis.",
)
sines: Any = op(
    lambda x, axis=-1: np.fft.fft(x, axis=axis).imag.astype(x.dtype),
    vjp=lambda g, y, x, axis=-1: sines(g, axis=axis),
    name="fft_imag",
    samples=(((3, 4),), ((3, 4), {"axis": 0})),
    doc="Imaginary part of the Fourier transform of real numbers along an axis.",
)


def _resized(x: Any, n: int | None, axis: int) -> Any:
    """Cut `x` off at `n` elements along an axis, or fill it up with zeros."""
    length = x.shape[axis]
    if n is None or n == length:
        return x
    if n < length:
        return x[(slice(None),) * (axis % x.ndim) + (slice(0, n),)]
    return np.pad(x, [(0, n - length if i == axis % x.ndim else 0) for i in range(x.ndim)])


def _scale(n: int, norm: str | None, inverse: bool) -> float:
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f"fft: norm must be 'backward', 'ortho' or 'forward', got {norm!r}")
    return 1 / math.sqrt(n) if norm == "ortho" else 1 / n if inverse != (norm == "forward") else 1.0


@implements("fft.fft")
def fft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Complex:
    """As ``np.fft.fft``; the spectrum comes as a `Complex`."""
    if type(a) is Complex:
        z = Complex(_resized(a.real, n, axis), _resized(a.imag, n, axis))
        spectrum = Complex(cosines(z.real, axis=axis), sines(z.real, axis=axis))
        spectrum += Complex(-sines(z.imag, axis=axis), cosines(z.imag, axis=axis))
    else:
        x = _resized(as_array(a), n, axis)
        spectrum = Complex(cosines(x, axis=axis), sines(x, axis=axis))
    scale = _scale(spectrum.shape[axis], norm, False)
    return spectrum if scale == 1 else Complex(spectrum.real * scale, spectrum.imag * scale)


@implements("fft.ifft")
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Complex:
    """As ``np.fft.ifft``."""
    z = fft(a.conj() if type(a) is Complex else a, n, axis).conj()
    scale = _scale(z.shape[axis], norm, True)
    return Complex(z.real * scale, z.imag * scale)


@implements("fft.rfft")
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Complex:
    """As ``np.fft.rfft``."""
    z = fft(a, n, axis, norm)
    return z[(slice(None),) * (axis % len(z.shape)) + (slice(0, z.shape[axis] // 2 + 1),)]


@implements("fft.irfft")
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: str | None = None) -> Any:
    """As ``np.fft.irfft``: a real Tensor."""
    z = _pair(a)
    n = 2 * (z.shape[axis] - 1) if n is None else n
    half = n // 2 + 1
    twice = np.full(half, 2.0)  # each frequency stands for its mirror image too, but for 0 and the highest of an even n
    twice[0] = 1
    if n % 2 == 0:
        twice[-1] = 1
    weight = twice.reshape([-1 if i == axis % len(z.shape) else 1 for i in range(len(z.shape))]).astype(z.real.dtype)
    real, imag = (_resized(_resized(part, half, axis) * weight, n, axis) for part in (z.real, z.imag))
    return (cosines(real, axis=axis) + sines(imag, axis=axis)) * _scale(n, norm, True)


# -- along several axes ------------------------------------------------------------------------------------------------


def _over(transform: Callable, a: Any, s: Any, axes: Axes, norm: str | None) -> Any:
    axes = tuple(range(len(np.shape(a))))[-len(s) if s else None :] if axes is None else tuple(axes)
    for axis, n in zip(reversed(axes), reversed(s or [None] * len(axes)), strict=True):
        a = transform(a, n, axis, norm)
    return a


@implements("fft.fftn")
def fftn(a: Any, s: Any = None, axes: Axes = None, norm: str | None = None) -> Complex:
    """As ``np.fft.fftn``."""
    return _over(fft, a, s, axes, norm)


@implements("fft.ifftn")
def ifftn(a: Any, s: Any = None, axes: Axes = None, norm: str | None = None) -> Complex:
    """As ``np.fft.ifftn``."""
    return _over(ifft, a, s, axes, norm)


@implements("fft.fft2")
def fft2(a: Any, s: Any = None, axes: Axes = (-2, -1), norm: str | None = None) -> Complex:
    """As ``np.fft.fft2``."""
    return _over(fft, a, s, axes, norm)


@implements("fft.ifft2")
def ifft2(a: Any, s: Any = None, axes: Axes = (-2, -1), norm: str | None = None) -> Complex:
    """As ``np.fft.ifft2``."""
    return _over(ifft, a, s, axes, norm)


@implements("fft.rfftn")
def rfftn(a: Any, s: Any = None, axes: Axes = None, norm: str | None = None) -> Complex:
    """As ``np.fft.rfftn``."""
    axes = tuple(range(-len(s or np.shape(a)), 0)) if axes is None else tuple(axes)
    sizes = tuple(s or [None] * len(axes))
    return _over(fft, rfft(a, sizes[-1], axes[-1], norm), sizes[:-1], axes[:-1], norm)


@implements("fft.rfft2")
def rfft2(a: Any, s: Any = None, axes: Axes = (-2, -1), norm: str | None = None) -> Complex:
    """As ``np.fft.rfft2``."""
    return rfftn(a, s, axes, norm)


@implements("fft.irfft2")
def irfft2(a: Any, s: Any = None, axes: Axes = (-2, -1), norm: str | None = None) -> Any:
    """As ``np.fft.irfft2``: a real Tensor."""
    return irfftn(a, s, axes, norm)


@implements("fft.irfftn")
def irfftn(a: Any, s: Any = None, axes: Axes = None, norm: str | None = None) -> Any:
    """As ``np.fft.irfftn``: a real Tensor."""
    axes = tuple(range(-len(s or np.shape(a)), 0)) if axes is None else tuple(axes)
    sizes = tuple(s or [None] * len(axes))
    return irfft(_over(ifft, a, sizes[:-1], axes[:-1], norm), sizes[-1], axes[-1], norm)


def _shifted(x: Any, axes: Any, direction: int) -> Any:
    if type(x) is Complex:
        return Complex(_shifted(x.real, axes, direction), _shifted(x.imag, axes, direction))
    axes = tuple(range(np.ndim(x))) if axes is None else axes if isinstance(axes, tuple) else (axes,)
    return np.roll(x, tuple([direction * (np.shape(x)[i] // 2) for i in axes]), axes)


@implements("fft.fftshift")
def fftshift(x: Any, axes: Any = None) -> Any:
    """As ``np.fft.fftshift``: frequency 0 in the middle."""
    return _shifted(x, axes, 1)


@implements("fft.ifftshift")
def ifftshift(x: Any, axes: Any = None) -> Any:
    """As ``np.fft.ifftshift``: the inverse of `fftshift`."""
    return _shifted(x, axes, -1)

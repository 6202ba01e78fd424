"""Data as arrays: windows over a series, standardised, symbols as numbers, splits; batches are in `batching`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg
from tinygraph.recording.questions import on_values

from .init import Rng, generator


class Windows(NamedTuple):
    """Windows of a series, and what follows each.

    Attributes
    ----------
    inputs : (T, window) array
    targets : (T, horizon) array
    """

    inputs: np.ndarray
    targets: np.ndarray


def windows(series: ArrayLike, window: int, horizon: int = 1) -> Windows:
    """Return all windows of a series that are followed by as many values as the horizon (rows B2 and B3).

    Parameters
    ----------
    series : (M,) array_like
    window, horizon : int
        Values in a window, and in what follows it.

    Raises
    ------
    ValueError
        When the series is too short for one window and what follows it.

    Examples
    --------
    >>> xs, ys = windows([8, 10, 12, 10, 8, 12, 10, 12], 4)
    >>> xs[0], ys.ravel()
    (array([ 8., 10., 12., 10.]), array([ 8., 12., 10., 12.]))
    """
    values = np.asarray(series, dtype=float)
    if values.ndim != 1 or window < 1 or horizon < 1 or len(values) < window + horizon:
        raise ValueError(
            f"a window of {window} and a horizon of {horizon} need a series of at least "
            f"{window + horizon} values, not one of shape {values.shape}"
        )
    both = np.lib.stride_tricks.sliding_window_view(values, window + horizon)
    return Windows(both[:, :window].copy(), both[:, window:].copy())


class Scaler(NamedTuple):
    """Standardising: ``z = (x − mean) / deviation``, and back.

    Attributes
    ----------
    mean, deviation : () or (features,) array

    Raises
    ------
    ValueError
        When values to learn from or to scale are NaN or infinite: one would make all of its feature NaN.

    Examples
    --------
    >>> scaler = Scaler.fit([1.0, 3.0])
    >>> scaler.scale([1.0, 3.0]), scaler.restore([0.0])
    (array([-1.,  1.]), array([2.]))
    >>> scaler, Scaler.fit([[1.0, 4.0], [3.0, 5.0]])
    (Scaler(mean=2, deviation=1), Scaler(mean=[2, 4.5], deviation=[1, 0.5]))
    """

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, values: ArrayLike) -> Scaler:
        """Return the scaler of values (M,) or (M, features); a constant feature becomes 0."""
        values = _finite(np.asarray(values, dtype=float), "Scaler.fit")
        if not len(values):
            raise ValueError("Scaler.fit: there are no values")
        mean, deviation = values.mean(axis=0), values.std(axis=0)
        rounding = len(values) * np.finfo(float).eps * np.abs(values).max(axis=0)  # all that a constant varies by
        return cls(mean, np.where(deviation > rounding, deviation, 1.0))

    def scale(self, values: ArrayLike) -> np.ndarray:
        """Return the standardised values."""
        return (_finite(np.asarray(values), "Scaler.scale") - self.mean) / self.deviation

    def restore(self, values: ArrayLike) -> np.ndarray:
        """Return the values that were standardised: undo `scale`."""
        return np.asarray(values) * self.deviation + self.mean

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={_shown(self.mean)}, deviation={_shown(self.deviation)})"


def _shown(values: ArrayLike) -> str:
    return np.array2string(np.asarray(values), separator=", ", threshold=8, formatter={"float_kind": "{:g}".format})


def _finite(values: np.ndarray, what: str) -> np.ndarray:
    """Return values, none of which is NaN or infinite."""
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        raise ValueError(
            f"{what}: {len(wrong)} of {values.size} values are not finite, the first is values[{place}] ="
            f" {values[tuple(wrong[0])]}; leave them out, or fill them in"
        )
    return values


class Vocabulary:
    """Symbols and their numbers, 0 … K−1, in order of first appearance.

    Parameters
    ----------
    symbols : iterable of hashables
        Characters of a text, or words.
    unknown : optional
        A symbol that stands for all others; without it an unknown symbol is an error.

    Examples
    --------
    >>> letters = Vocabulary("hello")
    >>> letters.encode("hole"), letters.decode([0, 1])
    (array([0, 3, 2, 1]), ['h', 'e'])
    """

    def __init__(self, symbols: Iterable[Hashable], unknown: Hashable = None) -> None:
        self.symbols: list[Any] = list(dict.fromkeys(symbols if unknown is None else [unknown, *symbols]))
        self.unknown = unknown
        self._numbers = {symbol: number for number, symbol in enumerate(self.symbols)}

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._numbers

    def encode(self, symbols: Iterable[Hashable]) -> np.ndarray:
        """Return the numbers of the symbols, (M,) of int."""
        return np.array([self._number(symbol) for symbol in symbols], dtype=int)

    def decode(self, numbers: Iterable[int]) -> list[Any]:
        """Return the symbols of the numbers."""
        return [self.symbols[number] for number in numbers]

    def _number(self, symbol: Hashable) -> int:
        if symbol in self._numbers:
            return self._numbers[symbol]
        if self.unknown is None:
            raise KeyError(f"{symbol!r} is not among the {len(self)} symbols")
        return self._numbers[self.unknown]


def one_hot(numbers: ArrayLike, size: int, dtype: DTypeLike = np.float64) -> np.ndarray:
    """Return numbers (…,) as vectors (…, size): 1 at each number's place, 0 elsewhere.

    Raises
    ------
    ValueError, TypeError
        When the numbers are not integers from 0 to size − 1.

    Examples
    --------
    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    numbers = numbers if isinstance(numbers, tg.Tensor) else np.asarray(numbers)
    if numbers.dtype.kind not in "iu":
        raise TypeError(f"one_hot codes integers, not {numbers.dtype}")
    return _one_hot(numbers, size=size, dtype=dtype)


@on_values
def _one_hot(numbers: np.ndarray, *, size: int, dtype: DTypeLike) -> np.ndarray:
    if numbers.size and (numbers.min() < 0 or numbers.max() >= size):
        raise ValueError(f"numbers should lie between 0 and {size - 1}, not {numbers.min()}..{numbers.max()}")
    coded = np.zeros((*numbers.shape, size), dtype)
    np.put_along_axis(coded, numbers[..., None], 1, axis=-1)
    return coded


def split(count: int, fractions: Sequence[float], rng: Rng = None, *, ordered: bool = False) -> list[np.ndarray]:
    """Return the positions of each part of a split, at random, or in order (for a series).

    Parameters
    ----------
    count : int
        Examples in all.
    fractions : sequence of float
        Shares of the parts, which add up to 1.
    rng : numpy.random.Generator or int
        Orders the positions.
    ordered : bool

    Raises
    ------
    ValueError
        When the fractions do not add up to 1, or a part would be empty.
    TypeError
        When the examples themselves are given.

    Examples
    --------
    >>> series = np.arange(0.0, 1.0, 0.1)
    >>> train, test = split(len(series), (0.7, 0.3), ordered=True)
    >>> train.tolist(), series[test]
    ([0, 1, 2, 3, 4, 5, 6], array([0.7, 0.8, 0.9]))
    """
    if not isinstance(count, (int, np.integer)) or isinstance(count, bool):
        raise TypeError(
            f"split takes how many examples there are, not a {type(count).__name__}: write split(len(examples),"
            " fractions), whose parts are positions: examples[parts[0]]"
        )
    if np.ndim(fractions) != 1:
        raise TypeError(f"fractions should be the shares of all parts, as (0.7, 0.3), not {fractions!r}")
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions should be positive and add up to 1, not {tuple(fractions)}")
    positions = np.arange(count) if ordered else generator(rng).permutation(count)
    ends = np.rint(np.cumsum(fractions) * count).astype(int)[:-1]
    parts = np.split(positions, ends)
    if any(len(part) == 0 for part in parts):
        raise ValueError(f"{count} examples are too few for the fractions {tuple(fractions)}")
    return parts

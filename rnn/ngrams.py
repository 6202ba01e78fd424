"""N-grams: the chances of the next symbol from counts of what followed the last ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .cells import check_sizes
from .language_models import check_numbers


class NGram:
    """Counts of n symbols in a row, and the chances that they give to the next one.

    ``p(w | c) = (n(c w) + m p(w | c′)) / (n(c) + m)``, where c′ is the context c without its first symbol, and of no
    context all symbols are equally likely before any is counted (MacKay and Peto 1995).

    With a discount d it is interpolated Kneser–Ney (Chen and Goodman 1999), mostly the better one where n is large:
    ``p(w | c) = (max(n(c w) − d, 0) + d k(c) p(w | c′)) / n(c)``, where k(c) symbols have followed c. Of a context that
    is shorter than n − 1, not how often c w occurs is counted, but after how many different symbols.

    Parameters
    ----------
    n : int
        Symbols in a row: it sees n − 1, and guesses the next.
    num_symbols : int
    m : float
        How many counts the shorter context is worth; above 0, so that no chance is 0.
    discount : float, optional
        What each count gives to the shorter context, between 0 and 1; m is not used then.

    Examples
    --------
    >>> text = np.array([0, 1, 2] * 30)
    >>> model = NGram(3, 3, m=0.1).count(text)
    >>> model.probabilities([0, 1]).round(3)
    array([0., 0., 1.])
    >>> NGram(3, 3, discount=0.5).count(text).probabilities([0, 1]).round(3)
    array([0.003, 0.003, 0.994])
    """

    def __init__(self, n: int, num_symbols: int, m: float = 1.0, *, discount: float | None = None) -> None:
        check_sizes(n=n, num_symbols=num_symbols)
        if not m > 0:
            raise ValueError(f"m should be above 0, so that no chance is 0, not {m}")
        if discount is not None and not 0 < discount < 1:
            raise ValueError(f"discount should lie between 0 and 1, not {discount}")
        self.n, self.num_symbols, self.m, self.discount = n, num_symbols, m, discount
        self._text = np.zeros(0, int)  # all that was counted, with −1 between two texts
        self._tables: list[_Table] | None = None

    def count(self, numbers: ArrayLike) -> NGram:
        """Count a text, (T,) of int, and return the model; texts that are counted one after another add up."""
        text = check_numbers(numbers, self.num_symbols)
        if text.ndim != 1:
            raise ValueError(f"count takes one text after another, (T,) of int, not {text.shape}")
        self._text = np.concatenate([self._text, [-1], text])
        self._tables = None
        return self

    def num_counts(self) -> int:
        """Return how many different sequences of 1 to n symbols it has counted: what it has to store."""
        return sum(len(table.grams) for table in self._counted())

    def probabilities(self, context: ArrayLike = ()) -> np.ndarray:
        """Return the chances (num_symbols,) of the next symbol; of the context the last n − 1 symbols count."""
        known = np.asarray(context, int)[:, None]
        return self._after(known[max(0, len(known) - self.n + 1) :])[-1, 0]

    def __call__(self, xs: ArrayLike) -> list[tg.Tensor]:
        """Return log p of the next symbol in each of T time steps, (N, K) or (K,), for numbers (T, N) or (T,)."""
        return self.run(xs)[0]

    def run(self, xs: ArrayLike, state: tg.Tensor | None = None) -> tuple[list[tg.Tensor], tg.Tensor]:
        """Return log p in each time step, and the last symbols, (N, n − 1) or (n − 1,), to go on from."""
        numbers = check_numbers(xs, self.num_symbols)
        before = numbers[:0] if state is None else state.data.T
        text = np.concatenate([before, numbers])
        chances = self._after(text.reshape(len(text), -1))[1 + len(before) :]
        outputs = [tg.tensor(log_p) for log_p in np.log(chances).reshape(*numbers.shape, self.num_symbols)]
        return outputs, tg.tensor(text[max(0, len(text) - (self.n - 1)) :].T)

    def _counted(self) -> list[_Table]:
        if self._tables is None:
            self._tables = _count(self._text, self.n, self.num_symbols, self.m, self.discount)
        return self._tables

    def _after(self, text: np.ndarray) -> np.ndarray:
        """Return the chances of the next symbol after t symbols of each text, (T + 1, N, K) for (T, N)."""
        T, N = text.shape
        chances = np.full((T + 1, N, self.num_symbols), 1 / self.num_symbols)
        context = np.zeros((T + 1, N), int)  # the rank of the context that begins there
        for length, table in enumerate(self._counted()[: T + 1]):
            table.mix(chances[length:], context)  # a context that begins at i ends at i + length
            context = table.ranks(context[:-1], text[length:], self.num_symbols)
        return chances


class _Table(NamedTuple):
    """What followed all contexts of one length; a context is known by its rank among those of its length.

    Attributes
    ----------
    grams : (G,) of int
        The rank of a context times K, plus the symbol that followed; in order.
    starts : (R + 1,) of int
        Where those of each context begin.
    shares : (G,) of float
        Of the chances after the context.
    rest : (R,) of float
        What is left for the shorter context.
    """

    grams: np.ndarray
    starts: np.ndarray
    shares: np.ndarray
    rest: np.ndarray

    def mix(self, chances: np.ndarray, context: np.ndarray) -> None:
        """Turn the chances after the shorter contexts into those after contexts of these ranks; −1 is unknown."""
        known = context.ravel() >= 0
        ranks, rows = context.ravel()[known], chances.reshape(-1, chances.shape[-1])
        rows[known] *= self.rest[ranks, None]
        many = self.starts[ranks + 1] - self.starts[ranks]
        within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        entries = np.repeat(self.starts[ranks], many) + within
        rows[np.repeat(np.flatnonzero(known), many), self.grams[entries] % chances.shape[-1]] += self.shares[entries]

    def ranks(self, context: np.ndarray, symbols: np.ndarray, K: int) -> np.ndarray:
        """Return the ranks of contexts with one more symbol; −1 where that was never counted."""
        if not len(self.grams):
            return np.full(context.shape, -1)
        wanted = context * K + symbols
        place = np.minimum(np.searchsorted(self.grams, wanted), len(self.grams) - 1)
        return np.where((context >= 0) & (self.grams[place] == wanted), place, -1)


def _count(text: np.ndarray, n: int, K: int, m: float, discount: float | None) -> list[_Table]:
    """Return the table of each length of context, 0 … n − 1."""
    context, contexts = np.where(text >= 0, 0, -1), 1  # the rank of the context that begins there, −1 across an end
    before = context  # the same of the gram of the length before
    counted: list[tuple[np.ndarray, np.ndarray, int]] = []
    for length in range(n):
        codes = np.where((context >= 0) & (text[length:] >= 0), context * K + text[length:], -1)
        grams, first, ranks, counts = np.unique(codes, return_index=True, return_inverse=True, return_counts=True)
        across = int(len(grams) > 0 and grams[0] < 0)
        grams, first, counts, ranks = grams[across:], first[across:], counts[across:], ranks - across
        if counted and discount is not None:  # of the shorter ones it counts after how many symbols they come
            shorter, _, of = counted[-1]
            counted[-1] = shorter, np.bincount(before[first + 1], minlength=len(shorter)), of
        counted.append((grams, counts, contexts))
        before, context, contexts = ranks, ranks[:-1], len(grams)
    return [_table(*each, K, m, discount) for each in counted]


def _table(grams: np.ndarray, counts: np.ndarray, contexts: int, K: int, m: float, discount: float | None) -> _Table:
    owner = grams // K
    total = np.bincount(owner, counts, minlength=contexts)
    if discount is None:
        shares, rest = counts / (total[owner] + m), m / (total + m)
    else:
        followers = np.bincount(owner, counts > 0, minlength=contexts)
        shares = np.maximum(counts - discount, 0) / np.maximum(total[owner], 1)
        rest = np.where(total > 0, discount * followers / np.maximum(total, 1), 1.0)
    return _Table(grams, np.searchsorted(owner, np.arange(contexts + 1)), shares, rest)

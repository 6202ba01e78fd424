"""A language model that sees only the last words: a neural network over a fixed window.

A recurrent network sees all words before (row E of the lectures); this and `NGram` are what it is compared with. Like
`ManyToMany` they give scores in every time step, so that `cross_entropy`, `generate` and `beam_search` take them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg
from tinygraph.recording.questions import on_values

from .cells import check_sizes
from .embedding import Embedding
from .init import Rng, drawing, generator, glorot, zeros
from .models import Readout
from .module import Module
from .unrolling import each_timestep


class FixedWindowModel(Module):
    """The neural language model of Bengio et al. (2003): the vectors of the last words, and one hidden layer.

    ``h = tanh(W [e⁽ᵗ⁻ⁿ⁺²⁾ … e⁽ᵗ⁾] + b)``, ``o = c + V h``, with e the rows of E. Before the beginning of a text stands
    a symbol of its own.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Symbols, and features of each vector.
    window : int
        How many of the last symbols it sees.
    hidden_size : int
    rng : numpy.random.Generator or int
        Draws E from N(0, 1), W and V (Glorot); b and c start at zero.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> model = FixedWindowModel(10, 4, window=3, hidden_size=8, rng=0)
    >>> [o.shape for o in model([[1, 2], [3, 4]])]
    [(2, 10), (2, 10)]
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        window: int,
        hidden_size: int,
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(num_embeddings=num_embeddings, window=window, hidden_size=hidden_size)
        rng = generator(rng)
        self.window, self.output_size = window, num_embeddings
        self.embedding = Embedding(num_embeddings + 1, embedding_dim, rng=rng, dtype=dtype)  # the last: no word yet
        draw = drawing(rng, dtype)
        self.W = draw(glorot, hidden_size, window * embedding_dim)
        self.b = draw(zeros, hidden_size)
        self.readout = Readout(hidden_size, num_embeddings, rng=rng, dtype=dtype)

    def __call__(self, xs: ArrayLike) -> list[tg.Tensor]:
        """Return the T scores of the next symbol, (N, K) or (K,), for numbers (T, N) or (T,)."""
        return self.run(xs)[0]

    def run(self, xs: ArrayLike, state: tg.Tensor | None = None) -> tuple[list[tg.Tensor], tg.Tensor]:
        """Return the scores, and the last symbols, (N, window − 1) or (window − 1,), to go on from."""
        numbers = check_numbers(xs, self.output_size)
        if state is None:
            before: Any = np.full((self.window - 1, *numbers.shape[1:]), self.output_size)
        else:
            before = state.T if isinstance(numbers, tg.Tensor) else state.data.T
        text = np.concatenate([before, numbers])
        windows = [np.moveaxis(text[t : t + self.window], 0, -1) for t in range(len(numbers))]
        last = text[len(text) - (self.window - 1) :].T
        return each_timestep(self._scores, windows), last if isinstance(last, tg.Tensor) else tg.tensor(last)

    def _scores(self, window: np.ndarray) -> Any:
        e = self.embedding(window).reshape(*window.shape[:-1], -1)
        h = tg.tanh(tg.linear(e, self.W, self.b))
        return self.readout(h)


def check_numbers(xs: ArrayLike, symbols: int) -> np.ndarray:
    """Return the numbers of symbols that a language model reads; raise ValueError where they are none."""
    numbers: Any = xs if isinstance(xs, tg.Tensor) else np.asarray(xs)
    if numbers.dtype.kind not in "iu" or numbers.ndim not in (1, 2):
        given = f"{numbers.dtype} of shape {numbers.shape}"
        raise ValueError(f"a language model reads the numbers of symbols, (T,) or (T, N) of int, not {given}")
    return _checked(numbers, symbols=symbols)


@on_values
def _checked(numbers: np.ndarray, *, symbols: int) -> np.ndarray:
    if numbers.size and (numbers.min() < 0 or numbers.max() >= symbols):
        raise ValueError(f"numbers should lie between 0 and {symbols - 1}, not {numbers.min()}..{numbers.max()}")
    return numbers

"""Embeddings: a vector for each symbol, learned or read from word vectors."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg
from tinygraph.recording.questions import on_values

from .cells import check_sizes
from .init import Rng, drawing, normal
from .module import Module


class Embedding(Module):
    """A table of vectors, one row of E a symbol: the row of each number is its vector.

    It is PyTorch's Embedding, in a state dict too. Each look-up sends back only the rows that it read;
    they are added up into one array.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Symbols, and features of each vector.
    padding_idx : int, optional
        The number that stands for padding: its row starts at zero and gets no gradient.
    rng : numpy.random.Generator or int
        Draws E from N(0, 1).
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> embedding = Embedding(10, 3, padding_idx=0, rng=0)
    >>> embedding([[1, 4], [4, 0]]).shape, embedding([0]).data
    ((2, 2, 3), array([[0., 0., 0.]]))
    """

    names_in_torch = MappingProxyType({"E": "weight"})

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.output_size = num_embeddings, embedding_dim
        self.padding_idx = _row(padding_idx, num_embeddings)
        self.E = drawing(rng, dtype)(normal, num_embeddings, embedding_dim)
        if self.padding_idx is not None:
            rows = np.array(self.E.data)
            rows[self.padding_idx] = 0
            self.E.data = rows

    @classmethod
    def from_pretrained(cls, embeddings: ArrayLike, freeze: bool = True, padding_idx: int | None = None) -> Embedding:
        """Return an embedding of word vectors, (symbols, features), which are trained only without `freeze`.

        Examples
        --------
        >>> words = Embedding.from_pretrained([[0.0, 1.0], [2.0, 3.0]])
        >>> words([1, 1]).data, words.E.requires_grad
        (array([[2., 3.],
               [2., 3.]]), False)
        """
        table = np.asarray(embeddings)
        if table.ndim != 2 or table.dtype.kind != "f":
            raise ValueError(
                "from_pretrained takes word vectors as a matrix (symbols, features) of floating-point numbers, "
                f"not {table.dtype} of shape {table.shape}"
            )
        embedding = cls(*table.shape, rng=0, dtype=table.dtype)
        embedding.padding_idx = _row(padding_idx, len(table))
        embedding.E.data = table
        embedding.E.requires_grad = not freeze
        return embedding

    def __call__(self, numbers: ArrayLike) -> tg.Tensor:
        """Return the vectors (…, embedding_dim) of numbers (…) from 0 to num_embeddings − 1."""
        index = numbers if isinstance(numbers, tg.Tensor) else np.asarray(numbers)
        if index.dtype.kind not in "iu":
            raise TypeError(
                f"{self!r} reads integers, the numbers of symbols, not {index.dtype}; "
                "what is one-hot already is its argmax: xs.argmax(axis=-1)"
            )
        index = _checked(index, rows=self.num_embeddings, reader=repr(self))
        x = self.E[index]
        if self.padding_idx is not None:  # the padding's vector as a constant: no gradient reaches its row
            vector = _vector(self.E, row=self.padding_idx)
            padding = vector if isinstance(vector, tg.Tensor) else tg.tensor(vector, name="padding")
            x = tg.where((index == self.padding_idx)[..., None], padding, x)
        return x

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.num_embeddings}, {self.output_size})"


def _row(padding_idx: int | None, rows: int) -> int | None:
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise ValueError(f"padding_idx={padding_idx} is no row of an embedding of {rows} symbols")
    return None if padding_idx is None else padding_idx % rows


@on_values
def _checked(index: np.ndarray, *, rows: int, reader: str) -> np.ndarray:
    if index.size and (index.min() < 0 or index.max() >= rows):
        wrong = index.min() if index.min() < 0 else index.max()
        raise ValueError(f"{reader} reads numbers from 0 to {rows - 1}, not {wrong}")
    return index


@on_values
def _vector(table: np.ndarray, *, row: int) -> np.ndarray:
    return table[row].copy()

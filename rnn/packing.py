"""PyTorch's packed sequences: those of unequal length in one array, without the padding.

Here `unroll` and the models take padded sequences with their ``lengths``; packed ones are for programs that have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .checks import mask


class PackedSequence(NamedTuple):
    """The time steps of all sequences, the first of each, then the second of each that has one, and so on.

    Attributes
    ----------
    data : (M, …) array or Tensor
        The M time steps that there are; the sequences are ordered by length, the longest first.
    batch_sizes : (T,) array of int
        How many sequences reach each time step.
    sorted_indices, unsorted_indices : (N,) array of int, or None
        Which sequence stands at each place, and at which place each sequence; None where they came in order.
    """

    data: Any
    batch_sizes: np.ndarray
    sorted_indices: np.ndarray | None = None
    unsorted_indices: np.ndarray | None = None

    @property
    def lengths(self) -> np.ndarray:
        """The lengths of the sequences, (N,), in the order in which they came."""
        places = np.arange(self.batch_sizes[0])[:, None]
        lengths = (places < self.batch_sizes).sum(axis=1)
        return lengths if self.unsorted_indices is None else lengths[self.unsorted_indices]


def pack_padded_sequence(
    input: Any, lengths: ArrayLike, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Return padded sequences packed, as PyTorch's function of that name.

    Parameters
    ----------
    input : (T, N, …) array or Tensor, or (N, T, …) with `batch_first`
    lengths : (N,) of int
    batch_first : bool
    enforce_sorted : bool
        Raise unless the longest comes first; without it they are sorted here.

    Examples
    --------
    >>> packed = pack_padded_sequence(np.array([[1, 4], [2, 5], [3, 0]]), [3, 2])
    >>> packed.data, packed.batch_sizes
    (array([1, 4, 2, 5, 3]), array([2, 2, 1]))
    """
    xs = input if isinstance(input, tg.Tensor) else np.asarray(input)
    if xs.ndim < 2:
        raise ValueError(f"pack_padded_sequence takes sequences (T, N, …), not an array of shape {xs.shape}")
    xs = xs.swapaxes(0, 1) if batch_first else xs
    lengths = np.asarray(lengths)
    active = mask(lengths, len(xs), xs.shape[1:2])[: lengths.max(), :, 0]
    order = np.argsort(-lengths, kind="stable")
    if enforce_sorted and (np.diff(lengths) > 0).any():
        raise ValueError(
            f"the longest sequence should come first, but lengths is {lengths.tolist()}: "
            "sort them, or write enforce_sorted=False"
        )
    t, place = np.nonzero(active[:, order])
    indices = (None, None) if enforce_sorted else (order, np.argsort(order))
    return PackedSequence(xs[t, order[place]], active.sum(axis=1), *indices)


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Return a list of sequences (T_n, …) packed, as PyTorch's function of that name.

    Examples
    --------
    >>> pack_sequence([np.array([1, 2, 3]), np.array([4, 5])]).data
    array([1, 4, 2, 5, 3])
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    if not len(lengths) or lengths.min() < 1:
        raise ValueError("pack_sequence needs at least one sequence, and none of them empty")
    starts = np.cumsum([0, *lengths[:-1]])
    rows = np.minimum(np.arange(lengths.max())[:, None], lengths - 1) + starts  # what is repeated here is not packed
    return pack_padded_sequence(tg.concatenate(list(sequences))[rows], lengths, enforce_sorted=enforce_sorted)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Any, np.ndarray]:
    """Return packed sequences padded, (T, N, …) or (N, T, …), and their lengths, as PyTorch's function of that name.

    Parameters
    ----------
    sequence : PackedSequence
    batch_first : bool
    padding_value : float
        What stands after the end of a sequence.
    total_length : int, optional
        T, when it should be more than the longest has.

    Examples
    --------
    >>> pad_packed_sequence(pack_sequence([np.array([1, 2, 3]), np.array([4, 5])]))
    (array([[1, 4],
           [2, 5],
           [3, 0]]), array([3, 2]))
    """
    data, sizes = sequence.data, np.asarray(sequence.batch_sizes)
    longest = len(sizes)
    if total_length is not None and total_length < longest:
        raise ValueError(f"total_length={total_length} is less than the longest sequence has: {longest}")
    lengths = sequence.lengths
    steps = longest if total_length is None else total_length
    places = np.arange(sizes[0]) if sequence.unsorted_indices is None else sequence.unsorted_indices
    starts = np.cumsum([0, *sizes[:-1]])
    rows = np.full((steps, len(places)), len(data))  # the row after the last is padding
    rows[:longest] = np.where(mask(lengths, longest, lengths.shape)[..., 0], starts[:, None] + places, len(data))
    padding = np.full((1, *data.shape[1:]), padding_value, data.dtype)
    padded = tg.concatenate([data, padding])[rows]
    return padded.swapaxes(0, 1) if batch_first else padded, lengths

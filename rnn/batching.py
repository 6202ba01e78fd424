"""Batches: sequences side by side, padded, in order or shuffled, in stretches of time, in shards."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .init import Rng, generator

_NAMES = ("inputs", "targets", "lengths", "target_lengths")


class Batch(tuple):
    """What one update of the parameters is computed from: a tuple (inputs, targets, lengths).

    Where the targets have lengths of their own these are a fourth part of the tuple.

    Attributes
    ----------
    inputs : (T, N, …) array
    targets : array
    lengths : (N,) array of int, optional
        Where the sequences differ in length.
    target_lengths : (N,) array of int, optional
        Where the targets are sequences with lengths of their own, as in sequence-to-sequence; else they have those of
        the inputs.
    positions : (N,) array of int, optional
        Which of all examples these are: ``predictions[batch.positions] = …`` puts them back in order.

    Examples
    --------
    >>> xs, ys, lengths = Batch([[1.0, 2.0]], [0, 1])
    >>> lengths is None
    True
    """

    positions: np.ndarray | None

    def __new__(
        cls,
        inputs: Any,
        targets: Any,
        lengths: Any = None,
        target_lengths: Any = None,
        positions: np.ndarray | None = None,
    ) -> Batch:
        """Make a batch of its parts."""
        own_lengths = () if target_lengths is None else (target_lengths,)
        batch = super().__new__(cls, (inputs, targets, lengths, *own_lengths))
        batch.positions = positions
        return batch

    def __repr__(self) -> str:
        shapes = [f"{name}={getattr(part, 'shape', part)}" for name, part in zip(_NAMES, self, strict=False)]
        return f"Batch({', '.join(shapes)})"

    def __getnewargs__(self) -> tuple:
        return (self.inputs, self.targets, self.lengths, self.target_lengths, self.positions)

    @property
    def inputs(self) -> Any:
        """What the model reads."""
        return self[0]

    @property
    def targets(self) -> Any:
        """What the loss compares with."""
        return self[1]

    @property
    def lengths(self) -> Any:
        """Those of the inputs."""
        return self[2]

    @property
    def target_lengths(self) -> Any:
        """Those of the targets, where they are others."""
        return self[3] if len(self) > 3 else None


Batches = Sequence[tuple]  # each a Batch, or (inputs, targets), (inputs, targets, lengths), …
Data = tuple | Batches | Callable[[np.random.Generator], Batches]


def pad(sequences: Sequence[ArrayLike], value: float = 0, *, steps: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences of unequal length side by side, (T, N, …), and their lengths, (N,).

    Parameters
    ----------
    sequences : list of N arrays
        (T_n, …) each.
    value : float
        What stands after the end of a sequence.
    steps : int, optional
        T, so that all batches have one shape; the largest T_n when not given.

    Raises
    ------
    ValueError
        When there is no sequence, or an empty one, or one longer than `steps`.

    Examples
    --------
    >>> xs, lengths = pad([[1, 2, 3], [4]])
    >>> xs, lengths
    (array([[1, 4],
           [2, 0],
           [3, 0]]), array([3, 1]))
    >>> pad([[1, 2, 3], [4]], steps=5)[0].shape
    (5, 2)
    """
    arrays = [np.asarray(sequence) for sequence in sequences]
    if not arrays or any(array.ndim == 0 or len(array) == 0 for array in arrays):
        raise ValueError("pad needs at least one sequence, and none of them empty")
    lengths = np.array([len(array) for array in arrays])
    if steps is not None and lengths.max() > steps:
        raise ValueError(f"a sequence of {lengths.max()} time steps does not fit into steps={steps}")
    shape = (steps or lengths.max(), len(arrays), *arrays[0].shape[1:])
    padded = np.full(shape, value, np.result_type(*arrays))
    for position, array in enumerate(arrays):
        padded[: len(array), position] = array
    return padded, lengths


def batches(
    sequences: Sequence[ArrayLike],
    targets: Sequence[Any],
    size: int,
    rng: Rng = None,
    *,
    per_step: bool = False,
    target_sequences: bool = False,
    time_first: bool = False,
) -> list[Batch]:
    """Return padded batches: with a generator of similar length and in random order, without in the order given.

    Parameters
    ----------
    sequences : list of N arrays
        (T_n, I) each, or (T_n,) where they are numbers.
    targets : list of N targets
        One for each sequence.
    size : int
        Sequences in a batch; the last may have fewer.
    rng : numpy.random.Generator or int, optional
        Orders the sequences of one length, and the batches; each tells the `positions` of its examples. Without it the
        examples stay in their order, as predictions want them.
    per_step : bool
        Each target is itself a sequence, as long as its input, and is padded like it.
    target_sequences : bool
        Each target is a sequence with a length of its own (sequence-to-sequence): that is `Batch.target_lengths`.
    time_first : bool
        The sequences are one array (T, N, …), as models read it, all of one length: the batches have no lengths.
        Targets that are sequences are one, too.

    Raises
    ------
    ValueError
        When there are no sequences, or not one target for each, or targets of another length with `per_step`.

    Examples
    --------
    >>> sequences, targets = [[[1.0]] * n for n in (3, 1, 2, 3)], [0, 1, 0, 1]
    >>> sorted(batch.lengths.tolist() for batch in batches(sequences, targets, 2, rng=0))
    [[1, 2], [3, 3]]
    >>> predictions = np.zeros(4)
    >>> for batch in batches(sequences, targets, 2, rng=0):
    ...     predictions[batch.positions] = batch.inputs.sum(axis=(0, 2))
    >>> predictions
    array([3., 1., 2., 3.])
    >>> [batch.inputs.sum(axis=(0, 2)).tolist() for batch in batches(sequences, targets, 2)]
    [[3.0, 1.0], [2.0, 3.0]]
    >>> batches(np.zeros((5, 4, 1)), targets, 2, time_first=True)
    [Batch(inputs=(5, 2, 1), targets=(2,), lengths=None), Batch(inputs=(5, 2, 1), targets=(2,), lengths=None)]
    """
    if per_step and target_sequences:
        raise ValueError("per_step is for targets as long as their inputs, target_sequences for those that are not")
    if time_first:
        return _of_array(np.asarray(sequences), np.asarray(targets), size, rng, per_step, target_sequences)
    if len(sequences) != len(targets) or size < 1 or not len(sequences):
        may_be = isinstance(sequences, np.ndarray) and sequences.shape[1:2] == (len(targets),)
        hint = "; of an array (T, N, …) say time_first=True" if may_be else ""
        raise ValueError(f"{len(sequences)} sequences and {len(targets)} targets make no batches of {size}{hint}")
    order = _cut(np.arange(len(sequences)), size) if rng is None else _shuffled(sequences, size, generator(rng))
    return [_batch(sequences, targets, members, per_step, target_sequences) for members in order]


def _of_array(
    xs: np.ndarray, ys: np.ndarray, size: int, rng: Rng, per_step: bool, target_sequences: bool
) -> list[Batch]:
    over_time = per_step or target_sequences
    examples, times = ys.shape[1:2] if over_time else ys.shape[:1], xs.shape[:1]
    if xs.ndim < 2 or xs.shape[1:2] != examples or size < 1 or (per_step and ys.shape[:1] != times):
        raise ValueError(f"sequences {xs.shape} and targets {ys.shape}, time first, make no batches of {size}")
    order = np.arange(xs.shape[1]) if rng is None else generator(rng).permutation(xs.shape[1])
    return [
        Batch(xs[:, members], ys[:, members] if over_time else ys[members], positions=members)
        for members in _cut(order, size)
    ]


def _shuffled(sequences: Sequence[ArrayLike], size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return the positions of the members of each batch: of similar length, in random order."""
    shuffled = rng.permutation(len(sequences))
    by_length = shuffled[np.argsort([len(sequences[i]) for i in shuffled], kind="stable")]
    members = _cut(by_length, size)
    return [members[position] for position in rng.permutation(len(members))]


def _cut(positions: np.ndarray, size: int) -> list[np.ndarray]:
    return [positions[start : start + size] for start in range(0, len(positions), size)]


def _batch(
    sequences: Sequence[ArrayLike], targets: Sequence[Any], members: np.ndarray, per_step: bool, own_lengths: bool
) -> Batch:
    inputs, lengths = pad([sequences[i] for i in members])
    aims = [targets[i] for i in members]
    if own_lengths:
        padded, target_lengths = pad(aims)
        return Batch(inputs, padded, lengths, target_lengths, members)
    if not per_step:
        return Batch(inputs, np.stack(aims), lengths, positions=members)
    if any(len(aim) != length for aim, length in zip(aims, lengths, strict=True)):
        raise ValueError(
            "with per_step each target should be as long as its sequence; target_sequences=True is for others"
        )
    return Batch(inputs, pad(aims)[0], lengths, positions=members)


def as_batches(data: Data, rng: np.random.Generator) -> list[Batch]:
    """Return the batches of what `fit` takes as data, made anew where it is a function.

    Raises
    ------
    TypeError, ValueError
        When it is neither a batch nor a list of batches nor a function that makes one, or holds none.
    """
    if isinstance(data, tuple) and data and all(type(part) in (tuple, Batch) for part in data):
        raise TypeError("several batches stand in a list, [(inputs, targets), (inputs, targets)], not in a tuple")
    if callable(data):
        _check_that_it_takes_a_generator(data)
    given = data(rng) if callable(data) else [data] if isinstance(data, tuple) else data
    if not isinstance(given, Sequence):
        raise TypeError(f"expected a batch or a list of batches, to read in every epoch, got {type(given).__name__}")
    if not given:
        raise ValueError("there is no batch to train on")
    for batch in given:
        if not isinstance(batch, tuple) or not 2 <= len(batch) <= 4:
            raise TypeError(
                f"a batch is a tuple (inputs, targets) or (inputs, targets, lengths), not {_described(batch)}; data is"
                " one such tuple or a list of them: for one batch write (inputs, targets), not [inputs, targets]"
            )
    return [batch if isinstance(batch, Batch) else Batch(*batch) for batch in given]


def _check_that_it_takes_a_generator(data: Callable) -> None:
    try:
        inspect.signature(data).bind(None)
    except TypeError:
        raise TypeError(
            "data as a function takes a numpy.random.Generator, which orders them: lambda rng: rnn.batches(…, rng)"
        ) from None
    except ValueError:  # of a function that tells none
        pass


def _described(value: Any) -> str:
    shape = getattr(value, "shape", None)
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    return f"{type(value).__name__}{f' of shape {shape}' if shape is not None else ''}"


def chunks(batch: Batch, steps: int) -> Iterator[Batch]:
    """Yield stretches of time of a batch, for truncated back-propagation through time."""
    for start in range(0, len(batch.inputs), steps):
        stretch = slice(start, start + steps)
        yield Batch(batch.inputs[stretch], batch.targets[stretch])

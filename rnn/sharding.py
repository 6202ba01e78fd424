"""A batch in shards: a fixed number of parts, each with some of its sequences, and what their losses make together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .batching import Batch


def shards_of(batch: Batch, count: int, *, batch_first: bool = False) -> list[Batch]:
    """Return the shards of a batch, of sequences that stand beside one another: as even as can be, none of them empty.

    Parameters
    ----------
    batch : Batch
    count : int
        How many; a batch of fewer sequences has one for each.
    batch_first : bool
        Whether inputs are (N, T, …) and not (T, N, …).

    Raises
    ------
    ValueError
        When it cannot be told which axis holds the sequences.

    Examples
    --------
    >>> batch = Batch(np.zeros((6, 5, 2)), np.zeros(5, int), lengths=np.array([6, 6, 4, 3, 1]))
    >>> [(shard.inputs.shape, shard.targets.shape, shard.lengths.tolist()) for shard in shards_of(batch, 2)]
    [((6, 3, 2), (3,), [6, 6, 4]), ((6, 2, 2), (2,), [3, 1])]
    """
    if isinstance(batch.inputs, tuple):
        raise ValueError(f"shards are cut from arrays, (T, N, …), and not from a {type(batch.inputs).__name__}")
    inputs = np.asarray(batch.inputs)
    axis = 0 if batch_first else _axis_of_inputs(inputs, batch.targets)
    size = inputs.shape[axis]
    count = min(count, size)
    parts: dict[str, list[Any]] = {"inputs": np.array_split(inputs, count, axis)}
    parts["targets"] = _split_targets(batch.targets, size, count, batch_first)
    for name in ("lengths", "target_lengths", "positions"):
        value = getattr(batch, name)
        parts[name] = [None] * count if value is None else np.array_split(np.asarray(value), count)
    return [Batch(**{name: values[shard] for name, values in parts.items()}) for shard in range(count)]


def _axis_of_inputs(inputs: np.ndarray, targets: Any) -> int:
    """Return 1 for (T, N, …), 0 for vectors (N, m) that a sequence is made of; a single sequence is refused."""
    if inputs.ndim >= 3 or (inputs.ndim == 2 and inputs.dtype.kind in "iu"):
        return 1
    if inputs.ndim == 2 and np.ndim(targets) == 3 and np.shape(targets)[1] == len(inputs):
        return 0
    raise ValueError(
        f"shards are of sequences side by side, (T, N, …): inputs of shape {inputs.shape} are a single one;"
        " leave shards out, or put several in a batch"
    )


def _split_targets(targets: Any, size: int, count: int, batch_first: bool) -> list[Any]:
    if isinstance(targets, Mapping):
        by_name = {name: _split_targets(part, size, count, batch_first) for name, part in targets.items()}
        return [{name: parts[shard] for name, parts in by_name.items()} for shard in range(count)]
    array = np.asarray(targets)
    steps = 1 if array.dtype.kind in "iu" else 2  # axes of (N,) or (N, K), where there is one target a sequence
    expected = 0 if batch_first or array.ndim <= steps else 1
    axes = [axis for axis in (expected, 1 - expected) if axis < array.ndim and array.shape[axis] == size]
    if not axes:
        raise ValueError(f"targets of shape {array.shape} have no axis for the {size} sequences of the batch")
    return np.array_split(array, count, axes[0])

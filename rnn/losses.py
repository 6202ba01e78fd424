"""Losses over the outputs of all time steps, one term L⁽ᵗ⁾ a step, so that each can be drawn and stepped.

`outputs` is the list of T outputs that the models return, (N, K) or (K,) each, or a single output
(N, K) of a model that gives one for the whole sequence.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygraph as tg

from .checks import mask

Term = Callable[[Any, np.ndarray], Any]


def cross_entropy(outputs: Any, targets: Any, lengths: Any = None, reduction: str = "mean") -> Any:
    """Softmax and cross-entropy, ``L = Σₜ L⁽ᵗ⁾`` with ``L⁽ᵗ⁾ = −log softmax(o⁽ᵗ⁾)[y⁽ᵗ⁾]`` (rows B1 and C1).

    Parameters
    ----------
    outputs : list of T tensors, (N, K) or (K,), or one tensor (N, K) or (K,)
        The scores o, before the softmax.
    targets : array of integers
        (T, N) or (T,); for one output (N,) or a single number.
    lengths : array of N integers, optional
        Leaves out the time steps after each sequence's end.
    reduction : {"mean", "sum"}
        Over the N examples; over time it is always the sum.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> o = [tg.parameter(np.zeros(4)) for t in range(3)]
    >>> bool(np.isclose(cross_entropy(o, [0, 1, 2]).item(), 3 * np.log(4)))
    True
    """
    targets = np.asarray(targets)
    if targets.dtype.kind not in "iu":
        raise TypeError(f"the targets of cross_entropy should be integers, not {targets.dtype}")
    each, needed = _each_step(outputs, targets)
    _check_shapes(each.shape[:-1], needed, "cross_entropy")
    _check_classes(targets, each.shape[-1])
    scale = 1 / max(1, math.prod(needed)) if _mean(reduction) else 1.0
    return _total(tg.softmax_cross_entropy, outputs, targets, lengths, scale)


def mse(outputs: Any, targets: Any, lengths: Any = None, reduction: str = "mean") -> Any:
    """Squared error, ``MSE = (1/M) Σ (y − ŷ)²`` over all M target values (row B2).

    Parameters
    ----------
    outputs : list of T tensors, (N, K) or (K,), or one tensor
        The forecasts ŷ.
    targets : array
        (T, N, K) or (T, K); for one output (N, K) or (K,).
    lengths : array of N integers, optional
        Leaves out the time steps after each sequence's end, in M too.
    reduction : {"mean", "sum"}
        Whether to divide by M.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> mse([tg.parameter(np.zeros(1)) for t in range(4)], [[8.0], [12.0], [10.0], [12.0]]).item()
    113.0
    """
    targets = np.asarray(targets)
    if targets.dtype.kind not in "fiu":
        raise TypeError(f"the targets of mse should be numbers, not {targets.dtype}")
    each, needed = _each_step(outputs, targets)
    _check_shapes(each.shape, needed, "mse")
    targets = targets.astype(each.dtype, copy=False)
    values = targets.size if lengths is None else int(np.sum(lengths)) * targets.shape[-1]
    return _total(_squared_error, outputs, targets, lengths, 1 / values if _mean(reduction) else 1.0)


def _squared_error(ŷ: Any, y: np.ndarray) -> Any:
    e = y - ŷ
    return tg.sum(e * e, axis=-1)


def _total(term: Term, outputs: Any, targets: np.ndarray, lengths: Any, scale: float) -> Any:
    if isinstance(outputs, tg.Tensor):
        L = term(outputs, targets)
        return _scaled_sum(L, scale) if L.ndim or scale != 1 else L
    active = None if lengths is None else mask(lengths, len(outputs), targets.shape[1:2])[..., 0]
    losses = []
    for t in range(1, len(outputs) + 1):
        with tg.timestep(t):
            L = _one_step(term, outputs[t - 1], targets[t - 1], None if active is None else active[t - 1])
        losses.append(L)
    return _scaled_sum(tg.stack(losses), scale)


def _one_step(term: Term, o: Any, y: np.ndarray, active: np.ndarray | None) -> Any:
    """Return L⁽ᵗ⁾, one number an example."""
    if active is None:
        return term(o, y)
    each = term(o, y)
    return tg.where(active, each, np.zeros(each.shape, each.dtype))


def _scaled_sum(losses: Any, scale: float) -> Any:
    if scale == 1:
        loss = tg.sum(losses)
    else:
        loss = tg.sum(losses) * scale
    return loss


def _each_step(outputs: Any, targets: np.ndarray) -> tuple[tg.Tensor, tuple[int, ...]]:
    """Return the output of a time step, and the shape of its targets."""
    if isinstance(outputs, tg.Tensor):
        return outputs, targets.shape
    if not outputs or targets.shape[:1] != (len(outputs),):
        raise ValueError(f"there are outputs of {len(outputs)} time steps, but targets of shape {targets.shape}")
    return outputs[0], targets.shape[1:]


def _check_shapes(output: tuple[int, ...], target: tuple[int, ...], name: str) -> None:
    if output != target:
        raise ValueError(f"{name} needs targets of shape {output} in each time step, not {target}")


def _check_classes(targets: np.ndarray, classes: int) -> None:
    if targets.size == 0 or targets.min() < 0 or targets.max() >= classes:
        raise ValueError(f"targets should be integers from 0 to {classes - 1}, and at least one")


def _mean(reduction: str) -> bool:
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction should be 'mean' or 'sum', not {reduction!r}")
    return reduction == "mean"

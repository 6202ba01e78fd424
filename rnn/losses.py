"""Losses over the outputs of all time steps, one term L⁽ᵗ⁾ a step, so that each can be drawn and stepped.

`outputs` is the list of T outputs that the models return, (N, K) or (K,) each, or a single output
(N, K) of a model that gives one for the whole sequence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .checks import Lengths, mask
from .unrolling import each_timestep

Outputs = tg.Tensor | Sequence[tg.Tensor]
Term = Callable[[tg.Tensor, np.ndarray], tg.Tensor]  # from the output and the targets of a time step to L⁽ᵗ⁾


def cross_entropy(outputs: Outputs, targets: ArrayLike, lengths: Lengths = None, reduction: str = "mean") -> tg.Tensor:
    """Return the cross-entropy of a softmax, ``L = Σₜ −log softmax(o⁽ᵗ⁾)[y⁽ᵗ⁾]``, a scalar (rows B1 and C1).

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

    Raises
    ------
    ValueError, TypeError
        When targets are not integers from 0 to K − 1, or shapes or lengths do not fit.

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
    output, target_shape = _first_step(outputs, targets)
    _check_shapes(output.shape[:-1], target_shape, "cross_entropy")
    _check_classes(targets, output.shape[-1])
    scale = 1 / max(1, math.prod(target_shape)) if _is_mean(reduction) else 1.0
    return _total(tg.softmax_cross_entropy, outputs, targets, lengths, scale)


def mse(outputs: Outputs, targets: ArrayLike, lengths: Lengths = None, reduction: str = "mean") -> tg.Tensor:
    """Return the mean squared error, ``MSE = (1/M) Σ (y − ŷ)²`` over all M target values, a scalar (row B2).

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

    Raises
    ------
    ValueError, TypeError
        When targets are not numbers, or shapes or lengths do not fit.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> mse([tg.parameter(np.zeros(1)) for t in range(4)], [[8.0], [12.0], [10.0], [12.0]]).item()
    113.0
    """
    targets = np.asarray(targets)
    if targets.dtype.kind not in "fiu":
        raise TypeError(f"the targets of mse should be numbers, not {targets.dtype}")
    output, target_shape = _first_step(outputs, targets)
    _check_shapes(output.shape, target_shape, "mse")
    targets = targets.astype(output.dtype, copy=False)
    values = targets.size if lengths is None else max(1, int(np.sum(lengths))) * targets.shape[-1]
    return _total(_squared_error, outputs, targets, lengths, 1 / values if _is_mean(reduction) else 1.0)


def _squared_error(ŷ: tg.Tensor, y: np.ndarray) -> tg.Tensor:
    e = y - ŷ
    return tg.sum(e * e, axis=-1)


def _total(term: Term, outputs: Outputs, targets: np.ndarray, lengths: Lengths, scale: float) -> tg.Tensor:
    if isinstance(outputs, tg.Tensor):
        if lengths is not None:
            raise ValueError("lengths are of outputs in every time step; here there is one output for all of them")
        L = term(outputs, targets)
        return _scaled_sum(L, scale) if L.ndim or scale != 1 else L
    sequences: list[Any] = [outputs, targets]
    if lengths is not None:
        sequences.append(mask(lengths, len(outputs), targets.shape[1:2])[..., 0])
    losses = each_timestep(partial(_one_step, term), *sequences)
    return _scaled_sum(tg.stack(losses), scale)


def _one_step(term: Term, o: tg.Tensor, y: np.ndarray, active: np.ndarray | None = None) -> tg.Tensor:
    """Return L⁽ᵗ⁾, one number an example."""
    if active is None:
        L = term(o, y)
    else:
        each = term(o, y)
        L = tg.where(active, each, np.zeros(each.shape, each.dtype))
    return L


def _scaled_sum(losses: tg.Tensor, scale: float) -> tg.Tensor:
    if scale == 1:
        loss = tg.sum(losses)
    else:
        loss = tg.sum(losses) * scale
    return loss


def _first_step(outputs: Outputs, targets: np.ndarray) -> tuple[tg.Tensor, tuple[int, ...]]:
    """Return the output of the first time step, and the shape of its targets."""
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


def _is_mean(reduction: str) -> bool:
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction should be 'mean' or 'sum', not {reduction!r}")
    return reduction == "mean"

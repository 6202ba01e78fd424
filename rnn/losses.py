"""Losses over the outputs of all time steps, one term L⁽ᵗ⁾ a step, so that each can be drawn and stepped.

`outputs` is the list of T outputs that the models return, (N, K) or (K,) each, or one Tensor: (N, K) of a model
that gives one for the whole sequence, or (T, N, K) of all time steps.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg
from tinygraph.recording.questions import on_values

from .checks import Lengths
from .reducing import Outputs, Term, active_steps, check_shapes, checked_targets, first_step, over_values, reduced


def cross_entropy(
    outputs: Outputs,
    targets: ArrayLike,
    lengths: Lengths = None,
    reduction: str | None = None,
    *,
    weight: ArrayLike | None = None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> tg.Tensor:
    """Return the cross-entropy of a softmax, ``L = Σₜ −log softmax(o⁽ᵗ⁾)[y⁽ᵗ⁾]``, a scalar (rows B1 and C1).

    Parameters
    ----------
    outputs : list of T tensors, (N, K) or (K,), or one tensor (…, K)
        The scores o, before the softmax; classes come last.
    targets : array of integers
        (T, N) or (T,); for one output (…), such as (N,) or a single number.
    lengths : array of N integers, optional
        Leaves out the time steps after each sequence's end.
    reduction : {"mean", "sum", "batchmean", "none"}, optional
        "mean": over all targets that count, each with its weight, as in PyTorch: the loss does not grow with T.
        "sum": over all. "batchmean": summed over time, and divided by N. "none": each by itself, (T, N).
        When not given, the lectures' "batchmean" for a list of time steps and "mean" for one tensor.
    weight : (K,) array, optional
        Of each class.
    ignore_index : int
        A target that does not count, such as the number of the padding.
    label_smoothing : float
        The share of each target that is spread over all classes evenly (Szegedy et al. 2016).

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
    >>> bool(np.isclose(cross_entropy(o, [0, 1, 2], reduction="mean").item(), np.log(4)))
    True
    """
    classes: Any = checked_targets("cross_entropy", outputs, targets)
    if classes.dtype.kind not in "iu":
        hint = "; of one-hot targets give the classes, ys.argmax(axis=-1)" if classes.dtype.kind == "f" else ""
        raise TypeError(f"the targets of cross_entropy should be integers, not {classes.dtype}{hint}")
    output, target_shape = first_step(outputs, classes)
    last = "" if output.ndim < 3 else f"; classes come last, in outputs of shape {output.shape}: swap the axes"
    check_shapes(output.shape[:-1], target_shape, "cross_entropy", last)
    counts = _which_count(classes, ignored=ignore_index, classes=output.shape[-1])
    active = active_steps(outputs, classes, lengths)
    if isinstance(counts, tg.Tensor) or not counts.all():
        active, classes = counts if active is None else np.logical_and(counts, active), np.where(counts, classes, 0)
    weights = _class_weights(weight, output)
    term = _cross_entropy_term(weights, label_smoothing, output.shape[-1])
    single = isinstance(outputs, tg.Tensor)
    divisors = {
        "mean": _total_weight(weights, classes, active),
        "sum": 1,
        "batchmean": math.prod(target_shape[-1:] if single else target_shape),
        "none": 1,
    }
    return reduced(term, outputs, classes, active, reduction or ("mean" if single else "batchmean"), divisors)


def mse(outputs: Outputs, targets: ArrayLike, lengths: Lengths = None, reduction: str = "mean") -> tg.Tensor:
    """Return the mean squared error, ``MSE = (1/M) Σ (y − ŷ)²`` over all M target values, a scalar (row B2).

    Parameters
    ----------
    outputs : list of T tensors, (N, K) or (K,), or one tensor
        The forecasts ŷ.
    targets : array
        (T, N, K) or (T, K); for one output its own shape.
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
    return over_values("mse", _squared_error, outputs, targets, lengths, reduction)


def binary_cross_entropy(
    outputs: Outputs,
    targets: ArrayLike,
    lengths: Lengths = None,
    reduction: str = "mean",
    *,
    weight: ArrayLike | None = None,
) -> tg.Tensor:
    """Return the mean of ``−y log p − (1 − y) log(1 − p)`` over all target values, a scalar.

    Of scores, before the logistic function, `binary_cross_entropy_with_logits` is exact where p is 0 or 1 to the
    last digit; here, as in PyTorch, no logarithm is less than −100.

    Parameters
    ----------
    outputs : list of T tensors, (N, K) or (K,), or one tensor
        The probabilities p.
    targets : array
        From 0 to 1, (T, N, K) or (T, K); for one output its own shape.
    lengths : array of N integers, optional
        Leaves out the time steps after each sequence's end, in the mean too.
    reduction : {"mean", "sum"}
    weight : array, optional
        Of each value, in a shape that broadcasts to an output's.

    Raises
    ------
    ValueError, TypeError
        When an output or a target is not from 0 to 1, or shapes or lengths do not fit.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> p = tg.parameter(np.array([0.5, 0.25]))
    >>> bool(np.isclose(binary_cross_entropy(p, [1, 0]).item(), -(np.log(0.5) + np.log(0.75)) / 2))
    True
    """
    name = "binary_cross_entropy"
    targets = checked_targets(name, outputs, targets)
    targets = _probabilities(targets, name=name)
    return over_values(name, partial(_binary_term, weight=weight), outputs, targets, lengths, reduction)


def binary_cross_entropy_with_logits(
    outputs: Outputs,
    targets: ArrayLike,
    lengths: Lengths = None,
    reduction: str = "mean",
    *,
    weight: ArrayLike | None = None,
    pos_weight: ArrayLike | None = None,
) -> tg.Tensor:
    """Return `binary_cross_entropy` of ``p = σ(o)``, without rounding where p is near 0 or 1.

    Parameters
    ----------
    outputs : list of T tensors, (N, K) or (K,), or one tensor
        The scores o, before the logistic function.
    targets, lengths, reduction, weight
        As for `binary_cross_entropy`.
    pos_weight : array, optional
        Factor of ``−y log p``: above 1 a positive that is missed costs more.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> o = tg.parameter(np.array([[1000.0], [-1000.0]]))
    >>> binary_cross_entropy_with_logits(o, [[1], [1]]).item()
    500.0
    """
    name = "binary_cross_entropy_with_logits"
    targets = checked_targets(name, outputs, targets)
    targets = _probabilities(targets, name=name)
    term = partial(_binary_logits_term, weight=weight, pos_weight=pos_weight)
    return over_values(name, term, outputs, targets, lengths, reduction)


# -- the term of a time step -------------------------------------------------------------------------------------------


def _squared_error(ŷ: tg.Tensor, y: np.ndarray) -> tg.Tensor:
    e = y - ŷ
    return e * e


def _binary_term(p: tg.Tensor, y: np.ndarray, weight: ArrayLike | None) -> tg.Tensor:
    y = _beside_probabilities(y, p)
    least = np.exp(np.asarray(-100, p.dtype))
    return _weighted(-(y * tg.log(tg.maximum(p, least)) + (1 - y) * tg.log(tg.maximum(1 - p, least))), weight)


def _binary_logits_term(
    o: tg.Tensor, y: np.ndarray, weight: ArrayLike | None, pos_weight: ArrayLike | None
) -> tg.Tensor:
    positive = y if pos_weight is None else _as(o.dtype, pos_weight) * y
    return _weighted(positive * tg.softplus(-o) + (1 - y) * tg.softplus(o), weight)


def _weighted(losses: tg.Tensor, weight: ArrayLike | None) -> tg.Tensor:
    return losses if weight is None else losses * _as(losses.dtype, weight)


def _as(dtype: np.dtype, values: Any) -> Any:
    if isinstance(values, tg.Tensor):
        return values if values.dtype == dtype else values.astype(dtype)
    return np.asarray(values, dtype)


def _cross_entropy_term(weights: Any, smoothing: float, classes: int) -> Term:
    """Return the function of scores o and classes y to −log softmax(o)[y], weighted and smoothed."""
    if not 0 <= smoothing <= 1:
        raise ValueError(f"label_smoothing should be from 0 to 1, not {smoothing}")
    if smoothing:
        each = np.ones(classes) if weights is None else weights
        return lambda o, y: -tg.sum(_shares(y, each, smoothing=smoothing, dtype=o.dtype) * tg.log_softmax(o), axis=-1)
    if weights is not None:
        return lambda o, y: _weights_of(y, weights) * tg.softmax_cross_entropy(o, y)
    return tg.softmax_cross_entropy


# -- what is data: a compiled loss looks at it anew in each call -------------------------------------------------------


@on_values
def _which_count(targets: np.ndarray, *, ignored: int, classes: int) -> np.ndarray:
    """Return which targets are not to be ignored; all of these should be classes."""
    counts = targets != ignored
    those = targets[counts]
    if those.size and (those.min() < 0 or those.max() >= classes):
        wrong = those.min() if those.min() < 0 else those.max()
        raise ValueError(f"targets should be integers from 0 to {classes - 1}, not {wrong}")
    return np.asarray(counts)


@on_values
def _shares(y: np.ndarray, weights: np.ndarray, *, smoothing: float, dtype: np.dtype) -> np.ndarray:
    """Return what each class gets of the targets y, smoothed over all of them."""
    classes = len(weights)
    shares = (1 - smoothing) * np.diag(weights) + smoothing / classes * weights
    return shares[y].astype(dtype)


@on_values
def _weights_of(y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights[y]


def _class_weights(weight: Any, output: tg.Tensor) -> Any:
    if weight is None:
        return None
    values = weight if isinstance(weight, tg.Tensor) else np.asarray(weight)
    return _checked_weights(values, classes=output.shape[-1], dtype=output.dtype)


@on_values
def _checked_weights(weights: np.ndarray, *, classes: int, dtype: np.dtype) -> np.ndarray:
    if weights.shape != (classes,) or not (weights >= 0).all():
        raise ValueError(f"weight should hold {classes} numbers of at least 0, one a class, not {weights.tolist()!r}")
    return weights.astype(dtype)


def _total_weight(weights: Any, targets: Any, active: Any) -> Any:
    if weights is None:
        return np.float64(math.prod(targets.shape)) if active is None else _sum_of(active)
    each = _weights_of(targets, weights)
    return _sum_of(each) if active is None else _sum_of(each, active)


@on_values
def _sum_of(values: np.ndarray, *which: np.ndarray) -> np.floating:
    return values[which].sum(dtype=float) if which else values.sum(dtype=float)


@on_values
def _probabilities(targets: np.ndarray, *, name: str) -> np.ndarray:
    if targets.dtype.kind in "fiub" and not ((targets >= 0) & (targets <= 1)).all():
        raise ValueError(f"the targets of {name} should be from 0 to 1")
    return targets


@on_values
def _beside_probabilities(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return targets as they are, beside outputs that are probabilities."""
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError(
            "binary_cross_entropy takes probabilities, from 0 to 1; of scores take binary_cross_entropy_with_logits"
        )
    return y

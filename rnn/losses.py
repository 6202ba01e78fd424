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
from tinygraph.recording.questions import will_run_again

from .checks import Lengths, mask
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
    if isinstance(targets, tg.Tensor) and will_run_again() and weight is None and not label_smoothing:
        return _of_any_targets(outputs, targets, lengths, reduction or "batchmean", ignore_index)
    targets = checked_targets("cross_entropy", outputs, targets)
    if targets.dtype.kind not in "iu":
        hint = "; of one-hot targets give the classes, ys.argmax(axis=-1)" if targets.dtype.kind == "f" else ""
        raise TypeError(f"the targets of cross_entropy should be integers, not {targets.dtype}{hint}")
    output, target_shape = first_step(outputs, targets)
    last = "" if output.ndim < 3 else f"; classes come last, in outputs of shape {output.shape}: swap the axes"
    check_shapes(output.shape[:-1], target_shape, "cross_entropy", last)
    counts = targets != ignore_index
    _check_classes(targets[counts], output.shape[-1])
    active = active_steps(outputs, targets, lengths)
    if not counts.all():
        active, targets = counts if active is None else counts & active, np.where(counts, targets, 0)
    weights = _class_weights(weight, output)
    term = _cross_entropy_term(weights, label_smoothing, output.shape[-1])
    single = isinstance(outputs, tg.Tensor)
    divisors = {
        "mean": _total_weight(weights, targets, active),
        "sum": 1,
        "batchmean": math.prod(target_shape[-1:] if single else target_shape),
        "none": 1,
    }
    return reduced(term, outputs, targets, active, reduction or ("mean" if single else "batchmean"), divisors)


def _of_any_targets(outputs: Any, targets: Any, lengths: Any, reduction: str, ignored: int) -> tg.Tensor:
    """Return the cross-entropy of all time steps, in ops that do not look at the targets: they are compiled."""
    if isinstance(outputs, tg.Tensor) or reduction not in ("sum", "batchmean"):
        raise NotImplementedError("compiled, cross_entropy is of lists of outputs: reduction sum or batchmean")
    output, target_shape = first_step(outputs, targets)
    check_shapes(output.shape[:-1], target_shape, "cross_entropy")
    counts: Any = np.not_equal(targets, ignored)
    active = counts
    if lengths is not None:
        active = np.logical_and(counts, mask(lengths, len(outputs), target_shape[:1])[..., 0])
    classes = tg.where(counts, targets, 0)
    term = _cross_entropy_term(None, 0.0, output.shape[-1])
    divisors: dict[str, float] = {"sum": 1, "batchmean": math.prod(target_shape)}
    T = range(len(outputs))
    steps: Any = [classes[t] for t in T]
    counting: Any = [active[t] for t in T]
    return reduced(term, outputs, steps, counting, reduction, divisors)


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
    for output in [outputs] if isinstance(outputs, tg.Tensor) else outputs:
        if not ((output.data >= 0) & (output.data <= 1)).all():
            raise ValueError(
                "binary_cross_entropy takes probabilities, from 0 to 1; of scores take binary_cross_entropy_with_logits"
            )
    _check_probabilities(targets, name)
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
    _check_probabilities(targets, name)
    term = partial(_binary_logits_term, weight=weight, pos_weight=pos_weight)
    return over_values(name, term, outputs, targets, lengths, reduction)


# -- the term of a time step -------------------------------------------------------------------------------------------


def _squared_error(ŷ: tg.Tensor, y: np.ndarray) -> tg.Tensor:
    e = y - ŷ
    return e * e


def _binary_term(p: tg.Tensor, y: np.ndarray, weight: ArrayLike | None) -> tg.Tensor:
    least = np.exp(np.asarray(-100, p.dtype))
    return _weighted(-(y * tg.log(tg.maximum(p, least)) + (1 - y) * tg.log(tg.maximum(1 - p, least))), weight)


def _binary_logits_term(
    o: tg.Tensor, y: np.ndarray, weight: ArrayLike | None, pos_weight: ArrayLike | None
) -> tg.Tensor:
    positive = y if pos_weight is None else np.asarray(pos_weight, o.dtype) * y
    return _weighted(positive * tg.softplus(-o) + (1 - y) * tg.softplus(o), weight)


def _weighted(losses: tg.Tensor, weight: ArrayLike | None) -> tg.Tensor:
    return losses if weight is None else losses * np.asarray(weight, losses.dtype)


def _cross_entropy_term(weights: np.ndarray | None, smoothing: float, classes: int) -> Term:
    """Return the function of scores o and classes y to −log softmax(o)[y], weighted and smoothed."""
    if not 0 <= smoothing <= 1:
        raise ValueError(f"label_smoothing should be from 0 to 1, not {smoothing}")
    if smoothing:
        each = np.ones(classes) if weights is None else weights
        shares = (1 - smoothing) * np.diag(each) + smoothing / classes * each  # row y: what each class gets of y
        return lambda o, y: -tg.sum(shares[y].astype(o.dtype) * tg.log_softmax(o), axis=-1)
    if weights is not None:
        return lambda o, y: weights[y] * tg.softmax_cross_entropy(o, y)
    return tg.softmax_cross_entropy


def _class_weights(weight: ArrayLike | None, output: tg.Tensor) -> np.ndarray | None:
    if weight is None:
        return None
    weights = np.asarray(weight, output.dtype)
    if weights.shape != output.shape[-1:] or not (weights >= 0).all():
        raise ValueError(f"weight should hold {output.shape[-1]} numbers of at least 0, one a class, not {weight!r}")
    return weights


def _total_weight(weights: np.ndarray | None, targets: np.ndarray, active: np.ndarray | None) -> float:
    each = np.ones(targets.shape) if weights is None else weights[targets]
    return float(each.sum() if active is None else each[active].sum())


def _check_classes(targets: np.ndarray, classes: int) -> None:
    if targets.size and (targets.min() < 0 or targets.max() >= classes):
        wrong = targets.min() if targets.min() < 0 else targets.max()
        raise ValueError(f"targets should be integers from 0 to {classes - 1}, not {wrong}")


def _check_probabilities(targets: np.ndarray, name: str) -> None:
    if targets.dtype.kind in "fiub" and not ((targets >= 0) & (targets <= 1)).all():
        raise ValueError(f"the targets of {name} should be from 0 to 1")

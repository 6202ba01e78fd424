"""How the losses of several batches make one: what the loss of all of them in one batch would be."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from math import prod
from typing import Any

import numpy as np

import tinygraph as tg

from .checks import Lengths, mask

Loss = Callable[..., tg.Tensor]
Remark = tuple[str, Any]  # a reduction, and what it divided by


def weight(loss: Loss, targets: Any, lengths: Lengths = None, *, stepwise: bool = True) -> float:
    """Return by how much a batch counts: the number of target values that a mean is over, and infinity for a sum.

    What `lengths` masks does not count, nor what a `functools.partial` gives the loss as its ``ignore_index``; the
    ``weight`` of a loss that has one is of classes, which count by it. A "batchmean" is over the sequences; it is what
    a loss does whose reduction is None where outputs are `stepwise`, a list over the time steps. A loss of another kind
    tells by itself, by its attribute ``count``: ``loss.count(targets, lengths)``.

    Examples
    --------
    >>> import rnn
    >>> weight(rnn.mse, np.zeros((5, 2, 3))), weight(rnn.mse, np.zeros((5, 2, 3)), lengths=[5, 1])
    (30.0, 18.0)
    >>> weight(partial(rnn.mse, reduction="sum"), np.zeros((5, 2, 3)))
    inf
    """
    if hasattr(loss, "count"):
        return float(loss.count(targets, lengths))
    if isinstance(targets, Mapping):
        return sum(weight(loss, part, lengths, stepwise=stepwise) for part in targets.values())
    options, targets = _options(loss), np.asarray(targets)
    reduction = options.get("reduction", "mean") or ("batchmean" if stepwise else "mean")
    if reduction == "sum":
        return math.inf
    if reduction == "batchmean":
        return float(prod(targets.shape[1:] if stepwise else targets.shape[-1:]))
    return float(_count(targets, lengths, options))


def remarked(loss: Loss, value: tg.Tensor, remarks: Sequence[tuple[tg.Tensor, Remark]]) -> Remark | None:
    """Return the reduction of the loss that was computed, and what it divided by, as `rnn.reducing` told; else None.

    So it is known of a lambda, too, around one of the losses here: of that loss itself, of a mean with a factor or a
    penalty, and of sums that are added. A sum that is divided by hand is some mean, nobody knows which.
    """
    facts = {id(tensor): fact for tensor, fact in remarks}
    if hasattr(loss, "count") or not facts:
        return None
    terms = _terms(value, facts)
    if not terms and value.op is None and math.isclose(value.item(), sum(t.item() for t, _ in remarks), rel_tol=1e-6):
        terms = list(facts.values())  # nothing is recorded, and so no sum of them
    if terms and (len(terms) == 1 or all(reduction == "sum" for reduction, _ in terms)):
        return terms[0]
    (fact, *others) = facts.values()
    return None if others or fact[0] in ("sum", "none") else fact


def _terms(value: tg.Tensor, facts: dict[int, Remark]) -> list[Remark]:
    """Return what was said of the losses that add up to this one; nothing where it is made in another way."""
    if id(value) in facts:
        return [facts[id(value)]]
    parts = [_terms(part, facts) for part in value.inputs] if value.op is not None and value.op.name == "add" else []
    return [fact for terms in parts for fact in terms] if all(parts) else []


def weight_of(remark: Remark) -> float:
    """Return by how much a batch counts whose loss said so."""
    reduction, divisor = remark
    return math.inf if reduction == "sum" else float(divisor)


def combined(loss: Loss, losses: Iterable[float], weights: Sequence[float]) -> float:
    """Return the loss of several batches from that of each: their weighted mean, or their sum where the loss is one."""
    return float(sum(value * share for value, share in zip(losses, shares(loss, weights), strict=True)))


def shares(loss: Loss, weights: Sequence[float]) -> list[float]:
    """Return the factor of each batch's loss in that of all."""
    if not hasattr(loss, "count") and (_options(loss).get("reduction") == "sum" or all(map(math.isinf, weights))):
        return [1.0 for _ in weights]
    total = sum(weights)
    return [weight / total if total else 0.0 for weight in weights]


def _options(loss: Loss) -> dict[str, Any]:
    """Return what a loss is called with beside outputs, targets and lengths: its defaults, and those of a partial."""
    given: dict[str, Any] = {}
    while isinstance(loss, partial):
        given = loss.keywords | given
        loss = loss.func
    return (_defaults(loss) if isinstance(loss, Hashable) else _defaults.__wrapped__(loss)) | given


@lru_cache(maxsize=32)
def _defaults(function: Loss) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # of a function that tells none
        return {}
    return {name: p.default for name, p in parameters.items() if p.default is not p.empty}


def _count(targets: np.ndarray, lengths: Lengths, options: Mapping[str, Any]) -> float:
    """Return how many target values there are, each counted as much as the loss counts it."""
    ignored = options.get("ignore_index")
    classes = options.get("weight") if "ignore_index" in options else None  # of others it is a weight of each value
    if targets.dtype.kind not in "iu" or (classes is None and ignored is None):
        return targets.size if lengths is None else int(np.sum(lengths)) * prod(targets.shape[1 + np.ndim(lengths) :])
    counts = np.ones(targets.shape) if ignored is None else (targets != ignored).astype(float)
    if lengths is not None:
        counts *= mask(lengths, len(targets), targets.shape[1:])[..., 0]
    if classes is not None:
        counts *= np.asarray(classes, float)[np.where(counts > 0, targets, 0)]
    return float(counts.sum())

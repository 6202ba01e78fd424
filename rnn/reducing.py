"""The terms of a loss, taken in each time step, and their sum or mean over those that count."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

import tinygraph as tg
from tinygraph.recording.questions import on_values, will_run_again
from tinygraph.recording.remarks import remark

from .checks import Lengths, mask
from .unrolling import each_timestep

Outputs = tg.Tensor | Sequence[tg.Tensor]
Term = Callable[[tg.Tensor, np.ndarray], tg.Tensor]  # from the output and the targets of a time step to L⁽ᵗ⁾


def checked_targets(name: str, outputs: Any, targets: Any) -> Any:
    """Return targets as an array; raise TypeError where outputs are no Tensors, or targets get a gradient.

    Where what is recorded will run again they are a Tensor that stands for those of then.
    """
    several = isinstance(outputs, (list, tuple))
    if not all(isinstance(output, tg.Tensor) for output in (outputs if several else [outputs])):
        given = f"a {type(outputs).__name__} of {type(outputs[0]).__name__}" if several else type(outputs).__name__
        raise TypeError(f"{name}(outputs, targets): outputs come first, Tensors or lists of them, not {given}")
    each = [y.data if isinstance(y, tg.Tensor) else y for y in targets] if isinstance(targets, list) else targets
    if any(isinstance(y, tg.Tensor) and y.requires_grad for y in (targets if isinstance(targets, list) else [targets])):
        raise TypeError(f"{name}(outputs, targets): targets are data, and get no gradient; y.detach() makes data of y")
    if isinstance(each, tg.Tensor):
        return each if will_run_again() else each.data
    return np.asarray(each)


def over_values(name: str, term: Term, outputs: Any, targets: Any, lengths: Lengths, reduction: str) -> tg.Tensor:
    """Return the sum or the mean of a term that is taken of each target value."""
    targets = checked_targets(name, outputs, targets)
    if targets.dtype.kind not in "fiub":
        raise TypeError(f"the targets of {name} should be numbers, not {targets.dtype}")
    output, target_shape = first_step(outputs, targets)
    check_shapes(output.shape, target_shape, name)
    active = active_steps(outputs, targets, lengths)
    if active is None:
        values, features = targets.size, min(output.ndim, 1)
    else:
        values = _how_many(active, each=math.prod(targets.shape[active.ndim :]))
        features = targets.ndim - active.ndim
    axis: Any = -1 if features == 1 else tuple(range(-features, 0))

    def total(o: tg.Tensor, y: np.ndarray) -> tg.Tensor:
        return tg.sum(term(o, y), axis=axis)

    targets = targets if targets.dtype == output.dtype else targets.astype(output.dtype)
    return reduced(total if features else term, outputs, targets, active, reduction, {"mean": values, "sum": 1})


def reduced(
    term: Term,
    outputs: Outputs,
    targets: np.ndarray,
    active: np.ndarray | None,
    reduction: str,
    divisors: dict[str, Any],
) -> tg.Tensor:
    """Return the sum of all terms, divided as the reduction says; with "none" the terms."""
    if reduction not in divisors:
        raise ValueError(f"reduction should be {_either(divisors)}, not {reduction!r}")
    output = outputs if isinstance(outputs, tg.Tensor) else outputs[0]
    loss = _reduced(term, outputs, targets, active, reduction, _scale(divisors[reduction], output.dtype))
    remark(loss, (reduction, divisors[reduction]))
    return loss


def _reduced(
    term: Term, outputs: Outputs, targets: np.ndarray, active: np.ndarray | None, reduction: str, scale: Any
) -> tg.Tensor:
    if isinstance(outputs, tg.Tensor):
        L = _one_step(term, outputs, targets, active)
        return L if reduction == "none" or (L.ndim == 0 and _is_one(scale)) else _scaled_sum(L, scale)
    sequences: list[Any] = [outputs, targets] if active is None else [outputs, targets, active]
    losses = each_timestep(partial(_one_step, term), *sequences)
    return tg.stack(losses) if reduction == "none" else _scaled_sum(tg.stack(losses), scale)


def _one_step(term: Term, o: tg.Tensor, y: np.ndarray, active: np.ndarray | None = None) -> tg.Tensor:
    """Return L⁽ᵗ⁾, one number an example."""
    if active is None:
        L = term(o, y)
    else:
        each = term(o, y)
        L = tg.where(active, each, np.zeros(each.shape, each.dtype))
    return L


@on_values
def _how_many(active: np.ndarray, *, each: int) -> np.int64:
    """Return how many values stand where a mask says so, at least those of one place."""
    return np.maximum(1, active.sum()) * each


def _scale(divisor: Any, dtype: np.dtype) -> Any:
    """Return the factor by which a sum becomes a mean: a plain number; of a Tensor one of the sum's dtype."""
    return _inverse(divisor, dtype=dtype) if isinstance(divisor, tg.Tensor) else float(_inverse(divisor, dtype=None))


@on_values
def _inverse(divisor: Any, *, dtype: np.dtype | None) -> Any:
    if not divisor:
        raise ValueError("there is no target that counts: all are ignored, or of weight 0")
    return np.asarray(1 / divisor, dtype)[()]


def _is_one(scale: Any) -> bool:
    return not isinstance(scale, tg.Tensor) and scale == 1


def _scaled_sum(losses: tg.Tensor, scale: Any) -> tg.Tensor:
    if _is_one(scale):
        loss = tg.sum(losses)
    else:
        loss = tg.sum(losses) * scale
    return loss


def first_step(outputs: Outputs, targets: np.ndarray) -> tuple[tg.Tensor, tuple[int, ...]]:
    """Return the output of the first time step, and the shape of its targets."""
    if isinstance(outputs, tg.Tensor):
        return outputs, targets.shape
    if not outputs or targets.shape[:1] != (len(outputs),):
        raise ValueError(f"there are outputs of {len(outputs)} time steps, but targets of shape {targets.shape}")
    return outputs[0], targets.shape[1:]


def active_steps(outputs: Outputs, targets: np.ndarray, lengths: Lengths) -> np.ndarray | None:
    """Return which time steps there are, (T, N), or None where that is all of them."""
    if lengths is None:
        return None
    if isinstance(outputs, tg.Tensor) and outputs.ndim < 3:
        raise ValueError("lengths are of outputs in every time step; here there is one output for all of them")
    return mask(lengths, len(targets), targets.shape[1:2])[..., 0]


def check_shapes(output: tuple[int, ...], target: tuple[int, ...], name: str, hint: str = "") -> None:
    """Raise ValueError unless targets have the shape that outputs ask for."""
    if output != target:
        raise ValueError(f"{name} needs targets of shape {output} in each time step, not {target}{hint}")


def _either(choices: Iterable[str]) -> str:
    *others, last = sorted(map(repr, choices))
    return f"{', '.join(others)} or {last}"

"""Learning rates as functions of the number of updates done: pass one as an optimiser's ``lr``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

Schedule = Callable[[int], float]


def check_number(lr: Any) -> None:
    """Raise unless a rate is a number, at least 0: a schedule is given to an optimiser, and not the other way round."""
    if not isinstance(lr, Real) or isinstance(lr, bool):
        way = ": a schedule is given to the optimiser, as rnn.Adam(model, lr=schedule)" * hasattr(lr, "zero_grad")
        raise TypeError(f"lr should be a number, not {lr!r}{way}")
    if not float(lr) >= 0:
        raise ValueError(f"lr should be at least 0, not {lr}")


def step_decay(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Return the schedule that multiplies the rate by `factor` after each `every` updates.

    Examples
    --------
    >>> [step_decay(1.0, every=2, factor=0.5)(update) for update in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    check_number(lr)
    return lambda update: lr * factor ** (update // every)


def exponential_decay(lr: float, half_life: float) -> Schedule:
    """Return the schedule that halves the rate smoothly, once in `half_life` updates.

    Examples
    --------
    >>> exponential_decay(1.0, half_life=10)(20)
    0.25
    """
    check_number(lr)
    return lambda update: lr * 0.5 ** (update / half_life)


def cosine_decay(lr: float, updates: int, final: float = 0.0) -> Schedule:
    """Return the schedule that falls from `lr` to `final` along half a cosine (Loshchilov and Hutter 2017).

    Examples
    --------
    >>> schedule = cosine_decay(1.0, updates=10)
    >>> schedule(0), round(schedule(5), 12), schedule(10), schedule(11)
    (1.0, 0.5, 0.0, 0.0)
    """
    check_number(lr)

    def schedule(update: int) -> float:
        done = min(update / updates, 1.0)
        return final + (lr - final) * (1 + math.cos(math.pi * done)) / 2

    return schedule


def warmup(schedule: float | Schedule, updates: int) -> Schedule:
    """Return the schedule that rises in a straight line for `updates` updates, then follows another from its start.

    Examples
    --------
    >>> [warmup(1.0, updates=4)(update) for update in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """

    def follow(update: int) -> float:
        return float(schedule(update) if callable(schedule) else schedule)

    return lambda update: follow(0) * (update + 1) / updates if update < updates else follow(update - updates)


class ReduceLROnPlateau:
    """The schedule that multiplies the rate by a factor when a loss has stopped falling, as PyTorch's of that name.

    It is an optimiser's ``lr``: `fit` lets it `follow` the losses so far before each epoch. In a loop of one's own,
    tell it each by `step`.

    Parameters
    ----------
    lr : float
        The rate at first.
    mode : {"min", "max"}
        Whether what is measured should fall, or rise.
    factor : float
        Below 1.
    patience : int
        After so many epochs without a better value, the next one reduces the rate.
    threshold : float
        What counts as better: by that share ("rel"), or by that much ("abs").
    threshold_mode : {"rel", "abs"}
    cooldown : int
        Epochs after a reduction in which none is counted.
    min_lr : float
        The rate goes no lower.
    eps : float
        A reduction by less than that is left out.

    Examples
    --------
    >>> plateau = ReduceLROnPlateau(1.0, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     plateau.step(loss)
    >>> plateau(0)
    0.5
    """

    def __init__(
        self,
        lr: float,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        check_number(lr)
        if not 0 < factor < 1:
            raise ValueError(f"factor should be above 0 and below 1, not {factor}")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                f"mode should be 'min' or 'max', threshold_mode 'rel' or 'abs', not {mode!r} and {threshold_mode!r}"
            )
        self.lr, self.mode, self.factor, self.patience = lr, mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.min_lr, self.eps = cooldown, min_lr, eps
        self.follow(())

    def __call__(self, update: int) -> float:
        """Return the rate as it is, whatever the number of updates."""
        return self.rate

    def follow(self, measured: Iterable[float]) -> None:
        """Begin anew, and take one step for each value measured: a run that is resumed has the rate that it had."""
        self.rate = self.lr
        self.best = math.inf if self.mode == "min" else -math.inf
        self.waited, self.resting = 0, 0
        for value in measured:
            self.step(value)

    def step(self, value: float) -> None:
        """Take note of what an epoch has measured."""
        if self._is_better(value):
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        if self.resting > 0:
            self.resting, self.waited = self.resting - 1, 0
        if self.waited > self.patience:
            reduced = max(self.rate * self.factor, self.min_lr)
            self.rate = reduced if self.rate - reduced > self.eps else self.rate
            self.resting, self.waited = self.cooldown, 0

    def _is_better(self, value: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if math.isinf(self.best):
            return sign * value < sign * self.best
        margin = self.threshold * self.best if self.threshold_mode == "rel" else self.threshold
        return sign * value < sign * self.best - margin

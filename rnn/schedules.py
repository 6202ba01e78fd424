"""Learning rates as functions of the number of updates done: pass one as an optimiser's ``lr``."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def step_decay(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """Return the schedule that multiplies the rate by `factor` after each `every` updates.

    Examples
    --------
    >>> [step_decay(1.0, every=2, factor=0.5)(update) for update in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    return lambda update: lr * factor ** (update // every)


def exponential_decay(lr: float, half_life: float) -> Schedule:
    """Return the schedule that halves the rate smoothly, once in `half_life` updates.

    Examples
    --------
    >>> exponential_decay(1.0, half_life=10)(20)
    0.25
    """
    return lambda update: lr * 0.5 ** (update / half_life)


def cosine_decay(lr: float, updates: int, final: float = 0.0) -> Schedule:
    """Return the schedule that falls from `lr` to `final` along half a cosine (Loshchilov and Hutter 2017).

    Examples
    --------
    >>> schedule = cosine_decay(1.0, updates=10)
    >>> schedule(0), round(schedule(5), 12), schedule(10), schedule(11)
    (1.0, 0.5, 0.0, 0.0)
    """

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

"""Learning rates by part of a model: which rate a parameter is trained with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .schedules import Schedule, check_number

Rate = float | Schedule
Rates = Rate | Mapping[str, Rate]


def check_rates(lr: Rates, names: Iterable[str]) -> None:
    """Raise unless every rate is a number, at least 0, every parameter has one, and every part a parameter."""
    for rate in each_rate(lr):
        if not callable(rate):
            check_number(rate)
    if isinstance(lr, Mapping):
        unused = set(lr) - {part_of(name, lr) for name in names}
        if unused:
            raise ValueError(f"lr is given for {', '.join(sorted(unused))}: no parameter is there; of {list(names)}")


def each_rate(lr: Rates) -> list[Rate]:
    """Return all rates and schedules in `lr`."""
    return list(lr.values()) if isinstance(lr, Mapping) else [lr]


def part_of(name: str, parts: Iterable[str]) -> str:
    """Return which of the parts a parameter belongs to: the one with the longest name that its own begins with.

    Examples
    --------
    >>> part_of("cell.U", ["cell", "cell.U", "readout"]), part_of("cell.W", ["cell", "cell.U", "readout"])
    ('cell.U', 'cell')
    """
    within = [part for part in parts if name == part or name.startswith(f"{part}.")]
    if not within:
        raise ValueError(f"lr has no rate for {name}: it is given for {', '.join(parts)}; one that is to stay has 0")
    return max(within, key=len)


def rates_at(update: int, lr: Rates) -> float | dict[str, float]:
    """Return the rate after so many updates, or those of the parts by name."""
    if isinstance(lr, Mapping):
        return {part: float(rate(update) if callable(rate) else rate) for part, rate in lr.items()}
    return float(lr(update) if callable(lr) else lr)

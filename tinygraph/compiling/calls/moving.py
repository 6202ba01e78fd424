"""Other numbers than those that were given, for a second recording; and whether those say enough themselves."""

from __future__ import annotations

import numpy as np

_SAMPLE = 64
_MOVE = 2.0**-4  # how far the numbers that are recorded are from those that were given, in another order


def other_numbers(values: list[np.ndarray], held: set[int], floats: bool, integers: bool) -> list[np.ndarray]:
    """Return the numbers in another order, which are as large and of the same signs; floats a little off too."""
    rng = np.random.default_rng(0)
    moved = []
    for number, value in enumerate(values):
        of_floats = value.dtype.kind == "f"
        if number in held or not (floats if of_floats else integers):
            moved.append(value)
            continue
        if value.ndim:
            value = rng.permutation(value, axis=int(np.argmax(value.shape)))  # of all numbers that would take long
        noise = 1 + rng.uniform(-_MOVE, _MOVE, value.shape[-1:]) if of_floats else 1
        moved.append(np.asarray(value * noise, value.dtype))
    return moved


def are_telling(values: list[np.ndarray]) -> bool:
    """Tell whether numbers are such that a wrong plan does not give the same for them by chance: all are others."""
    some = [np.abs(value.reshape(-1)[:: 1 + value.size // _SAMPLE]) for value in values]
    floats = np.concatenate([np.zeros(0), *(numbers for numbers in some if numbers.dtype.kind == "f")])
    counts = all(numbers.size > 1 and np.ptp(numbers) for numbers in some if numbers.dtype.kind in "iu")
    booleans = any(numbers.dtype.kind not in "iuf" for numbers in some)
    different = (np.diff(np.sort(floats)) > 0).all() and not ((floats == 0) | (floats == 1)).any()
    return counts and not booleans and bool(different)

"""How closely gradients must agree, by dtype, and why."""

from __future__ import annotations

from typing import Any

import numpy as np

_ROUNDINGS = 24  # a sum of n terms loses about sqrt(n) units in the last place; the ops tested add up to some thousands
_ORACLE = 1e-9  # what extrapolated differences in float64 are good for: a complex step would allow 1e-14


def relative_tolerance(dtype: Any) -> float:
    """Return by how much a gradient computed in `dtype` may differ, relative to the terms that were added up.

    The oracle always works in float64, so what remains is the rounding of the gradient itself: 24 units in the last
    place. In float64 that is finer than the oracle, whose own 1e-9 counts then.

    Examples
    --------
    >>> [f"{relative_tolerance(dtype):.0e}" for dtype in (np.float64, np.float32, np.float16)]
    ['1e-09', '3e-06', '2e-02']
    """
    kind = np.dtype(dtype)
    if kind.kind != "f":
        return _ORACLE
    return max(_ROUNDINGS * float(np.finfo(kind).eps), _ORACLE)

"""Tables that a program fills cell by cell: by ``.at[index]`` on Tensors, by changed copies on arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygraph as tg


def table(start: Any, x: Any) -> Any:
    """Return a table to begin with: a Tensor if the program runs on Tensors, as its argument x tells."""
    return tg.tensor(start) if isinstance(x, tg.Tensor) and not isinstance(start, tg.Tensor) else start


def put(old: Any, index: Any, value: Any) -> Any:
    """Return a table with a value at an index; on arrays, a changed copy."""
    if isinstance(old, tg.Tensor):
        return old.at[index].set(value)
    new = old.astype(np.result_type(old, value))
    new[index] = value
    return new


def plus(old: Any, index: Any, value: Any) -> Any:
    """Return a table with a value added at an index, as often as the index comes."""
    if isinstance(old, tg.Tensor):
        return old.at[index].add(value)
    new = old.astype(np.result_type(old, value))
    np.add.at(new, index, value)
    return new

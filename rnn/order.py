"""Which Tensors are states, so that a cell that is called as PyTorch's, ``cell(x, h)``, can tell.

Where x and h have different sizes the product with U fails; where both have the same, nothing would.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

import numpy as np

import tinygraph as tg


def as_state(state: Any, cell: Any = None) -> Any:
    """Return `state`, whose Tensors say from now on that they are a state, and of which cell if one returned it."""
    if isinstance(state, tuple):
        for part in state:
            as_state(part, cell)
    elif isinstance(state, tg.Tensor) and state.state_of is None:
        state.state_of = _no_cell if cell is None else ref(cell)
    return state


def _no_cell() -> None:
    """Return None, as the reference to a cell that is no more does."""


def check_order(cell: Any, state: Any, x: Any) -> None:
    """Raise TypeError where x is a state that the cell itself returned, and `state` is none: they change places.

    Zeros are a state: with them begins who feeds a cell its own states as inputs.
    """
    if state is None or x is None:
        raise TypeError(
            f"{type(cell).__name__} is called as cell(h, x), with None as neither: the first h is"
            " cell.initial_state((N,)) for a batch of N, cell.initial_state() for a single sequence"
        )
    if not isinstance(x, tg.Tensor) or x.state_of is None or x.state_of() is not cell:
        return
    is_tensor = isinstance(state, tg.Tensor)
    if not (is_tensor and state.state_of is not None) and np.any(state.data if is_tensor else state):
        raise TypeError(
            f"{type(cell).__name__} is called with its state first, and then x, where PyTorch's cells take x first: "
            f"x is a state that this cell returned, and the first argument is none. Write cell(h, x)"
        )

"""`viz.draw`: from anything that was recorded to a drawing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import tinygraph as tg

from .drawing import Drawing
from .ops_view import ops_scene
from .variables_view import variables_scene

__all__ = ["draw", "graph_of"]

_VIEWS = {"ops": ops_scene, "variables": variables_scene}


def draw(
    x: Any,
    view: str = "ops",
    fold: bool = False,
    timesteps: slice | int | Iterable[int] | None = None,
    overlay: str | None = None,
) -> Drawing:
    """Draw a recorded program.

    Parameters
    ----------
    x : Tensor, Graph or Trace
        What was recorded, by its result.
    view : "ops" or "variables"
        Every op; or the variables that the program named, as in a textbook.
    """
    if view not in _VIEWS:
        raise ValueError(f"view must be 'ops' or 'variables', not {view!r}")
    return Drawing(_VIEWS[view](graph_of(x)))


def graph_of(x: Any) -> Any:
    """The graph of a Tensor, a Trace or a Graph.

    Raises
    ------
    TypeError
        If `x` is none of these.
    """
    if isinstance(x, tg.Tensor):
        return tg.graph(x)
    if isinstance(x, tg.Graph):
        return x
    if hasattr(x, "steps") and hasattr(x, "graph"):
        return x.graph
    raise TypeError(f"can draw a Tensor, a Graph or a Trace, not {type(x).__name__}")

"""`viz.draw`: from anything that was recorded to a drawing."""

from __future__ import annotations

from collections.abc import Iterable

import tinygraph as tg
from tinygraph.graphs.completed import Completed, completed
from tinygraph.memory import garbage_collector_paused
from tinygraph.recording.foreign import what_is_given

from .formats.drawing import Drawing
from .layout.graphviz_process import start_early
from .scenes.calls import calls_scene
from .scenes.collapse import collapse_scopes
from .scenes.folded import folded_scene, parts_of
from .scenes.gradients import with_gradients
from .scenes.numbers import with_numbers
from .scenes.ops import ops_scene
from .scenes.overlays import OVERLAYS, colour, scale_of, trace_of
from .scenes.scale import Scale
from .scenes.scene import Scene, renumbered
from .scenes.variables import variables_scene
from .scenes.window import one_step, select, shortened, window

__all__ = ["check_options", "draw", "graph_of"]

_VIEWS = {"ops": ops_scene, "variables": variables_scene}


@garbage_collector_paused()
def draw(
    x: tg.Tensor | tg.Graph | tg.Trace,
    view: str = "ops",
    fold: bool = False,
    timesteps: slice | int | Iterable[int] | None = None,
    overlay: str | None = None,
    backward: bool = False,
    collapse: str | Iterable[str] = (),
    opened: str | Iterable[str] = (),
    large: bool = False,
    limits: tuple[float, float] | Drawing | None = None,
    numbers: bool = False,
) -> Drawing:
    """Draw a recorded program.

    Time runs from left to right, a column a time step; parameters stand once, each in a colour of its own.

    Parameters
    ----------
    x : Tensor, Graph or Trace
        What was recorded, by its result.
    view : "ops", "variables" or "calls"
        Every op with its shape; or the variables that the program named, as in a textbook; or the calls of the
        program's own functions, a helper, a layer or a cell as one node.
    fold : bool
        Draw the recurrence: the cell once, with its delayed edges. Those of a gated cell begin at the states of the
        time step before, at its left; its gates stand in one row, its memory is a straight lane. Variables of a
        recursion through a tree or a grid, which has no one delay, are drawn one by one, up to some hundreds.
    timesteps : slice, int or iterable of int, optional
        Which time steps to show, by the numbers that are printed: ``slice(5, 9)``, that many first and last ones, or
        these. Of more than twelve only the first and last three are shown unless asked for; ``slice(None)`` is all.
        A single time step of a gated cell is drawn as the folded one is.
    overlay : "grad_norm", "value" or "time_step", optional
        What to show as colour, with a legend.
    limits : (float, float) or Drawing, optional
        Between which numbers the colours of `overlay` lie, so that drawings can be compared; those of another drawing.
    numbers : bool
        Write the numbers of a value that has at most three under its name.
    backward : bool
        Add the arrows of the backward pass, against those of the forward pass: one for each contribution, hollow where
        that is zero, and a sum for each parameter.
    collapse : str or iterable of str
        Scopes (`tinygraph.scope`) to be drawn as one node each.
    opened : str or iterable of str
        With ``view="calls"``, the functions whose calls are not one node: what they do is shown instead.
    large : bool
        Draw it even if it takes more than some 50 megabytes, or is too large for Graphviz and needs a plainer layout.

    Returns
    -------
    Drawing
        It shows itself in a notebook; ``drawing.save("x.svg")`` writes a file.

    Raises
    ------
    TypeError
        If `x` is nothing that was recorded.
    ValueError
        If `view` or `overlay` is unknown, no time step is left, limits are none, or options exclude each other.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg, viz
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0])
    >>> for t in range(3):
    ...     h = np.tanh(W @ h)
    >>> viz.draw(h)
    <Drawing 'Computational graph': 8 nodes, 9 edges>
    >>> [node.label for node in viz.draw(h, view="variables").scene.nodes]
    ['h⁽⁰⁾', 'h⁽¹⁾', 'h⁽²⁾', 'h⁽³⁾']
    >>> def cell(h, x):
    ...     return np.tanh(W @ h + x)
    >>> for x in (1.0, 2.0):
    ...     h = cell(h, x)
    >>> [(node.label, node.detail) for node in viz.draw(h, view="calls").scene.nodes if node.label == "cell"]
    [('cell', 'h⁽¹⁾'), ('cell', 'h⁽²⁾')]
    """
    check_options(view, fold, timesteps, overlay, backward, collapse, opened, limits, numbers)
    graph = graph_of(x)
    start_early()
    shown = completed(graph) if view == "variables" else Completed(graph, [])
    if fold:
        return Drawing(folded_scene(shown.graph, view, unfold=True), large)
    if isinstance(timesteps, Iterable) and not isinstance(timesteps, str):
        timesteps = list(timesteps)
    plain = view != "calls" and not (backward or overlay or collapse)
    if plain and timesteps is not None and (cell := _one_gated_cell(shown.graph, view, timesteps)) is not None:
        return Drawing(cell, large)
    calls = [opened] if isinstance(opened, str) else opened
    scene = calls_scene(graph, calls) if view == "calls" else renumbered(_VIEWS[view](shown.graph), shown.numbers)
    trace = x if isinstance(x, tg.Trace) else None
    if backward:
        trace = trace or trace_of(graph)
        scene = with_gradients(scene, trace)
    if numbers:
        scene = with_numbers(scene, graph)
    if overlay is not None:
        scene = colour(scene, overlay, graph, trace, _scale(limits, overlay))
    if collapse:
        scene = collapse_scopes(scene, collapse)
    return Drawing(shortened(scene) if timesteps is None else window(scene, timesteps), large)


def _one_gated_cell(graph: tg.Graph, view: str, timesteps: slice | int | Iterable[int]) -> Scene | None:
    """Return the scene of one time step of a gated cell; None if more are wanted, or no cell is gated."""
    if len(select(timesteps, graph.timesteps)) != 1:
        return None
    parts = parts_of(graph)
    scene = one_step(variables_scene(graph, parts) if view == "variables" else ops_scene(graph), timesteps)
    return parts.in_rows(scene) if parts and scene is not None else None


def check_options(
    view: str = "ops",
    fold: bool = False,
    timesteps: slice | int | Iterable[int] | None = None,
    overlay: str | None = None,
    backward: bool = False,
    collapse: str | Iterable[str] = (),
    opened: str | Iterable[str] = (),
    limits: tuple[float, float] | Drawing | None = None,
    numbers: bool = False,
) -> None:
    """Check what `draw` is asked for, as far as it can be told before anything is recorded.

    Raises
    ------
    ValueError
        If `view` or `overlay` is unknown, or options exclude each other.
    """
    if view not in (*_VIEWS, "calls"):
        raise ValueError(f"view must be 'ops', 'variables' or 'calls', not {view!r}")
    if view == "calls" and (fold or backward or numbers or overlay is not None):
        raise ValueError(
            "view='calls' shows calls and no single values: it excludes fold, backward, numbers and overlay"
        )
    if opened and view != "calls":
        raise ValueError("opened= opens calls, which view='calls' shows")
    if fold and (timesteps is not None or overlay is not None or backward or collapse or numbers):
        raise ValueError(
            "a folded drawing has no single time steps: fold=True excludes timesteps, overlay, backward, collapse "
            "and numbers"
        )
    if overlay is not None and overlay not in OVERLAYS:
        raise ValueError(f"overlay must be one of {', '.join(map(repr, OVERLAYS))}, not {overlay!r}")
    if limits is not None and overlay is None:
        raise ValueError("limits are those of the colours of an overlay: say overlay='grad_norm' too, for instance")
    if overlay is not None:
        _scale(limits, overlay)


def _scale(limits: tuple[float, float] | Drawing | None, overlay: str) -> Scale | None:
    if limits is None:
        return None
    if isinstance(limits, Drawing):
        return scale_of(limits.scene, overlay)
    _, _, logarithmic = OVERLAYS[overlay]
    return Scale.between(limits, logarithmic)


def graph_of(x: tg.Tensor | tg.Graph | tg.Trace) -> tg.Graph:
    """Return the graph of a Tensor, a Trace or a Graph.

    Raises
    ------
    TypeError
        If `x` is none of these.
    """
    if isinstance(x, tg.Tensor):
        return tg.graph(x)
    if isinstance(x, tg.Graph):
        return x
    if isinstance(x, tg.Trace):
        return x.graph
    raise TypeError(f"can draw a Tensor, a Graph or a Trace, not {what_is_given(x)}")

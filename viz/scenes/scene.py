"""A drawing as plain data: what stands where in time, before anything has a position.

A `Scene` says *what* is drawn and knows nothing of pixels; `viz.layout` gives it positions. Nodes of different
columns that share a `slot` are the same place of the repeated cell, and are laid out alike.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from .scale import Scale

__all__ = ["Column", "Edge", "Legend", "LegendEntry", "Node", "Scene", "merge_equal", "renumbered"]


@dataclass(slots=True)
class Node:
    """One box or circle.

    Attributes
    ----------
    id : str
        Stable and opaque, such as ``"n17"``; the only part of a node that becomes an identifier.
    label, detail : str
        First and second line of text, as the reader sees them.
    kind : str
        ``"op"``, ``"variable"`` (an op whose result has a name), ``"input"``, ``"constant"``, ``"parameter"``,
        ``"loss"``, ``"gradient"``, ``"operator"`` (a sign between variables) or ``"ghost"`` (the value of another time
        step, which is drawn only as it is read).
    column : int or None
        Its place in time; None for what is shared by all columns.
    band : int
        The repeated cell it belongs to: one loop over time, or what happens before or after one.
    slot : hashable
        Its place in that cell.
    hue : int or None
        The colour of its own, for parameters.
    scope : str
        Slash-separated names of what it is part of.
    frame : tuple of int
        Tells what it is part of from others of that name, the outermost first.
    title : str
        Everything known about it, for a tooltip and for screen readers.
    fill : str or None
        The colour of an overlay, as ``"#rrggbb"``.
    value : float or None
        The number that the colour stands for.
    tags : tuple of (str, int or None)
        Small coloured remarks beside it: a bias, for instance.
    above : bool
        Whether it stands above the node that it feeds (a target, in the textbook's figure).
    row : int or None
        What stands at one height with it, in its band: the gates of a cell, or the lane of its memory. Rows are
        numbered from below.
    place : int or None
        Its place in that row, from the left; None if that is all the same.
    """

    id: str
    label: str
    detail: str = ""
    kind: str = "op"
    column: int | None = None
    band: int = 0
    slot: Hashable = None
    hue: int | None = None
    scope: str = ""
    frame: tuple[int, ...] = ()
    title: str = ""
    fill: str | None = None
    value: float | None = field(default=None, compare=False)
    tags: tuple[tuple[str, int | None], ...] = ()
    above: bool = False
    row: int | None = None
    place: int | None = None


@dataclass(slots=True)
class Edge:
    """An arrow from `source` to `target`, both ids of nodes.

    `factors` are the names in the label that have a colour each, where there are several; with one, it is `hue`.
    `argument` is the position among the target's arguments; `kind` is ``""``, ``"elided"`` (it passes over time
    steps that are not shown), ``"delay"`` (a folded edge) or ``"gradient"``, which is `hollow` where it brings nothing.
    """

    source: str
    target: str
    argument: int = 0
    label: str = ""
    hue: int | None = None
    kind: str = ""
    hollow: bool = False
    factors: tuple[tuple[str, int], ...] = ()


@dataclass(slots=True)
class Column:
    """One place in time: a ``"step"`` or a ``"boundary"`` (before, after).

    `skipped` steps are left out before it; `masked` says that all of it is padding, `padded` how much of it is;
    `around` is how often the loop around it goes round, where those beside it of the same stand in one frame.
    """

    label: str = ""
    kind: str = "step"
    timestep: int | None = None
    skipped: int = 0
    masked: bool = False
    padded: float = 0.0
    around: str = ""


class LegendEntry(NamedTuple):
    """A text, its colour on the scale, the colour number of the parameter that it is of, and the number it says."""

    text: str
    colour: str
    hue: int
    value: float


@dataclass(slots=True)
class Legend:
    """What the colours of an overlay mean: a title, (text, colour) from low to high, and parameters without a node.

    `scale` is where the colours come from, so that drawings can share it.
    """

    title: str
    entries: tuple[tuple[str, str], ...]
    parameters: tuple[LegendEntry, ...] = ()
    scale: Scale | None = field(default=None, compare=False)


@dataclass(slots=True)
class Scene:
    """Nodes, edges and columns, with a title and a description in words.

    Examples
    --------
    >>> scene = Scene(title="sum", nodes=[Node("n0", "x"), Node("n1", "y")], edges=[Edge("n0", "n1")])
    >>> scene.node("n1").label
    'y'
    """

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    title: str = ""
    description: str = ""
    round: bool = False
    legend: Legend | None = None

    def node(self, id: str) -> Node:
        """Return the node called `id`.

        Raises
        ------
        KeyError
            If there is none.
        """
        for node in self.nodes:
            if node.id == id:
                return node
        raise KeyError(f"the scene has no node {id!r}")

    def as_dict(self) -> dict[str, Any]:
        """Return the scene as JSON-ready data without its defaults and what is not compared: for golden files."""
        return _plain(self)


def merge_equal(scene: Scene, keys: Mapping[str, Hashable]) -> Scene:
    """Return `scene` with one node for those whose ids have equal `keys`."""
    first: dict[Hashable, str] = {}
    merged = {id: first.setdefault(key, id) for id, key in keys.items()}
    edges = [replace(edge, source=merged.get(edge.source, edge.source)) for edge in scene.edges]
    nodes = [node for node in scene.nodes if merged.get(node.id, node.id) == node.id]
    return replace(scene, nodes=nodes, edges=edges)


def renumbered(scene: Scene, numbers: Sequence[int]) -> Scene:
    """Return `scene` with other numbers in its ids, such as ``"n3"``; without any, as it is."""
    if not numbers or numbers == list(range(len(numbers))):
        return scene
    ids = {f"n{index}": f"n{number}" for index, number in enumerate(numbers)}
    nodes = [replace(node, id=ids[node.id]) for node in scene.nodes]
    edges = [replace(edge, source=ids[edge.source], target=ids[edge.target]) for edge in scene.edges]
    return replace(scene, nodes=nodes, edges=edges)


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        pairs = ((f, getattr(value, f.name)) for f in fields(value) if f.compare)
        return {f.name: _plain(item) for f, item in pairs if item != f.default and item != [] and item is not None}
    return value if isinstance(value, (int, float, str, type(None))) else str(value)

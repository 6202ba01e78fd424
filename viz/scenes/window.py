"""A scene with some of its time steps left out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

from .scene import Column, Edge, Node, Scene

__all__ = ["select", "window", "without_empty_columns"]


def select(wanted: slice | int | Iterable[int], timesteps: list[int]) -> set[int]:
    """Which of `timesteps` are wanted.

    Parameters
    ----------
    wanted : slice, int or iterable of int
        A slice of the time steps as a list; that many first and last ones; or the time steps themselves.
    timesteps : list of int
        Those that there are, in order.

    Raises
    ------
    ValueError
        If nothing is left.
    TypeError
        If `wanted` is something else.

    Examples
    --------
    >>> sorted(select(2, [1, 2, 3, 4, 5, 6])), sorted(select(slice(-2, None), [1, 2, 3]))
    ([1, 2, 5, 6], [2, 3])
    """
    if isinstance(wanted, slice):
        kept = set(timesteps[wanted])
    elif isinstance(wanted, int):
        kept = set(timesteps[:wanted] + timesteps[-wanted:]) if wanted > 0 else set()
    elif isinstance(wanted, Iterable) and not isinstance(wanted, str):
        kept = set(wanted) & set(timesteps)
    else:
        raise TypeError(f"timesteps must be a slice, a number or some time steps, not {type(wanted).__name__}")
    if not kept:
        span = f"{timesteps[0]} to {timesteps[-1]}" if timesteps else "none"
        raise ValueError(f"timesteps={wanted!r} leaves nothing to draw; the time steps recorded are {span}")
    return kept


def window(scene: Scene, wanted: slice | int | Iterable[int]) -> Scene:
    """`scene` with only the `wanted` time steps (see `select`); edges over the others are kept, marked as elided."""
    steps = sorted({column.timestep for column in scene.columns if column.timestep is not None})
    kept = select(wanted, steps)
    renumbered: dict[int, int] = {}
    columns: list[Column] = []
    skipped = 0
    for i, column in enumerate(scene.columns):
        if column.kind == "step" and column.timestep not in kept:
            skipped += 1
            continue
        renumbered[i] = len(columns)
        columns.append(replace(column, skipped=skipped))
        skipped = 0
    old = {node.id: node for node in scene.nodes}
    edges = _bridged(scene, old, renumbered)
    used = {end for edge in edges for end in (edge.source, edge.target)}
    nodes = [
        replace(node, column=None if node.column is None else renumbered[node.column])
        for node in scene.nodes
        if (node.column in renumbered if node.column is not None else node.id in used)
    ]
    return replace(scene, nodes=nodes, edges=edges, columns=columns)


def without_empty_columns(scene: Scene) -> Scene:
    """`scene` without those columns before and after the time steps in which nothing stands."""
    used = {node.column for node in scene.nodes}
    kept = [i for i, column in enumerate(scene.columns) if i in used or column.kind == "step"]
    renumbered = {old: new for new, old in enumerate(kept)}
    nodes = [replace(n, column=None if n.column is None else renumbered[n.column]) for n in scene.nodes]
    return replace(scene, nodes=nodes, columns=[scene.columns[i] for i in kept])


def _bridged(scene: Scene, old: dict[str, Node], renumbered: dict[int, int]) -> list[Edge]:
    """The edges that remain; where one came from a time step left out, its like in the last step before stands in."""
    at: dict[Hashable, list[Node]] = {}
    for node in scene.nodes:
        if node.column in renumbered:
            at.setdefault((node.band, node.slot), []).append(node)
    edges: list[Edge] = []
    seen: set[tuple[str, str, int]] = set()
    for edge in scene.edges:
        source, target = old[edge.source], old[edge.target]
        if target.column is not None and target.column not in renumbered:
            continue
        if source.column is not None and source.column not in renumbered:
            stand_in = _stand_in(source, target, at.get((source.band, source.slot), []))
            if stand_in is None:
                continue
            edge = replace(edge, source=stand_in.id, kind="elided")
        key = (edge.source, edge.target, edge.argument)
        if key not in seen:
            seen.add(key)
            edges.append(edge)
    return edges


def _stand_in(source: Node, target: Node, alike: list[Node]) -> Node | None:
    here, there = source.column or 0, target.column or 0
    beyond = [node for node in alike if ((node.column or 0) < here) == (here < there) and node.id != target.id]
    return min(beyond, key=lambda node: abs((node.column or 0) - here), default=None)

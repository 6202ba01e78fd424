"""A scene with some of its time steps left out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from itertools import combinations, groupby, pairwise

from .scene import Edge, Node, Scene

__all__ = ["MOST_STEPS", "one_step", "select", "shortened", "window", "without_empty_columns"]

MOST_STEPS = 12  # what is longer shows only its ends, unless asked for
ENDS = 3


def select(wanted: slice | int | Iterable[int], timesteps: list[int]) -> set[int]:
    """Return which of `timesteps` are wanted.

    Parameters
    ----------
    wanted : slice, int or iterable of int
        A slice by the numbers that are printed, those below zero counted from the end; that many first and last ones;
        or the time steps themselves.
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
    >>> sorted(select(2, [1, 2, 3, 4, 5, 6])), sorted(select(slice(2, 4), [1, 2, 3, 4]))
    ([1, 2, 5, 6], [2, 3])
    >>> sorted(select(slice(-2, None), [1, 2, 3]))
    [2, 3]
    """
    if isinstance(wanted, slice):
        selected = _sliced(wanted, timesteps)
    elif isinstance(wanted, int):
        selected = set(timesteps[:wanted] + timesteps[-wanted:]) if wanted > 0 else set()
    elif isinstance(wanted, Iterable) and not isinstance(wanted, str):
        selected = set(wanted) & set(timesteps)
    else:
        raise TypeError(f"timesteps must be a slice, a number or some time steps, not {type(wanted).__name__}")
    if not selected:
        span = f"{timesteps[0]} to {timesteps[-1]}" if timesteps else "none"
        raise ValueError(f"timesteps={wanted!r} leaves nothing to draw; the time steps recorded are {span}")
    return selected


def _sliced(wanted: slice, timesteps: list[int]) -> set[int]:
    if not timesteps:
        return set()
    end = timesteps[-1] + 1
    start, stop = (end + at if at is not None and at < 0 else at for at in (wanted.start, wanted.stop))
    first = timesteps[0] if start is None else start
    return set(range(first, end if stop is None else stop, wanted.step or 1)) & set(timesteps)


def window(scene: Scene, wanted: slice | int | Iterable[int]) -> Scene:
    """Return `scene` with only the `wanted` time steps (see `select`); edges over the others are marked as elided."""
    timesteps = select(wanted, sorted({column.timestep for column in scene.columns if column.timestep is not None}))
    return _only(scene, [i for i, c in enumerate(scene.columns) if c.kind != "step" or c.timestep in timesteps])


def one_step(scene: Scene, wanted: slice | int | Iterable[int]) -> Scene | None:
    """Return `scene` with one time step, and at its side the values of others that it reads; None if more are wanted.

    Raises
    ------
    ValueError, TypeError
        As `select`.
    """
    timesteps = select(wanted, sorted({column.timestep for column in scene.columns if column.timestep is not None}))
    if len(timesteps) != 1:
        return None
    steps = {i for i, column in enumerate(scene.columns) if column.kind == "step"}
    shown = {i for i in steps if scene.columns[i].timestep in timesteps}
    column_of = {node.id: node.column for node in scene.nodes}
    into = [edge for edge in scene.edges if column_of[edge.target] in shown]
    ghosts = {edge.source for edge in into if column_of[edge.source] in steps - shown}
    near = {column_of[id] for id in ghosts}
    nodes = [
        replace(node, kind="ghost", detail="", tags=()) if node.id in ghosts else node
        for node in scene.nodes
        if node.id in ghosts or node.column not in near
    ]
    left = {node.id for node in nodes}
    others = left - ghosts
    edges = [edge for edge in scene.edges if edge.source in others and edge.target in others]
    edges += [edge for edge in into if edge.source in ghosts]
    columns = [replace(column, kind="boundary") if i in near else column for i, column in enumerate(scene.columns)]
    kept = [i for i, column in enumerate(columns) if column.kind != "step" or i in shown]
    return _what_is_joined(_only(replace(scene, nodes=nodes, edges=edges, columns=columns), kept))


def _what_is_joined(scene: Scene) -> Scene:
    """Return a time step with what it reads and what reads it: not what is only read from others."""
    steps = {i for i, column in enumerate(scene.columns) if column.kind == "step"}
    inside = {node.id for node in scene.nodes if node.column in steps}
    edges = [edge for edge in scene.edges if edge.kind != "elided" or edge.source in inside]
    joined = inside.union(*((edge.source, edge.target) for edge in edges))
    nodes = [node for node in scene.nodes if node.id in joined]
    return _ghosts_first(without_empty_columns(replace(scene, nodes=nodes, edges=edges)))


def _ghosts_first(scene: Scene) -> Scene:
    """Return a time step with the values of other time steps at its left, those of later ones too."""
    steps = [i for i, column in enumerate(scene.columns) if column.kind == "step"]
    if len(steps) != 1:  # of several loops, each with its own
        return replace(scene, columns=[replace(scene.columns[0], skipped=0), *scene.columns[1:]])
    step = steps[0]
    later = {node.column for node in scene.nodes if node.kind == "ghost" and (node.column or 0) > step}
    order = sorted(range(len(scene.columns)), key=lambda i: (i > step and i not in later, i == step, i))
    columns = [scene.columns[i] for i in order]
    at = order.index(step)
    columns[: at + 1] = [replace(column, skipped=0) for column in columns[: at + 1]]
    if later and columns[at + 1 :]:
        columns[at + 1] = replace(columns[at + 1], skipped=columns[at + 1].skipped + len(later))
    return _as_far_together(replace(scene, nodes=_moved(scene.nodes, order), columns=columns), at)


def _as_far_together(scene: Scene, step: int) -> Scene:
    """Return the scene with one column for the ghosts of two time steps that are equally far from the one shown."""
    moment = scene.columns[step].timestep or 0
    columns, into = list(scene.columns), {i: i for i in range(len(scene.columns))}
    slots = [{(node.band, node.slot) for node in scene.nodes if node.column == i} for i in range(step)]
    for i, j in combinations(range(step), 2):
        before, after = columns[i].timestep, columns[j].timestep
        as_far = before is not None and after is not None and before + after == 2 * moment
        if as_far and slots[i].isdisjoint(slots[j]):
            columns[i] = replace(columns[i], label=f"{columns[i].label}, {after}")
            into[j] = i
    nodes = [node if node.column is None else replace(node, column=into[node.column]) for node in scene.nodes]
    return without_empty_columns(replace(scene, nodes=nodes, columns=columns))


def shortened(scene: Scene) -> Scene:
    """Return `scene` with only the first and last three time steps of each stretch of more than twelve."""
    kept: list[int] = []
    for is_step, stretch in groupby(range(len(scene.columns)), key=lambda i: scene.columns[i].kind == "step"):
        columns = list(stretch)
        kept += columns[:ENDS] + columns[-ENDS:] if is_step and len(columns) > MOST_STEPS else columns
    return _only(scene, kept)


def _only(scene: Scene, kept: list[int]) -> Scene:
    """Return `scene` with only the columns of these numbers."""
    if len(kept) == len(scene.columns):
        return scene
    left = set(kept)
    edges = _bridged(scene, left)
    ends = {end for edge in edges for end in (edge.source, edge.target)}
    nodes = [node for node in scene.nodes if (node.id in ends if node.column is None else node.column in left)]
    columns = [replace(scene.columns[i], skipped=i - before - 1) for before, i in pairwise([-1, *kept])]
    return replace(scene, nodes=_moved(nodes, kept), edges=edges, columns=columns)


def without_empty_columns(scene: Scene) -> Scene:
    """Return `scene` without those columns before and after the time steps in which nothing stands."""
    used = {node.column for node in scene.nodes}
    kept = [i for i, column in enumerate(scene.columns) if i in used or column.kind == "step"]
    return replace(scene, nodes=_moved(scene.nodes, kept), columns=[scene.columns[i] for i in kept])


def _moved(nodes: Iterable[Node], kept: list[int]) -> list[Node]:
    """Return `nodes` with the numbers that columns have when only those `kept` are left."""
    moved: dict[int | None, int | None] = {None: None} | {old: new for new, old in enumerate(kept)}
    return [replace(node, column=moved[node.column]) for node in nodes]


def _bridged(scene: Scene, kept: set[int]) -> list[Edge]:
    """Return the edges that remain; for a source in a column left out, its like in the last one before stands in."""
    nodes = {node.id: node for node in scene.nodes}
    alike: dict[Hashable, list[Node]] = {}
    for node in scene.nodes:
        if node.column in kept:
            alike.setdefault((node.band, node.slot), []).append(node)
    edges: dict[tuple[str, str, int], Edge] = {}
    for edge in scene.edges:
        source, target = nodes[edge.source], nodes[edge.target]
        if target.column is not None and target.column not in kept:
            continue
        if source.column is not None and source.column not in kept:
            stand_in = _stand_in(source, target, alike.get((source.band, source.slot), []))
            if stand_in is None or target.kind == "gradient":  # a sum says how many terms it has
                continue
            edge = replace(edge, source=stand_in.id, kind=edge.kind if edge.kind == "gradient" else "elided")
        edges.setdefault((edge.source, edge.target, edge.argument), edge)
    return list(edges.values())


def _stand_in(source: Node, target: Node, alike: list[Node]) -> Node | None:
    """Return the nearest node of the same slot, on the side of the source on which the target is not."""
    here, there = source.column or 0, target.column or 0
    beyond = [node for node in alike if ((node.column or 0) < here) == (here < there) and node.id != target.id]
    return min(beyond, key=lambda node: abs((node.column or 0) - here), default=None)

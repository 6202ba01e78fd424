"""Scopes drawn as one node each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .scene import Edge, Node, Scene
from .window import without_empty_columns

__all__ = ["collapse_scopes"]


def collapse_scopes(scene: Scene, scopes: str | Iterable[str]) -> Scene:
    """`scene` with each of `scopes`, and all scopes in it, as a single node in every time step.

    Raises
    ------
    ValueError
        If nothing was recorded in one of them.
    """
    wanted = [scopes] if isinstance(scopes, str) else list(scopes)
    known = {node.scope for node in scene.nodes}
    for scope in wanted:
        if not any(_is_in(other, scope) for other in known):
            there = ", ".join(repr(other) for other in sorted(known) if other) or "none"
            raise ValueError(f"nothing was recorded in the scope {scope!r}; those there are: {there}")
    merged: dict[str, Node] = {}
    stand_in: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for node in scene.nodes:
        around = next((scope for scope in wanted if _is_in(node.scope, scope)), None)
        if around is not None and node.kind in ("op", "variable"):
            key = f"s{wanted.index(around)}-{node.column if node.column is not None else 'x'}-{node.band}"
            merged.setdefault(
                key, replace(node, id=key, label=around, kind="variable", slot=("scope", around), title="", scope="")
            )
            sizes[key] = sizes.get(key, 0) + 1
            stand_in[node.id] = key
    for key, node in merged.items():
        node.detail = f"{sizes[key]} ops"
        node.tags, node.fill = (), None
    quiet = {node.id for node in scene.nodes if node.kind == "constant"}
    quiet -= {edge.source for edge in scene.edges if edge.target not in stand_in}
    kept = [node for node in scene.nodes if node.id not in stand_in and node.id not in quiet]
    edges = _merged_edges((edge for edge in scene.edges if edge.source not in quiet), stand_in)
    return without_empty_columns(replace(scene, nodes=[*kept, *merged.values()], edges=edges))


def _is_in(scope: str, outer: str) -> bool:
    return scope == outer or scope.startswith(f"{outer}/")


def _merged_edges(edges: Iterable[Edge], stand_in: dict[str, str]) -> list[Edge]:
    """The edges between what remains; of several alike, the first."""
    found: dict[tuple[str, str, str], Edge] = {}
    for edge in edges:
        source, target = stand_in.get(edge.source, edge.source), stand_in.get(edge.target, edge.target)
        if source != target:
            argument = edge.argument if target == edge.target else len(found)
            found.setdefault(
                (source, target, edge.kind), replace(edge, source=source, target=target, argument=argument)
            )
    return list(found.values())

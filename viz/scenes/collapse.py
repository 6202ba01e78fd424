"""Scopes drawn as one node each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from tinygraph.plain_text import clean

from .scene import Edge, Node, Scene
from .window import without_empty_columns

__all__ = ["collapse_scopes"]


def collapse_scopes(scene: Scene, scopes: str | Iterable[str]) -> Scene:
    """Return `scene` with each of `scopes`, and all scopes in it, as a single node in every time step.

    Raises
    ------
    ValueError
        If nothing was recorded in one of them.
    """
    scopes = [clean(scope) for scope in ([scopes] if isinstance(scopes, str) else scopes)]
    _check(scopes, {node.scope for node in scene.nodes})
    merged: dict[str, Node] = {}
    stand_in: dict[str, str] = {}
    for node in scene.nodes:
        scope = next((scope for scope in scopes if _is_in(node.scope, scope)), None)
        if scope is not None and node.kind in ("op", "variable"):
            id = f"s{scopes.index(scope)}-{'x' if node.column is None else node.column}-{node.band}"
            stand_in[node.id] = id
            if id not in merged:
                slot = ("scope", scope)
                merged[id] = Node(id, scope, "", "variable", node.column, node.band, slot)
    for id, ops in Counter(stand_in.values()).items():
        merged[id].detail = f"{ops} ops"
    inside = {node.id for node in scene.nodes if node.kind == "constant"}
    inside -= {edge.source for edge in scene.edges if edge.target not in stand_in}
    others = [node for node in scene.nodes if node.id not in stand_in and node.id not in inside]
    edges = _merged_edges((edge for edge in scene.edges if edge.source not in inside), stand_in)
    return without_empty_columns(replace(scene, nodes=[*others, *merged.values()], edges=edges))


def _check(scopes: list[str], known: set[str]) -> None:
    for scope in scopes:
        if not any(_is_in(other, scope) for other in known):
            there = ", ".join(repr(other) for other in sorted(known) if other) or "none"
            raise ValueError(f"nothing was recorded in the scope {scope!r}; those there are: {there}")


def _is_in(scope: str, outer: str) -> bool:
    return scope == outer or scope.startswith(f"{outer}/")


def _merged_edges(edges: Iterable[Edge], stand_in: Mapping[str, str]) -> list[Edge]:
    """Return the edges between what remains; of several alike, the first."""
    merged: dict[tuple[str, str, str], Edge] = {}
    for edge in edges:
        source, target = stand_in.get(edge.source, edge.source), stand_in.get(edge.target, edge.target)
        if source != target:
            argument = edge.argument if target == edge.target else len(merged)
            key = source, target, edge.kind
            merged.setdefault(key, replace(edge, source=source, target=target, argument=argument))
    return list(merged.values())

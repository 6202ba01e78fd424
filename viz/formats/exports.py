"""A scene in the languages of other tools: networkx, GraphML, Mermaid, and plain words."""

from __future__ import annotations

import networkx as nx

from ..palette import HUES, LIGHT
from ..scenes.scene import Node, Scene

__all__ = ["graphml", "mermaid", "networkx_graph", "words"]


def networkx_graph(scene: Scene) -> nx.MultiDiGraph:
    """The scene as a `networkx.MultiDiGraph`, keyed by id; attributes are texts and numbers only."""
    graph = nx.MultiDiGraph(title=scene.title)
    for node in scene.nodes:
        attributes: dict[str, str | int] = {
            "label": node.label,
            "detail": node.detail,
            "kind": node.kind,
            "scope": node.scope,
        }
        if node.column is not None:
            attributes |= {"column": node.column}
            timestep = scene.columns[node.column].timestep
            attributes |= {} if timestep is None else {"timestep": timestep}
        graph.add_node(node.id, **attributes)
    for edge in scene.edges:
        graph.add_edge(edge.source, edge.target, argument=edge.argument, label=edge.label, kind=edge.kind)
    return graph


def graphml(scene: Scene) -> str:
    """The scene as GraphML, which yEd, Gephi and Cytoscape read."""
    return "\n".join(nx.generate_graphml(networkx_graph(scene))) + "\n"


def mermaid(scene: Scene) -> str:
    """The scene as a Mermaid flow chart, a subgraph per time step; for Markdown that renders such."""
    lines = ["flowchart LR"]
    for i, column in enumerate(scene.columns):
        inside = [node for node in scene.nodes if node.column == i]
        lines.append(f'subgraph c{i}["{_entities(column.label) or " "}"]')
        lines += ["direction BT", *map(_mermaid_node, inside), "end"]
    lines += [_mermaid_node(node) for node in scene.nodes if node.column is None]
    coloured: dict[int, list[str]] = {}
    for number, edge in enumerate(scene.edges):
        arrow = "-.->" if edge.kind else "-->"
        label = f'|"{_entities(edge.label)}"|' if edge.label else ""
        lines.append(f"{edge.source} {arrow}{label} {edge.target}")
        if edge.hue is not None:
            coloured.setdefault(edge.hue, []).append(str(number))
    for hue, numbers in coloured.items():
        lines.append(f"linkStyle {','.join(numbers)} stroke:{LIGHT.hues[hue % HUES]}")
    for node in scene.nodes:
        if node.hue is not None and node.kind == "parameter":
            lines.append(f"style {node.id} fill:{LIGHT.hues[node.hue % HUES]},color:#fff")
    return "\n".join(lines) + "\n"


def _mermaid_node(node: Node) -> str:
    text = _entities(node.label) + (f"<br/>{_entities(node.detail)}" if node.detail else "")
    open_, close = ("([", "])") if node.kind in ("parameter", "input") else ("[", "]")
    return f'{node.id}{open_}"{text or " "}"{close}'


def _entities(text: str) -> str:
    """`text` with all that Mermaid or HTML would read as markup as numbered entities."""
    return "".join(char if char.isalnum() or char in " .,=+-·×⁽⁾()" else f"#{ord(char)};" for char in text)


def words(scene: Scene, limit: int = 40) -> str:
    """The scene as text: its title, then its nodes with what they read, at most `limit` of them."""
    sources: dict[str, list[str]] = {}
    labels = {node.id: node.label for node in scene.nodes}
    for edge in scene.edges:
        sources.setdefault(edge.target, []).append(labels[edge.source])
    lines = [scene.title, scene.description]
    for node in scene.nodes[:limit]:
        what = f"  ({node.detail})" if node.detail else ""
        read = f"  ← {', '.join(sources[node.id])}" if node.id in sources else ""
        lines.append(f"  {node.label}{what}{read}")
    if len(scene.nodes) > limit:
        lines.append(f"  … and {len(scene.nodes) - limit:,} more")
    return "\n".join(line for line in lines if line)

"""A scene in the languages of other tools: networkx, GraphML, Mermaid, and plain words."""

from __future__ import annotations

from collections import defaultdict

import networkx as nx

from ..palette import LIGHT
from ..scenes.scene import Node, Scene

MOST = 40  # nodes in words


def networkx_graph(scene: Scene) -> nx.MultiDiGraph:
    """Return the scene as a `networkx.MultiDiGraph`, keyed by id; attributes are texts and numbers only."""
    graph = nx.MultiDiGraph(title=scene.title)
    for node in scene.nodes:
        attributes = {key: getattr(node, key) for key in ("label", "detail", "kind", "scope", "column")}
        if node.column is not None:
            attributes["timestep"] = scene.columns[node.column].timestep
        graph.add_node(node.id, **{key: value for key, value in attributes.items() if value is not None})
    for edge in scene.edges:
        graph.add_edge(edge.source, edge.target, argument=edge.argument, label=edge.label, kind=edge.kind)
    return graph


def graphml(scene: Scene) -> str:
    """Return the scene as GraphML, which yEd, Gephi and Cytoscape read."""
    return "\n".join(nx.generate_graphml(networkx_graph(scene))) + "\n"


def mermaid(scene: Scene) -> str:
    """Return the scene as a Mermaid flow chart, a subgraph per time step; for Markdown that renders such."""
    nodes: dict[int | None, list[str]] = defaultdict(list)
    for node in scene.nodes:
        nodes[node.column].append(_mermaid_node(node))
    lines = ["flowchart LR"]
    for i, column in enumerate(scene.columns):
        lines += [f'subgraph c{i}["{_entities(column.label) or " "}"]', "direction BT", *nodes[i], "end"]
    lines += nodes[None]
    coloured: dict[int, list[str]] = defaultdict(list)
    for number, edge in enumerate(scene.edges):
        arrow = "-.->" if edge.kind else "-->"
        label = f'|"{_entities(edge.label)}"|' if edge.label else ""
        lines.append(f"{edge.source} {arrow}{label} {edge.target}")
        if edge.hue is not None:
            coloured[edge.hue].append(str(number))
    lines += [f"linkStyle {','.join(numbers)} stroke:{LIGHT.hue(hue)}" for hue, numbers in coloured.items()]
    for node in scene.nodes:
        if node.hue is not None and node.kind == "parameter":
            lines.append(f"style {node.id} fill:{LIGHT.hue(node.hue)},color:#fff")
    return "\n".join(lines) + "\n"


def _mermaid_node(node: Node) -> str:
    text = _entities(node.label) + (f"<br/>{_entities(node.detail)}" if node.detail else "")
    open_, close = ("([", "])") if node.kind in ("parameter", "input") else ("[", "]")
    return f'{node.id}{open_}"{text or " "}"{close}'


def _entities(text: str) -> str:
    """Return `text` with all that Mermaid or HTML would read as markup as numbered entities."""
    return "".join(char if char.isalnum() or char in " .,=+-·×⁽⁾()" else f"#{ord(char)};" for char in text)


def words(scene: Scene) -> str:
    """Return the scene as text: its title, then its nodes with what they read, at most 40 of them."""
    labels = {node.id: node.label for node in scene.nodes}
    sources: dict[str, list[str]] = defaultdict(list)
    for edge in scene.edges:
        sources[edge.target].append(labels[edge.source])
    lines = [scene.title, scene.description]
    for node in scene.nodes[:MOST]:
        detail = f"  ({node.detail})" if node.detail else ""
        read = f"  ← {', '.join(sources[node.id])}" if sources[node.id] else ""
        lines.append(f"  {node.label}{detail}{read}")
    if len(scene.nodes) > MOST:
        lines.append(f"  … and {len(scene.nodes) - MOST:,} more")
    return "\n".join(line for line in lines if line)

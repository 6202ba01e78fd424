"""A laid-out scene as a `graphviz.Digraph` that carries its positions."""

from __future__ import annotations

from collections import defaultdict

import graphviz

from ..layout.geometry import Path
from ..layout.positions import Layout
from ..palette import LIGHT, dash
from ..scenes.scene import Edge, Node, Scene


def digraph(scene: Scene, layout: Layout) -> graphviz.Digraph:
    """Return the drawing in Graphviz' language, each node with its position and each edge with its line.

    Identifiers are the scene's; names stand in labels only, escaped, so that none is read as HTML or as a port.
    """
    font = {"fontname": "Helvetica", "fontsize": "12"}
    graph = graphviz.Digraph(
        "tinygraph",
        graph_attr={"splines": "true", "bgcolor": LIGHT.paper, "pad": "0.2", "tooltip": graphviz.escape(scene.title)},
        node_attr={**font, "fixedsize": "shape", "style": "filled,rounded", "shape": "box"},
        edge_attr={"arrowsize": "0.7", "color": LIGHT.line, **font},
    )
    for i, (column, strip) in enumerate(zip(scene.columns, layout.strips, strict=True)):
        if column.label:
            where = _point((strip.x + strip.width / 2, 14.0), layout.height)
            label = graphviz.escape(column.label)
            graph.node(f"column{i}", label, shape="plaintext", style="", pos=where, fontcolor=LIGHT.quiet)
    for node in scene.nodes:
        x, y, width, height = layout.box(node.id)
        place = {"pos": _point((x, y), layout.height), "width": f"{width / 72:.4f}", "height": f"{height / 72:.4f}"}
        graph.node(node.id, _label(node), **place, **_node_style(node, scene.round))
    rails: dict[str, list[Path]] = defaultdict(list)
    for source, path in layout.rails:
        rails[source].append(path)
    for route in layout.routes:
        edge, origin = scene.edges[route.edge], layout.origin(route.column)
        path = _from_node(route.path.moved(origin, 0.0), rails[edge.source])
        attributes = {"pos": _spline(path, layout.height), **_edge_style(edge)}
        if edge.label and route.label:
            x, y = route.label
            attributes |= {"lp": _point((x + origin, y), layout.height), "label": graphviz.escape(edge.label)}
        graph.edge(edge.source, edge.target, **attributes)
    return graph


def _label(node: Node) -> str:
    lines = [str(graphviz.escape(line)) for line in (node.label, node.detail) if line]
    return str(graphviz.nohtml("\\n".join(lines)))


def _node_style(node: Node, round: bool) -> dict[str, str]:
    style = {"fillcolor": node.fill or LIGHT.box, "color": LIGHT.border, "fontcolor": LIGHT.ink}
    if node.kind == "parameter" and node.hue is not None:
        colour = LIGHT.hue(node.hue)
        style |= {"fillcolor": colour, "color": colour, "fontcolor": LIGHT.paper}
    elif node.kind == "loss":
        style |= {"color": LIGHT.ink, "penwidth": "2.5"}
        style |= {} if node.fill else {"fillcolor": LIGHT.ink, "fontcolor": LIGHT.paper}
    elif node.kind == "gradient":
        style |= {"color": LIGHT.gradient, "fontcolor": LIGHT.gradient}
    elif node.kind in ("variable", "input"):
        style |= {"color": LIGHT.ink, "penwidth": "1.4"}
    elif node.kind in ("constant", "ghost"):
        style |= {"style": "filled,rounded,dashed", "fontcolor": LIGHT.quiet}
    if round and node.kind != "parameter":
        style["shape"] = "ellipse"
    return style


def _edge_style(edge: Edge) -> dict[str, str]:
    style = {}
    if edge.hue is not None:
        colour = LIGHT.hue(edge.hue)
        style = {"fontcolor": colour} if edge.label else {"color": colour, "penwidth": "1.5"}
    if edge.kind or (edge.hue is not None and not edge.label and dash(edge.hue)):
        style["style"] = "dashed"
    if edge.kind == "gradient":
        style |= {"color": LIGHT.gradient, "fontcolor": LIGHT.gradient}
        style |= {"arrowhead": "empty"} if edge.hollow else {}
    return style


def _from_node(path: Path, rails: list[Path]) -> Path:
    """Return the path of an edge with the rail put in front of it that it starts on, if it starts on one."""
    for rail in rails:
        if abs(path.points[0][1] - rail.points[-1][1]) < 0.6:
            return path.after(rail.points[0], *rail.points[3:-3:3])
    return path


def _point(point: tuple[float, float], height: float) -> str:
    return f"{point[0]:.2f},{height - point[1]:.2f}"


def _spline(path: Path, height: float) -> str:
    head = f"e,{_point(path.tip, height)} " if path.tip else ""
    return head + " ".join(_point(point, height) for point in path.points)

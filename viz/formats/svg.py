"""Writes a laid-out scene as SVG: small, styled by classes, light and dark, readable without seeing it.

Names of variables come only as escaped text. Identifiers are the scene's opaque ones; there are no links, no scripts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..layout.geometry import Box
from ..layout.metrics import text_width
from ..layout.positions import Layout
from ..layout.size import LABEL_SIZE, tag_boxes
from ..layout.typeset import pieces, typeset_width
from ..scenes.scene import Edge, Node, Scene
from .style import SQUARE, hue_class, markers, style_sheet

__all__ = ["edge_id", "escape", "typeset", "write_svg"]

PAD = 16.0
_SAFE = re.compile(r"[^&<>\"']*").fullmatch
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escape(text: str) -> str:
    """`text` so that XML reads it as nothing but text.

    >>> escape('<b a="1">')
    '&lt;b a=&quot;1&quot;&gt;'
    """
    return text if _SAFE(text) else text.translate(_ENTITIES)


_HEIGHTS = {"low": 3, "up": -5}
_MARKS = {"": "", "low": ' class="low"', "up": ' class="up"', "bar": ' text-decoration="overline" stroke="none"'}


def typeset(text: str) -> str:
    r"""`text` as the content of a text element, with what is small or barred in parts of their own.

    >>> typeset("W_F < 1")
    'W<tspan class="low" dy="3">F</tspan><tspan dy="-3">\xa0&lt; 1</tspan>'
    """
    parts = pieces(text)
    if parts == ((text, ""),):
        return escape(text)
    out, height = "", 0
    for part, kind in parts:
        if part.startswith(" "):
            part = "\N{NO-BREAK SPACE}" + part[1:]  # a plain one is left out by some programs
        rise = _HEIGHTS.get(kind, 0) - height
        height += rise
        marks = _MARKS[kind] + (f' dy="{rise}"' if rise else "")
        out += f"<tspan{marks}>{escape(part)}</tspan>" if marks else escape(part)
    return out


def write_svg(scene: Scene, layout: Layout, theme: str = "auto") -> str:
    """The drawing as an SVG document.

    Parameters
    ----------
    scene : Scene
        What to write.
    layout : Layout
        Its positions, from `viz.layout.lay_out`.
    theme : "auto", "light" or "dark"
        ``"auto"`` follows the reader's setting by a media query.

    Raises
    ------
    ValueError
        If `theme` is none of these.
    """
    if theme not in ("auto", "light", "dark"):
        raise ValueError(f"theme must be 'auto', 'light' or 'dark', not {theme!r}")
    legend = _legend(scene, layout)
    width = max(layout.width, _legend_width(scene), 40.0) + 2 * PAD
    height = layout.height + 2 * PAD + (30.0 if legend else 0.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tinygraph" role="img" width="{width:g}" height="{height:g}" '
        f'viewBox="{-PAD:g} {-PAD:g} {width:g} {height:g}">',
        f"<title>{escape(scene.title)}</title>",
        f"<desc>{escape(scene.description)}</desc>",
        f"<style>{style_sheet(scene, theme)}</style>",
        markers(scene),
        f'<rect class="paper" x="{-PAD:g}" y="{-PAD:g}" width="{width:g}" height="{height:g}"/>',
        *_frames(scene, layout),
        *_columns(scene, layout),
        *legend,
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


# What stands where.


def _columns(scene: Scene, layout: Layout) -> Iterable[str]:
    """The rails and shared nodes first, then a group per column with all that ends in it."""
    edges: dict[int, list[str]] = {}
    labels: dict[int, list[str]] = {}
    drawn: dict[int, str] = {}
    railed = {rail.source for rail in layout.rails}
    for number, column, path, place in layout.routes:
        edge = scene.edges[number]
        text = drawn.get(id(path))
        if text is None:
            text = drawn[id(path)] = path.svg()
        edges.setdefault(column, []).append(_edge(edge, text, edge.source in railed))
        if edge.label and place:
            labels.setdefault(column, []).append(_edge_label(edge, place))
    nodes: dict[int, list[str]] = {}
    write = _NodeWriter(scene)
    for node in scene.nodes:
        column, box = layout.places[node.id]
        nodes.setdefault(column, []).append(write(node, box))
    hues = {node.id: node.hue for node in scene.nodes}
    for rail in layout.rails:
        hue = hue_class(hues[rail.source])
        yield f'<path id="rail-{rail.source}" class="rail{hue}" d="{rail.path.svg()}"/>'
    for column in (-1, *range(len(layout.strips))):
        inside = [*edges.get(column, ()), *nodes.get(column, ()), *labels.get(column, ())]
        if inside and column < 0:
            yield "\n".join(inside)
        elif inside:
            masked = ' class="masked"' if scene.columns[column].masked else ""
            yield f'<g id="column{column}"{masked} transform="translate({layout.strips[column].x:.7g})">'
            yield "\n".join(inside)
            yield "</g>"


def _frames(scene: Scene, layout: Layout) -> Iterable[str]:
    for column, strip in zip(scene.columns, layout.strips, strict=True):
        middle = f"{strip.x + strip.width / 2:g}"
        if column.kind == "step":
            yield (
                f'<rect class="frame" x="{strip.x - 7:g}" y="0" width="{strip.width + 14:g}" '
                f'height="{layout.height:g}" rx="9"/>'
            )
        if column.skipped:
            yield (
                f'<text class="head" x="{strip.x - 34:g}" y="16"><title>{column.skipped:,} time steps left out</title>'
                "⋯</text>"
            )
        if column.label:
            yield f'<text class="head" x="{middle}" y="16">{escape(column.label)}</text>'
    for frame in layout.frames:
        box = frame.box.moved(layout.origin(frame.column), 0)
        yield (
            f'<rect class="scope" x="{box.left:.5g}" y="{box.top:.5g}" width="{box.width:.5g}" '
            f'height="{box.height:.5g}" rx="7"/>'
            f'<text class="scope-name" x="{box.left + frame.name[0]:.5g}" y="{box.bottom + frame.name[1]:.5g}">'
            f"{escape(frame.scope)}</text>"
        )


def _edge(edge: Edge, path: str, railed: bool) -> str:
    kind = f" {edge.kind}" if edge.kind else ""
    classes = f"{'r' if railed else 'e'}{kind}{'' if edge.label else hue_class(edge.hue)}"
    return f'<path id="{edge_id(edge)}" class="{classes}" d="{path}"/>'


def edge_id(edge: Edge) -> str:
    """What identifies an edge in the drawing: its ends and the number of the argument."""
    return f"{edge.source}-{edge.target.removeprefix('n')}-{edge.argument}"


def _edge_label(edge: Edge, place: tuple[float, float]) -> str:
    x, y = place
    return f'<text class="name{hue_class(edge.hue)}" x="{x:.4g}" y="{y + 4.5:.4g}">{typeset(edge.label)}</text>'


class _NodeWriter:
    """Writes nodes; what depends on the box alone is worked out once for each box."""

    def __init__(self, scene: Scene) -> None:
        self.round = scene.round
        self.shapes: dict[tuple[Box, bool, str, str | None], tuple[str, str, str]] = {}

    def __call__(self, node: Node, box: Box) -> str:
        key = (box, bool(node.detail), node.kind, node.fill)
        found = self.shapes.get(key)
        if found is None:
            found = self.shapes[key] = self._shape(node, box)
        shape, label_at, detail_at = found
        title = f"<title>{escape(node.title)}</title>" if node.title else ""
        detail = f'<text class="d" {detail_at}>{escape(node.detail)}</text>' if node.detail else ""
        dark = " lit" if node.fill and _is_dark(node.fill) else " dim" if node.fill else ""
        return (
            f'<g id="{node.id}" class="{node.kind}{hue_class(node.hue)}{dark}">{title}{shape}'
            f"<text {label_at}>{typeset(node.label)}</text>{detail}{_tags(node, box)}</g>"
        )

    def _shape(self, node: Node, box: Box) -> tuple[str, str, str]:
        fill = f' style="fill:{node.fill}"' if node.fill else ""
        pill = self.round or node.kind not in SQUARE
        corner = f' rx="{min(box.width, box.height) / 2 if pill else 6:g}"'
        shape = (
            f'<rect x="{box.left:.5g}" y="{box.top:.5g}" width="{box.width:g}" height="{box.height:g}"{corner}{fill}/>'
        )
        at = f'x="{box.x:.5g}" y='
        if not node.detail:
            return shape, f'{at}"{box.y + 5:.5g}"', ""
        if node.kind == "parameter":
            width = typeset_width(node.label, LABEL_SIZE, True)
            return (
                shape,
                f'x="{box.left + 9 + width / 2:.5g}" y="{box.y + 5:.5g}"',
                f'x="{(box.left + 9 + width + box.right) / 2:.5g}" y="{box.y + 4:.5g}"',
            )
        return shape, f'{at}"{box.y - 2:.5g}"', f'{at}"{box.y + 11:.5g}"'


def _tags(node: Node, box: Box) -> str:
    return "".join(
        f'<text class="tag{hue_class(hue)}" x="{place.left:.5g}" y="{place.y + 4:.5g}">{typeset(text)}</text>'
        for (text, hue), place in zip(node.tags, tag_boxes(node, box), strict=True)
    )


def _is_dark(colour: str) -> bool:
    """Whether white stands out from a colour better than black does."""
    red, green, blue = ((int(colour[i : i + 2], 16) / 255) ** 2.2 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.18


# Overlay legend.


def _legend_width(scene: Scene) -> float:
    if not scene.legend:
        return 0.0
    return text_width(scene.legend.title, 11) + 20 + sum(_entry(text) for text, _ in scene.legend.entries)


def _entry(text: str) -> float:
    return 22 + text_width(text, 11) + 12


def _legend(scene: Scene, layout: Layout) -> list[str]:
    if not scene.legend:
        return []
    y = layout.height + 18
    out = [f'<g id="legend"><text class="key" x="0" y="{y + 4:g}">{escape(scene.legend.title)}</text>']
    x = text_width(scene.legend.title, 11) + 16
    for text, colour in scene.legend.entries:
        out.append(f'<rect x="{x:.5g}" y="{y - 7:g}" width="16" height="14" rx="3" style="fill:{colour}"/>')
        out.append(f'<text class="key" x="{x + 21:.5g}" y="{y + 4:g}">{escape(text)}</text>')
        x += _entry(text)
    return [*out, "</g>"]

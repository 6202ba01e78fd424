"""Writes a laid-out scene as SVG: small, styled by classes, light and dark, readable without seeing it.

Names of variables come only as escaped text. Identifiers are the scene's opaque ones; there are no links, no scripts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache

from ..layout.columns import SKIP
from ..layout.geometry import Box, Point
from ..layout.positions import Layout
from ..layout.size import LABEL_SIZE
from ..layout.typeset import typeset_width
from ..palette import HUES
from ..scenes.scene import Edge, Node, Scene
from .legend import legend_group
from .standing import document
from .style import fills, hue_class, markers, style_sheet
from .text import escape, typeset

PAD = 16.0
SQUARE = ("op", "variable", "loss", "constant", "gradient")  # drawn as boxes, unless all is drawn round


def write_svg(scene: Scene, layout: Layout, theme: str = "auto") -> str:
    """Return the drawing as an SVG document.

    Parameters
    ----------
    scene : Scene
        What to write.
    layout : Layout
        Its positions, from `viz.layout.lay_out`.
    theme : "auto", "light", "dark" or "page"
        ``"auto"`` follows the reader's setting by a media query, ``"page"`` the page that the drawing stands in, as a
        notebook.

    Raises
    ------
    ValueError
        If `theme` is none of these.
    """
    legend = legend_group(scene.legend, layout.height + 18, fills(scene))
    left, right = layout.overhang
    width = max(layout.width + left + right, legend.width, 40.0) + 2 * PAD
    height = layout.height + 2 * PAD + legend.height
    start = -PAD - left
    lines = [
        f"<style>{style_sheet(scene, theme)}</style>",
        markers(scene),
        f'<rect class="paper" x="{start:g}" y="{-PAD:g}" width="{width:g}" height="{height:g}"/>',
        *_headings(scene, layout),
        *_scopes(layout),
        *_rails(scene, layout),
        *_columns(scene, layout),
        *(f'<circle class="a" cx="{x:.7g}" cy="{y:.5g}" r="2.6"/>' for x, y in layout.forks),
        *legend.lines,
    ]
    return document(scene.title, scene.description, width, height, lines, start, -PAD)


def _headings(scene: Scene, layout: Layout) -> Iterable[str]:
    """Yield the frame and heading of each column, and dots where time steps are left out."""
    for column, strip in zip(scene.columns, layout.strips, strict=True):
        if column.kind == "step":
            size = f'width="{strip.width + 14:g}" height="{layout.height:g}"'
            yield f'<rect class="frame" x="{strip.x - 7:g}" y="0" {size} rx="9"/>'
        if column.skipped:
            text = f"{column.skipped:,} time step{'s' if column.skipped > 1 else ''}"
            yield f'<text class="head" x="{strip.x - SKIP / 2 - 8:g}" y="16">{text}</text>'
        if column.label:
            yield f'<text class="head" x="{strip.x + strip.width / 2:g}" y="16">{escape(column.label)}</text>'


def _scopes(layout: Layout) -> Iterable[str]:
    """Yield the frames around scopes, with their names."""
    for frame in layout.frames:
        box, (dx, dy) = frame.box.moved(layout.origin(frame.column), 0), frame.name
        size = f'width="{box.width:.5g}" height="{box.height:.5g}"'
        name = (
            f'<text class="scope-name" x="{box.left + dx:.5g}" y="{box.bottom + dy:.5g}">{escape(frame.scope)}</text>'
        )
        yield f'<rect class="scope" x="{box.left:.5g}" y="{box.top:.5g}" {size} rx="7"/>{name}'


def _rails(scene: Scene, layout: Layout) -> Iterable[str]:
    """Yield the rails; the second of a node, under another row, has a number behind its id."""
    hues = {node.id: node.hue for node in scene.nodes}
    drawn: Counter[str] = Counter()
    for source, path in layout.rails:
        number = f"-{drawn[source]}" if drawn[source] else ""
        drawn[source] += 1
        yield f'<path id="rail-{source}{number}" class="rail{hue_class(hues[source])}" d="{path.svg()}"/>'


def _columns(scene: Scene, layout: Layout) -> Iterable[str]:
    """Yield what belongs to no column, then a group per column: edges that end in it, nodes, labels of edges."""
    edges: dict[int, list[str]] = defaultdict(list)
    nodes: dict[int, list[str]] = defaultdict(list)
    labels: dict[int, list[str]] = defaultdict(list)
    texts: dict[int, str] = {}
    shades = fills(scene)
    railed = {rail.source for rail in layout.rails}
    for number, column, path, place, own in layout.routes:
        edge = scene.edges[number]
        for line in (path, own) if own else (path,):
            if id(line) not in texts:
                texts[id(line)] = line.svg()
        edges[column].append(_edge(edge, texts[id(path)], edge.source in railed, own is path or not edge.label))
        if own and own is not path:
            edges[column].append(_own_part(edge, texts[id(own)]))
        if edge.label and place:
            labels[column].append(_edge_label(edge, place))
    for node in scene.nodes:
        column, box = layout.places[node.id]
        remarks = layout.remarks(node) if node.tags else ()
        nodes[column].append(_node(node, box, remarks, scene.round, shades.get(node.fill or "", "")))
    for column in range(-1, len(layout.strips)):
        inside = [*edges[column], *nodes[column], *labels[column]]
        if inside and column >= 0:
            step = scene.columns[column]
            masked = ' class="masked"' if step.masked else ' class="partly"' if step.padded else ""
            head = f'<g id="column{column}"{masked} transform="translate({layout.strips[column].x:.7g})">'
            inside = [head, *inside, "</g>"]
        yield from inside


def _edge(edge: Edge, path: str, railed: bool, coloured: bool) -> str:
    id = f"{edge.source}-{edge.target.removeprefix('n')}-{edge.argument}"
    kind = (f" {edge.kind}" if edge.kind else "") + (" hollow" if edge.hollow else "")
    hue = _plain_hue(edge) if edge.label else hue_class(edge.hue)
    return f'<path id="{id}" class="{"r" if railed else "e"}{kind}{hue if coloured else ""}" d="{path}"/>'


def _own_part(edge: Edge, path: str) -> str:
    """Return the end of a line that no other edge runs along, in the colour of its label."""
    kind = f" {edge.kind}" if edge.kind else ""
    return f'<path class="e{kind}{_plain_hue(edge)}" d="{path}"/>'


def _plain_hue(edge: Edge) -> str:
    """Return the class of an edge's colour alone: dashes would make a delay of it."""
    return "" if edge.hue is None else hue_class(edge.hue % HUES)


def _edge_label(edge: Edge, place: Point) -> str:
    x, y = place
    rest, parts = edge.label, []
    for name, hue in edge.factors:
        before, _, rest = rest.partition(name)
        parts.append(f'{typeset(before)}<tspan class="{hue_class(hue).strip()}">{typeset(name)}</tspan>')
    text = "".join([*parts, typeset(rest)])
    colour = " gradient" if edge.kind == "gradient" else hue_class(edge.hue)
    return f'<text class="name{colour}" x="{x:.4g}" y="{y + 4.5:.4g}">{text}</text>'


def _node(node: Node, box: Box, remarks: Iterable[Box], round: bool, shade: str) -> str:
    beside = typeset_width(node.label, LABEL_SIZE, True) if node.kind == "parameter" and node.detail else None
    start, end = _around_label(box, node.kind, node.hue, node.title, node.detail, round, shade, beside)
    return f'<g id="{node.id}" {start}{typeset(node.label)}{end}{_tags(node, remarks) if node.tags else ""}</g>'


@lru_cache(maxsize=1 << 12)
def _around_label(
    box: Box, kind: str, hue: int | None, title: str, detail: str, round: bool, shade: str, beside: float | None
) -> tuple[str, str]:
    """Return what is written of a node before its label and after it, the same in all columns.

    The detail stands under the label, or beside it where `beside` is the width of the label.
    """
    corner = min(box.width, box.height) / 2 if round or kind not in SQUARE else 6
    size = f'width="{box.width:g}" height="{box.height:g}" rx="{corner:g}"'
    label_at, detail_at = (box.x, box.y - 2 if detail else box.y + 5), (box.x, box.y + 11)
    if beside is not None:
        label_at = (box.left + 9 + beside / 2, box.y + 5)
        detail_at = ((box.left + 9 + beside + box.right) / 2, box.y + 4)
    filled, large = (f" filled {shade}", ' class="l"') if shade else ("", "")
    start = (
        f'class="{kind}{hue_class(hue)}{filled}">{f"<title>{escape(title)}</title>" if title else ""}'
        f'<rect x="{box.left:.5g}" y="{box.top:.5g}" {size}/><text{large} {_at(label_at)}>'
    )
    return start, f'</text><text class="d" {_at(detail_at)}>{escape(detail)}</text>' if detail else "</text>"


def _at(point: Point) -> str:
    return f'x="{point[0]:.5g}" y="{point[1]:.5g}"'


def _tags(node: Node, places: Iterable[Box]) -> str:
    return "".join(
        f'<text class="tag{hue_class(hue)}" x="{place.left:.5g}" y="{place.y + 4:.5g}">{typeset(text)}</text>'
        for (text, hue), place in zip(node.tags, places, strict=True)
    )

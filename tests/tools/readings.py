"""Where the geometry of a drawing says something that the scene does not: what a reader takes wrongly, or cannot read.

Each check returns what it finds, in words. Gradients are left out: they answer the arrows that they run beside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np

import viz
from tests.tools.wires import dense
from viz.layout.edge_labels import HEIGHT
from viz.layout.geometry import ARROW, Box, Path, samples
from viz.layout.size import LABEL_SIZE
from viz.layout.surroundings import ink, name_box
from viz.layout.typeset import typeset_width
from viz.scenes.scene import Edge

GAP = 30.0  # pixels between two level runs that seem to be one
HEAD_ROOM = 5.0  # beside an arrowhead
SHARED = 2.5  # nearer lines of one source are one
NEARLY, FAR = 2.0, 16.0  # so much further off is nearly as near; what stands so far off is not seen to belong
LOOK = 40.0  # so far around a label its line and others are looked for
SPIKE, TANGLE = 75.0, 480.0  # degrees that a line may turn within a few pixels, and in all


class Line(NamedTuple):
    """An edge or a rail as it is drawn: its number (-1 for a rail), its source, and its path on the page."""

    edge: int
    source: str
    name: str
    path: Path


class Text(NamedTuple):
    """What is written beside nodes and edges: the edge or node it belongs to."""

    text: str
    owner: int | str
    box: Box


def lines_of(drawing: viz.Drawing) -> list[Line]:
    """Return all lines of a drawing, but gradients."""
    layout, edges = drawing.layout, drawing.scene.edges
    labels = {node.id: node.label for node in drawing.scene.nodes}
    lines = []
    for route in layout.routes:
        edge = edges[route.edge]
        if edge.kind != "gradient":
            path = route.path.moved(layout.origin(route.column), 0.0)
            lines.append(Line(route.edge, edge.source, f"{labels[edge.source]}→{labels[edge.target]}", path))
    return lines + [Line(-1, rail.source, f"{labels[rail.source]}→", rail.path) for rail in layout.rails]


def texts_of(drawing: viz.Drawing) -> list[Text]:
    """Return the labels of edges and the remarks on nodes."""
    layout, scene = drawing.layout, drawing.scene
    texts = []
    for route in layout.routes:
        edge = scene.edges[route.edge]
        if edge.label and route.label and edge.kind != "gradient":
            x, y = route.label
            width = typeset_width(edge.label, LABEL_SIZE, True)
            texts.append(Text(edge.label, route.edge, Box(x + layout.origin(route.column), y, width, HEIGHT)))
    for node in scene.nodes:
        origin = layout.origin(layout.places[node.id][0])
        boxes = (box.moved(origin, 0.0) for box in layout.remarks(node))
        texts += [Text(tag, node.id, box) for (tag, _), box in zip(node.tags, boxes, strict=True)]
    return texts


def continued_lines(drawing: viz.Drawing) -> list[str]:
    """Return where a level run of one net seems to go on in that of another, as they face each other in one line."""
    boxes = [drawing.layout.box(node.id) for node in drawing.scene.nodes]
    ends: dict[int, list[tuple[float, float, bool, Line]]] = defaultdict(list)
    for line in lines_of(drawing):
        for start, end, y in _level_runs(line.path):
            ends[round(y / 4)] += [(start, y, False, line), (end, y, True, line)]
    problems = set()
    for row, around in ends.items():
        rights = [end for end in around if end[2]]
        lefts = [end for near in (row - 1, row, row + 1) for end in ends.get(near, ()) if not end[2]]
        for x, y, _, line in rights:
            for other_x, other_y, _, other in lefts:
                apart = line.source != other.source and (line.path.tip is None or line.path.tip != other.path.tip)
                facing = -1.0 < other_x - x < GAP and abs(y - other_y) < 3.0
                if apart and facing and not _between(boxes, x, other_x, y):
                    problems.add(f"{line.name} seems to go on in {other.name} at ({x:.0f}, {y:.0f})")
    return sorted(problems)


def _level_runs(path: Path) -> Iterator[tuple[float, float, float]]:
    """Yield (left, right, height) of the straight level pieces of a path that are longer than 8 pixels."""
    for (x, y), control, _, (end_x, end_y) in path.pieces():
        if path.tip and (end_x, end_y) == path.points[-1]:
            end_x = path.tip[0]
        if abs(y - end_y) < 0.5 and abs(control[1] - y) < 0.5 and abs(x - end_x) > 8:
            yield min(x, end_x), max(x, end_x), y


def _between(boxes: list[Box], left: float, right: float, y: float) -> bool:
    return any(box.right > left - 2 and box.left < right + 2 and abs(box.y - y) < box.height / 2 + 2 for box in boxes)


def crowded_heads(drawing: viz.Drawing) -> list[str]:
    """Return arrowheads that do not lie on their own line, or that another net's line passes in the same direction."""
    lines = lines_of(drawing)
    rows = [(line, dense(line.path)) for line in lines]
    points = np.concatenate([points for _, points in rows])
    owners = np.concatenate([np.full(len(points), number) for number, (_, points) in enumerate(rows)])
    directions = np.concatenate([np.gradient(points, axis=0) for _, points in rows])
    directions /= np.maximum(np.hypot(*directions.T), 1e-9)[:, None]
    nets = np.array([line.source for line in lines])
    problems = set()
    for number, (line, _) in enumerate(rows):
        if line.path.tip is None:
            continue
        tip, base = np.array(line.path.tip), np.array(line.path.points[-1])
        before = next(np.array(point) for point in line.path.points[::-1] if point != line.path.points[-1])
        head = (tip - base) / max(np.hypot(*(tip - base)), 1e-9)
        last = (base - before) / max(np.hypot(*(base - before)), 1e-9)
        if head @ last < 0.9:
            problems.add(f"{line.name}: the head does not lie on its line at {tip.round()}")
        middle = (tip + base) / 2
        near = np.flatnonzero(np.hypot(*(points - middle).T) < HEAD_ROOM)
        joined = np.array([other.path.tip == line.path.tip for other in lines])
        beside = near[(nets[owners[near]] != line.source) & ~joined[owners[near]] & (directions[near] @ head > 0.85)]
        problems |= {
            f"{lines[other].name} runs along the head of {line.name} at {tip.round()}" for other in owners[beside]
        }
    return sorted(problems)


def labels_on_shared_lines(drawing: viz.Drawing) -> list[str]:
    """Return labels that stand beside a piece of line that another edge without that label runs along too."""
    lines, edges = lines_of(drawing), drawing.scene.edges
    by_source: dict[str, list[tuple[Line, np.ndarray]]] = defaultdict(list)
    own: dict[int, np.ndarray] = {}
    for line in lines:
        points = dense(line.path)
        by_source[line.source].append((line, points))
        if line.edge >= 0:
            own[line.edge] = points
    problems = []
    for text in texts_of(drawing):
        if isinstance(text.owner, str):
            continue
        line = own[text.owner]
        place = line[np.argmin(_distances(text.box, line))]
        for other, points in by_source[edges[text.owner].source]:
            between = edges[other.edge].source, edges[other.edge].target  # several delays of a state share one loop
            own_ends = edges[text.owner].source, edges[text.owner].target
            alike = between == own_ends or edges[other.edge].label == text.text
            if not alike and np.hypot(*(points - place).T).min() < SHARED:
                problems.append(f"{text.text} of {line_name(lines, text.owner)} stands at {other.name}")
                break
    return problems


def labels_nearer_to_others(drawing: viz.Drawing) -> list[str]:
    """Return labels that stand nearer to a line that is not their own than to their own, or far from it."""
    lines = lines_of(drawing)
    dots = {line.edge: dense(line.path) for line in lines if line.edge >= 0}
    edges, problems = drawing.scene.edges, []
    everything = [(line, dots[line.edge] if line.edge >= 0 else dense(line.path)) for line in lines]
    for text in texts_of(drawing):
        if isinstance(text.owner, str):
            continue
        distance = _distances(text.box, dots[text.owner]).min()
        if distance > 16.0:
            problems.append(f"{text.text} of {line_name(lines, text.owner)} stands {distance:.0f} px off its line")
            continue
        for other, points in everything:
            if other.edge == text.owner or (other.edge >= 0 and edges[other.edge].label == text.text):
                continue
            if _distances(text.box, points).min() < distance - 1.5:
                problems.append(f"{text.text} of {line_name(lines, text.owner)} stands nearer to {other.name}")
                break
    return problems


def labels_taken_for_others(drawing: viz.Drawing) -> list[str]:
    """Return labels that a reader would take for another line's or node's: nearer to it, or nearly as near.

    What counts of a label's own line is the part that no other edge runs along; another line between the two is nearer
    than its own. Lines under one label, and the delays of one state, are no others.
    """
    scene, lines = drawing.scene, lines_of(drawing)
    edges = scene.edges
    rows = [dense(line.path) for line in lines]
    points = np.concatenate([*rows, np.zeros((0, 2))])
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    numbers = {line.edge: number for number, line in enumerate(lines) if line.edge >= 0}
    nodes = [(node, drawing.layout.box(node.id)) for node in scene.nodes]
    problems = []
    for text in texts_of(drawing):
        if isinstance(text.owner, str):
            continue
        edge, own = edges[text.owner], rows[numbers[text.owner]]
        mates = [
            line.edge >= 0 and (edges[line.edge].label == edge.label or _ends(edges[line.edge]) == _ends(edge))
            for line in lines
        ]
        others = np.flatnonzero(~np.array(mates)[owners] & (_distances(text.box, points) < LOOK))
        foreign = points[others]
        unshared = own[_distances(text.box, own) < LOOK]
        unshared = unshared[_distances_to(unshared, foreign) >= SHARED]
        distance = _distances(text.box, unshared).min(initial=LOOK)
        name = f"{text.text} of {line_name(lines, text.owner)} at ({text.box.x:.0f}, {text.box.y:.0f})"
        near = _distances(text.box, foreign)
        if distance > FAR:
            problems.append(f"{name} stands {distance:.0f} px off its own part")
        elif len(near) and near.min() < distance + NEARLY:
            problems.append(
                f"{name} may be of {lines[owners[others[near.argmin()]]].name}, {near.min():.0f} for {distance:.0f}"
            )
        else:
            beside = [
                node.label for node, box in nodes if node.id not in _ends(edge) and _gap(text.box, box) < distance
            ]
            problems += [f"{name} may be of {label}" for label in beside[:1]]
    return problems


def _ends(edge: Edge) -> tuple[str, str]:
    return edge.source, edge.target


def _distances_to(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return how far each of `points` is from the nearest of `others`."""
    return np.hypot(*(points[:, None] - others).transpose(2, 0, 1)).min(axis=1, initial=np.inf)


def _gap(one: Box, other: Box) -> float:
    """Return how far two boxes are apart."""
    dx = abs(one.x - other.x) - (one.width + other.width) / 2
    dy = abs(one.y - other.y) - (one.height + other.height) / 2
    return float(np.hypot(max(dx, 0.0), max(dy, 0.0)))


def line_name(lines: list[Line], edge: int) -> str:
    """Return the ends of an edge, as a reader knows them."""
    return next(line.name for line in lines if line.edge == edge)


def _distances(box: Box, points: np.ndarray) -> np.ndarray:
    """Return how far points are from a box; 0 for those inside."""
    return np.hypot(*np.maximum(abs(points - [box.x, box.y]) - [box.width / 2, box.height / 2], 0.0).T)


def overprinted(drawing: viz.Drawing) -> list[str]:
    """Return texts that cover one another, or a node, or the name of a frame or a column."""
    layout, scene, texts = drawing.layout, drawing.scene, texts_of(drawing)
    labels = {node.id: node.label for node in scene.nodes}
    fixed = [(node.label, layout.box(node.id)) for node in scene.nodes]
    fixed += [(f.scope, name_box(f._replace(box=f.box.moved(layout.origin(f.column), 0.0)))) for f in layout.frames]
    fixed += [
        (column.label, Box(strip.x + strip.width / 2, 11.0, 7.0 * len(column.label), 12.0))
        for column, strip in zip(scene.columns, layout.strips, strict=True)
        if column.label
    ]
    problems = []
    for text in texts:
        for name, box in fixed:
            if _overlap(text.box, box, 2.0) and not (isinstance(text.owner, str) and box == layout.box(text.owner)):
                problems.append(f"{text.text} covers {name} at ({box.x:.0f}, {box.y:.0f})")
    for text, other in combinations(texts, 2):
        if _overlap(text.box, other.box, 2.0):
            of = labels.get(str(other.owner), "an edge")
            problems.append(f"{text.text} covers {other.text} of {of} at ({text.box.x:.0f}, {text.box.y:.0f})")
    return problems


def _overlap(one: Box, other: Box, slack: float) -> bool:
    """Return whether two boxes share more than `slack` pixels in both directions."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return width > slack and height > slack


def struck(drawing: viz.Drawing) -> list[str]:
    """Return texts that a line or an arrowhead runs through."""
    lines = lines_of(drawing)
    covered = [(line, ink(line.path)) for line in lines]
    corners = np.concatenate([corners for _, corners in covered])
    owners = np.concatenate([np.full(len(corners), number) for number, (_, corners) in enumerate(covered)])
    left, top, right, bottom = corners.T
    problems = []
    for text in texts_of(drawing):
        box = Box(text.box.x, text.box.y, text.box.width - 1.0, min(text.box.height, 10.0))
        hit = (left < box.right) & (right > box.left) & (top < box.bottom) & (bottom > box.top)
        problems += [
            f"{lines[number].name} strikes {text.text} at ({box.x:.0f}, {box.y:.0f})" for number in set(owners[hit])
        ]
    return problems


def bad_curves(drawing: viz.Drawing) -> list[str]:
    """Return lines with a spike or a tangle, and those whose head does not reach their target."""
    layout, edges = drawing.layout, drawing.scene.edges
    problems = []
    for line in lines_of(drawing):
        points = samples(line.path).points
        steps = np.diff(points, axis=0)
        steps = steps[np.hypot(*steps.T) > 0.5]
        angles = np.arctan2(steps[:, 1], steps[:, 0])
        turns = np.degrees(abs((np.diff(angles) + np.pi) % (2 * np.pi) - np.pi))
        if (turns > SPIKE).any():
            problems.append(f"{line.name} has a spike")
        if turns.sum() > TANGLE:
            problems.append(f"{line.name} turns by {turns.sum():.0f} degrees")
        if line.path.tip and line.edge >= 0:
            off = _distances(layout.box(edges[line.edge].target), np.array([line.path.tip]))[0]
            if off > ARROW / 2:
                problems.append(f"{line.name} ends {off:.0f} px before its target")
    return problems


CHECKS: tuple[Callable[[viz.Drawing], list[str]], ...] = (
    continued_lines,
    crowded_heads,
    labels_on_shared_lines,
    labels_nearer_to_others,
    labels_taken_for_others,
    overprinted,
    struck,
    bad_curves,
)

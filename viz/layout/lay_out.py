"""A scene's positions: columns tiled from one laid-out cell, or a graph without repetition by Graphviz as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..scenes.scene import Edge, Node, Scene
from .bends import LOOP, bow, free_side, loop
from .edge_labels import place_labels
from .geometry import Box, Path, Point
from .graphviz_layout import arrange, one_drawing
from .landings import spread_landings
from .mend import mended
from .positions import Frame, Layout, Route
from .request import Request
from .size import label_room, node_size
from .tiling import tile
from .tips import arrivals, spread_tips, widened

MARGIN = 8.0  # which texts may reach into
MOST_BACK = 60  # delays; with more, room for their labels would take Graphviz long
MOST_MENDED = 400  # lines; in a thicket of more, nobody follows one with a spike


def lay_out(scene: Scene, large: bool = False) -> Layout:
    """Find positions for `scene`: in columns if it has any, else wherever Graphviz puts them.

    `large` says that it may take long, and that what is too large for Graphviz gets a plainer layout.

    Raises
    ------
    ValueError
        If the graph does not repeat and is too large for Graphviz (`viz.layout.graphviz_layout.arrange`), unless it is
        said to be `large`.
    """
    with one_drawing(len(scene.nodes), len(scene.edges), large):
        layout = tile(scene) if scene.columns else _whole(scene)
    place_labels(scene, layout)
    layout.overhang = _overhang(scene, layout)
    return layout


def _overhang(scene: Scene, layout: Layout) -> tuple[float, float]:
    """Return how far remarks on nodes and labels of edges reach beyond the margins at the left and the right."""
    left, right = 0.0, layout.width
    for node in scene.nodes:
        origin = layout.origin(layout.places[node.id][0])
        for box in layout.remarks(node) if node.tags else ():
            left, right = min(left, origin + box.left), max(right, origin + box.right)
    for route in layout.routes:
        label = scene.edges[route.edge].label
        if label and route.label:
            middle, reach = layout.origin(route.column) + route.label[0], label_room(label) / 2
            left, right = min(left, middle - reach), max(right, middle + reach)
    return max(0.0, round(-left - MARGIN)), max(0.0, round(right - layout.width - MARGIN))


def _whole(scene: Scene) -> Layout:
    number = {node.id: i for i, node in enumerate(scene.nodes)}
    above = {node.id for node in scene.nodes if node.above}
    loose = {i for i, edge in enumerate(scene.edges) if edge.kind in ("delay", "gradient")}
    back = _leading_back(scene, loose, above) if len(loose) <= MOST_BACK else set()
    named = _named_frames(scene.nodes)
    bent = _bent_edges(scene)
    placed = arrange(
        Request(
            sizes=_sizes(scene),
            edges=[
                (number[edge.source], number[edge.target], edge.source in above or i in back)
                for i, edge in enumerate(scene.edges)
            ],
            scopes=named,
            round=scene.round,
            labels=[_room(edge) + (LOOP if i in bent else 0.0) for i, edge in enumerate(scene.edges)],
            gap=24.0 if scene.round else 14.4,
            rank_gap=44.0 if scene.round else 28.0,
            loose=frozenset(loose - back),
        )
    )
    boxes = dict(zip(number, placed.boxes, strict=True))
    paths = placed.paths
    for i in bent:
        paths[i] = _bend(scene.edges[i], boxes, scene.round) or paths[i]
    for i, edge in enumerate(scene.edges if len(scene.edges) <= MOST_MENDED else ()):
        others = [box for id, box in boxes.items() if id not in (edge.source, edge.target)]
        paths[i] = mended(paths[i], boxes[edge.source], boxes[edge.target], scene.round, others)
    _turn_loops(scene, paths, boxes)
    if not scene.round:
        edges = {i: (edge.source, edge.target) for i, edge in enumerate(scene.edges)}
        moved = spread_tips(dict(enumerate(paths)), edges, boxes)
        paths = [moved.get(i, path) for i, path in enumerate(paths)]
    else:
        ends = [(number[edge.source], number[edge.target]) for edge in scene.edges]
        spread_landings(paths, ends, placed.boxes)
    return Layout(
        width=placed.width,
        height=placed.height,
        places={id: (-1, box) for id, box in boxes.items()},
        routes=[Route(i, -1, path, path.middle()) for i, path in enumerate(paths)],
        frames=[Frame(-1, scope, box) for (scope, _), box in zip(named, placed.frames, strict=True)],
    )


def _sizes(scene: Scene) -> list[tuple[float, float]]:
    sizes = [node_size(node, scene.round) for node in scene.nodes]
    if scene.round:
        return sizes
    lines = arrivals((edge.source, edge.target) for edge in scene.edges)
    return [widened(size, lines[node.id]) for size, node in zip(sizes, scene.nodes, strict=True)]


def _named_frames(nodes: Sequence[Node]) -> list[tuple[str, list[int]]]:
    """Return each scope that has a name, with the numbers of the nodes in it; scopes of one name may be two frames.

    The frame of a loop, ``× 4 × 2``, stands in that of the loop around it, ``× 4``, and is then called ``× 2``.
    """
    if len({node.scope for node in nodes}) < 2:
        return []
    of_scope: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for number, node in enumerate(nodes):
        if node.scope:
            of_scope.setdefault((node.scope, node.frame), []).append(number)
    names = {key: key[0] for key in of_scope}
    members = {key: list(inside) for key, inside in of_scope.items()}
    for (scope, path), inside in of_scope.items():
        outer = scope
        for depth in range(len(path) - 1, 0, -1):
            outer = outer.rpartition(" × ")[0]
            if (outer, path[:depth]) in members:
                members[outer, path[:depth]] += inside
                if names[scope, path] == scope:
                    names[scope, path] = scope.removeprefix(outer).strip()
    return [(names[key], members[key]) for key in of_scope]


def _bent_edges(scene: Scene) -> set[int]:
    """Return the numbers of the edges that Graphviz draws poorly: loops, and delays back to what they come from."""
    ends = {(edge.source, edge.target) for edge in scene.edges}
    return {
        i
        for i, edge in enumerate(scene.edges)
        if edge.source == edge.target or (edge.kind == "delay" and (edge.target, edge.source) in ends)
    }


def _leading_back(scene: Scene, loose: set[int], above: set[str]) -> set[int]:
    """Return which delays lead down: all but those whose target stands higher, by way of what is not `loose`."""
    down = set()
    higher: dict[str, set[str]] = defaultdict(set)
    for i, edge in enumerate(scene.edges):
        if i not in loose:
            low, high = (edge.target, edge.source) if edge.source in above else (edge.source, edge.target)
            higher[low].add(high)
    for i in sorted(loose):
        source, target = scene.edges[i].source, scene.edges[i].target
        if scene.edges[i].kind == "delay" and source != target and target not in _above(source, higher):
            higher[target].add(source)
            down.add(i)
    return down


def _above(id: str, higher: Mapping[str, set[str]]) -> set[str]:
    """Return all that stands higher than a node."""
    over: set[str] = set()
    waiting = [id]
    while waiting:
        fresh = higher.get(waiting.pop(), set()) - over
        over |= fresh
        waiting += fresh
    return over


def _room(edge: Edge) -> float:
    """Return the width to keep free for the label of an edge."""
    return label_room(edge.label) + (12.0 if edge.kind == "delay" else 0.0)


def _turn_loops(scene: Scene, paths: list[Path], boxes: dict[str, Box]) -> None:
    """Let loops stand at that side of their node where fewer other lines end."""
    loops = {edge.source: i for i, edge in enumerate(scene.edges) if edge.source == edge.target}
    ends: dict[str, list[Point]] = defaultdict(list)
    for edge, path in zip(scene.edges, paths, strict=True):
        if edge.source != edge.target:
            ends[edge.source].append(path.points[0])
            ends[edge.target].append(path.tip or path.points[-1])
    for id, last in loops.items():
        others = [box for other, box in boxes.items() if other != id]
        if not free_side(boxes[id], ends[id], others, _room(scene.edges[last])):
            for i, edge in enumerate(scene.edges):
                if edge.source == edge.target == id:
                    paths[i] = loop(boxes[id], scene.round, right=False)


def _bend(edge: Edge, boxes: dict[str, Box], round: bool) -> Path | None:
    source, target = boxes[edge.source], boxes[edge.target]
    if edge.source == edge.target:
        return loop(source, round)
    return bow(source, target, round, [box for id, box in boxes.items() if id not in (edge.source, edge.target)])

"""What is known while columns are being laid out; each stage of `viz.layout.tiling` fills in a part of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable
from typing import NamedTuple

from ..scenes.scene import Node, Scene
from .cell import Cell, Wire
from .positions import Layout
from .routes import MIDDLE, End, Net, Port

MOST_LANES = 5  # to one node; more come together on one


class Use(NamedTuple):
    """An edge that runs as a wire of its column's cell.

    `source` is the shared node that it comes from, by a rail under the columns and a port in the floor of the cell;
    empty for an edge within the column.
    """

    edge: int
    wire: Wire
    band: int
    column: int
    source: str = ""


class Crossing(NamedTuple):
    """An edge between columns: its ends, its net, and the first and last gutter that it runs through.

    It leaves its source to the right or to the left, and arrives at its target from the left or the right; what
    `passes_over` columns between its ends runs along a lane above them.
    """

    edge: int
    source: Node
    target: Node
    net: Net
    first: int
    last: int
    leaves_right: bool
    comes_from_left: bool
    passes_over: bool


class Plan:
    """The scene, its cells, its edges by kind, and all distances found so far.

    Attributes
    ----------
    standing : list of (Node, int)
        The nodes that stand in a column, each with its column.
    cells : dict
        The laid-out cell of each band.
    stacks : dict
        For (band, column): the cell where only a few states of the band stand, one over the other.
    inside, ported : list of Use
        The edges within a column, and those from shared nodes.
    crossings : list of Crossing
        The edges between columns.
    rows, lifts : dict
        The row that a band stands in, and the height of its top.
    shifts : dict
        For (band, column): how far the cell stands from the column's left end.
    tracks : dict
        For each gutter, that before the first column as -1: where each net's track runs.
    lanes, rail_heights : dict
        The heights of lines above the columns, and of rails under a row.
    ports : dict
        Where edges between columns enter their target, by the number of the edge; in its middle if it is not there.
    exits : dict
        How far below the middle of its source a net leaves; not at all if it is not there.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.nodes = {node.id: node for node in scene.nodes}
        self.standing = [(node, node.column) for node in scene.nodes if node.column is not None]
        self.cells: dict[int, Cell] = {}
        self.stacks: dict[tuple[int, int | None], Cell] = {}
        self.inside: list[Use] = []
        self.ported: list[Use] = []
        self.crossings: list[Crossing] = []
        self.rows: dict[int, int] = {}
        self.lifts: dict[int, float] = {}
        self.shifts: dict[tuple[int, int], float] = {}
        self.tracks: dict[int, dict[Net, float]] = {}
        self.lanes: dict[Hashable, float] = {}
        self.rail_heights: dict[tuple[int, str], float] = {}
        self.ports: dict[int, Port] = {}
        self.exits: dict[Net, float] = {}
        self._gathered: Counter[str] = Counter()
        self._ends: dict[tuple[int, Hashable], End] = {}
        self._joined: dict[tuple[Net, int], bool] = {}
        self.result = Layout()

    def end(self, node: Node, dx: float = 0.0) -> End:
        """Return what a line to or from `node` must know, in a frame shifted by `dx`."""
        cell = self.cell(node)
        key = id(cell), node.slot
        if key not in self._ends:
            self._ends[key] = cell.end(node.slot).moved(0.0, self.lifts[node.band])
        return self._ends[key].moved(dx, 0.0) if dx else self._ends[key]

    def cell(self, node: Node) -> Cell:
        """Return the cell that `node` stands in."""
        cell = self.cells[node.band]
        return self.stacks.get((node.band, node.column), cell) if self.stacks else cell

    def lane_key(self, crossing: Crossing) -> Hashable:
        """Return what shares a lane: all that one node gathers, or all that leaves one node."""
        if self.gathers(crossing):
            return ((crossing.target.id,), "gather")
        return (crossing.net, crossing.source.id)

    def lane(self, crossing: Crossing) -> float | None:
        """Return the height of the lane that an edge runs along; None for one that needs none."""
        return self.lanes[self.lane_key(crossing)] if crossing.passes_over else None

    def port(self, crossing: Crossing) -> Port:
        """Return where an edge enters its target."""
        return self.ports.get(crossing.edge, MIDDLE)

    def exit(self, crossing: Crossing) -> float:
        """Return how far below the middle of its source an edge leaves."""
        return self.exits.get(crossing.net, 0.0)

    def leaving_height(self, crossing: Crossing) -> float:
        """Return the height at which an edge comes into its first gutter."""
        return self.end(crossing.source).leaving_height(crossing.leaves_right, self.exit(crossing))

    def gathers(self, crossing: Crossing) -> bool:
        """Return whether an edge is one of many that come together on a lane before a node after the time steps."""
        if not self._gathered:
            self._gathered = Counter(crossing.target.id for crossing in self.crossings)
        return self.is_boundary(crossing.target) and self._gathered[crossing.target.id] > MOST_LANES

    def is_boundary(self, node: Node) -> bool:
        """Return whether a node stands before or after the time steps."""
        return self.scene.columns[node.column or 0].kind == "boundary"

    def net(self, crossing: Crossing, gutter: int) -> Net:
        """Return what shares a track: a source's edges, or where a lane comes down, all that the lane brings."""
        if not crossing.passes_over or gutter != crossing.last:
            return crossing.net
        if self.is_boundary(crossing.target):
            return self.lane_key(crossing)
        return ("down", crossing.net) if self.joins(crossing) else ("down", crossing.net, crossing.source.id)

    def joins(self, crossing: Crossing) -> bool:
        """Return whether lanes come together before a column: all that comes in so goes to the same nodes, alike."""
        if not crossing.passes_over or self.is_boundary(crossing.target) or self.arches(crossing):
            return False
        if not self._joined:
            fed: dict[tuple[Net, int], dict[str, set[Hashable]]] = defaultdict(lambda: defaultdict(set))
            for c in self.crossings:
                edge = self.scene.edges[c.edge]
                if c.passes_over:
                    fed[c.net, c.last][c.source.id].add((c.target.id, edge.label, edge.kind))
            self._joined = {place: len(set(map(frozenset, of.values()))) == 1 for place, of in fed.items()}
        return self._joined[crossing.net, crossing.last]

    def track(self, crossing: Crossing, gutter: int) -> float:
        """Return where the track of an edge runs in a gutter."""
        return self.tracks[gutter][self.net(crossing, gutter)]

    def arches(self, crossing: Crossing) -> bool:
        """Return whether an edge over columns is drawn as an arch: between circles with nothing above them."""
        source, target = crossing.source, crossing.target
        if not self.scene.round or not crossing.passes_over or source.band != target.band:
            return False
        boxes = self.cells[source.band].boxes
        highest = min(box.top for box in boxes.values())
        return boxes[source.slot].top == boxes[target.slot].top == highest

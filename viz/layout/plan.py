"""What is known while columns are being laid out; each stage of `viz.layout.tiling` fills in a part of it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from ..scenes.scene import Node, Scene
from .cell import Cell, Wire
from .positions import Layout, Strip
from .routes import End

__all__ = ["Crossing", "Inside", "Plan", "Ported"]


class Inside(NamedTuple):
    """An edge within a column, as an instance of a wire of the column's cell."""

    edge: int
    wire: Wire
    band: int
    column: int


class Ported(NamedTuple):
    """An edge from a shared node, by a rail under the columns and a port in the floor of the cell."""

    edge: int
    wire: Wire
    band: int
    column: int
    source: str


class Crossing(NamedTuple):
    """An edge between columns: its ends, its net, and the gutters that it leaves and arrives through."""

    edge: int
    source: Node
    target: Node
    net: Hashable
    out: int
    back: int
    gradient: bool = False


class Plan:
    """The scene, its cells, its edges by kind, and all distances found so far.

    Attributes
    ----------
    cells : dict
        The laid-out cell of each band.
    rows, lifts : dict
        The row that a band stands in, and the height of its top.
    shifts : dict
        For (band, column): how far the cell stands from the column's left end.
    tracks : list of dict
        For each gutter, that before the first column first: where each net's track runs.
    rooms : dict
        For each gutter, the width of the widest label of an edge through it.
    lanes, rail_heights : dict
        The heights of lines above the columns, and of rails under a row.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.nodes = {node.id: node for node in scene.nodes}
        self.cells: dict[int, Cell] = {}
        self.inside: list[Inside] = []
        self.ported: list[Ported] = []
        self.crossings: list[Crossing] = []
        self.rows: dict[int, int] = {}
        self.lifts: dict[int, float] = {}
        self.shifts: dict[tuple[int, int], float] = {}
        self.tracks: list[dict[Hashable, float]] = []
        self.rooms: dict[int, float] = {}
        self.lanes: dict[Hashable, float] = {}
        self.rail_heights: dict[tuple[int, str], float] = {}
        self.strips: list[Strip] = []
        self.result = Layout()

    def end(self, node: Node, dx: float = 0.0) -> End:
        """What a line to or from `node` must know, in a frame shifted by `dx`."""
        cell, lift = self.cells[node.band], self.lifts[node.band]
        slot = node.slot
        return End(
            cell.boxes[slot].moved(dx, lift),
            cell.side(slot, False),
            cell.side(slot, True),
            cell.channel(slot, True) + lift,
            cell.channel(slot, False) + lift,
        )

    def lane_key(self, crossing: Crossing) -> Hashable:
        """What shares a lane: all that one node gathers, or all that leaves one node."""
        gathered = crossing.target.id if self.lonely(crossing.target) else ""
        return ((gathered,), "gather") if gathered else (crossing.net, crossing.source.id)

    def lonely(self, node: Node) -> bool:
        """Whether a node stands before or after the time steps."""
        return self.scene.columns[node.column or 0].kind == "boundary"

    def net(self, crossing: Crossing, gutter: int) -> Hashable:
        """What shares a track: a source's edges, or where a lane comes down, all that the lane brings."""
        if crossing.out != crossing.back and gutter == crossing.back:
            return self.lane_key(crossing) if self.lonely(crossing.target) else ("down", crossing.net)
        return crossing.net

    def arches(self, crossing: Crossing) -> bool:
        """Whether an edge that passes over columns is drawn as an arch: between circles with nothing above them."""
        source, target = crossing.source, crossing.target
        if not self.scene.round or crossing.out == crossing.back or source.band != target.band:
            return False
        boxes = self.cells[source.band].boxes
        highest = min(box.top for box in boxes.values())
        return boxes[source.slot].top == boxes[target.slot].top == highest

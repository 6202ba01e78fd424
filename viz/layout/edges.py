"""Sorts a scene's edges by the way they run, and fills the cells with what stands and runs in them.

There are edges inside a column; from what many columns share, through a port in the cell's floor; and between columns.
"""

from __future__ import annotations

from collections.abc import Hashable

from ..scenes.scene import Edge, Node
from .cell import Cell
from .plan import Crossing, Inside, Plan, Ported

__all__ = ["fill_cells"]


def fill_cells(plan: Plan) -> None:
    """Make the cells of all bands, sort the edges, and have the cells laid out."""
    framed = len({node.scope for node in plan.scene.nodes if node.column is not None}) > 1
    for node in plan.scene.nodes:
        if node.column is not None:
            cell = plan.cells.get(node.band)
            if cell is None:
                cell = plan.cells[node.band] = Cell(round=plan.scene.round, framed=framed)
            cell.add(node)
    _sort_edges(plan)
    _arrange_cells(plan)


def _sort_edges(plan: Plan) -> None:
    """Tell the four kinds of edges apart; the first two become wires of their cell."""
    fans = _fans(plan)
    for i, edge in enumerate(plan.scene.edges):
        source, target = plan.nodes[edge.source], plan.nodes[edge.target]
        cell, column = plan.cells[target.band], target.column or 0
        if source.column is None or (source.id, target.band) in fans:
            wire = cell.wire(edge, source.id, target.slot, port=True)
            plan.ported.append(Ported(i, wire, target.band, column, source.id))
        elif source.band == target.band and source.column == column:
            plan.inside.append(Inside(i, cell.wire(edge, source.slot, target.slot), target.band, column))
        else:
            plan.crossings.append(_crossing(i, edge, source, target))


def _arrange_cells(plan: Plan) -> None:
    """Lay out the cells; what edges come from or go to the next column should stand at that side."""
    enters: dict[int, dict[Hashable, None]] = {band: {} for band in plan.cells}
    leaves: dict[int, dict[Hashable, None]] = {band: {} for band in plan.cells}
    for crossing in plan.crossings:
        rightward = crossing.out == crossing.source.column
        (leaves if rightward else enters)[crossing.source.band][crossing.source.slot] = None
        (enters if crossing.back != crossing.target.column else leaves)[crossing.target.band][crossing.target.slot] = (
            None
        )
    for band, cell in plan.cells.items():
        cell.arrange(enters[band], leaves[band])


def _fans(plan: Plan) -> set[tuple[str, int]]:
    """(source, band) where one node that is not repeated feeds several columns of a band."""
    columns: dict[tuple[str, int], set[int | None]] = {}
    alone: dict[int, set[int | None]] = {}
    for node in plan.scene.nodes:
        alone.setdefault(node.band, set()).add(node.column)
    for edge in plan.scene.edges:
        source, target = plan.nodes[edge.source], plan.nodes[edge.target]
        if source.column is not None and source.band != target.band and len(alone[source.band]) == 1:
            columns.setdefault((source.id, target.band), set()).add(target.column)
    return {fan for fan, found in columns.items() if len(found) > 1}


def _crossing(i: int, edge: Edge, source: Node, target: Node) -> Crossing:
    start, end, gradient = source.column or 0, target.column or 0, edge.kind == "gradient"
    if start == end:
        return Crossing(i, source, target, (source.band, source.slot, edge.kind), start, end, gradient)
    rightward = start < end
    out, back = (start, end - 1) if rightward else (start - 1, end)
    return Crossing(i, source, target, (source.band, source.slot, rightward), out, back, gradient)

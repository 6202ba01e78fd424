"""Sorts a scene's edges by the way they run, and fills the cells with what stands and runs in them.

There are edges inside a column; from what many columns share, through a port in the cell's floor; and between columns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

from ..scenes.scene import Edge, Node
from .cell import Cell
from .plan import Crossing, Plan, Use
from .size import label_room


def fill_cells(plan: Plan) -> None:
    """Make the cells of all bands, sort the edges, and have the cells laid out."""
    framed = len({node.scope for node, _ in plan.standing}) > 1
    for node, _ in plan.standing:
        if node.band not in plan.cells:
            plan.cells[node.band] = Cell(plan.scene.round, framed)
        plan.cells[node.band].add(node)
    _sort_edges(plan)
    _arrange_cells(plan)
    _stack_states(plan)


def _sort_edges(plan: Plan) -> None:
    """Tell the kinds of edges apart; all but crossings become wires of their cell."""
    nodes, cells, fans = plan.nodes, plan.cells, _fans(plan)
    alike: dict[tuple[str, str, str], int] = {}
    for i, edge in enumerate(plan.scene.edges):
        source, target = nodes[edge.source], nodes[edge.target]
        cell, column = cells[target.band], target.column or 0
        ends = edge.source, edge.target, edge.kind
        alike[ends] = place = alike.get(ends, -1) + 1
        if source.column is None or (source.id, target.band) in fans:
            wire = cell.wire(edge, source.id, target.slot, place, port=True)
            plan.ported.append(Use(i, wire, target.band, column, source.id))
        elif source.band == target.band and source.column == column:
            plan.inside.append(Use(i, cell.wire(edge, source.slot, target.slot, place), target.band, column))
        else:
            plan.crossings.append(_crossing(i, edge, source, target))


def _fans(plan: Plan) -> set[tuple[str, int]]:
    """Return (source, band) where one node that is not repeated feeds several columns of a band."""
    columns_of: dict[int, set[int | None]] = defaultdict(set)
    for node in plan.scene.nodes:
        columns_of[node.band].add(node.column)
    alone = {band for band, columns in columns_of.items() if len(columns) == 1 and None not in columns}
    fed: dict[tuple[str, int], set[int | None]] = defaultdict(set)
    for edge in plan.scene.edges if alone else ():
        source, target = plan.nodes[edge.source], plan.nodes[edge.target]
        if source.band in alone and source.band != target.band:
            fed[source.id, target.band].add(target.column)
    return {fan for fan, columns in fed.items() if len(columns) > 1}


def _crossing(i: int, edge: Edge, source: Node, target: Node) -> Crossing:
    start, end = source.column or 0, target.column or 0
    if start == end:
        return Crossing(i, source, target, (source.band, source.slot, edge.kind), start, end, True, False, False)
    rightward = start < end
    first, last = (start, end - 1) if rightward else (start - 1, end)
    net = source.band, source.slot, rightward
    return Crossing(i, source, target, net, first, last, rightward, rightward, first != last)


def _arrange_cells(plan: Plan) -> None:
    """Lay out the cells; what has lines to a neighbouring column should stand at that side."""
    left: dict[int, set[Hashable]] = defaultdict(set)
    right: dict[int, set[Hashable]] = defaultdict(set)
    for crossing in plan.crossings:
        source, target = crossing.source, crossing.target
        (right if crossing.leaves_right else left)[source.band].add(source.slot)
        (left if crossing.comes_from_left else right)[target.band].add(target.slot)
        if crossing.comes_from_left:
            entering = plan.cells[target.band].entering.setdefault(target.slot, {})
            entering[source.slot] = label_room(plan.scene.edges[crossing.edge].label)
    for band, cell in plan.cells.items():
        cell.arrange(left[band], right[band])


def _stack_states(plan: Plan) -> None:
    """Where only states of a gated cell stand, before its time step, put them one over the other."""
    joined = {(use.band, use.column) for use in plan.inside + plan.ported}
    slots: dict[tuple[int, int], set[Hashable]] = defaultdict(set)
    for node, column in plan.standing:
        if plan.cells[node.band].rows and (node.band, column) not in joined:
            slots[node.band, column].add(node.slot)
    for (band, column), few in slots.items():
        plan.stacks[band, column] = plan.cells[band].stacked(few)

"""Which nodes of a gated cell stand at one height: the gates, the lane of a memory, and what is read from it.

The lane of a state leads from its ghost over products and sums to its new value. What is computed from that value alone
on the way to another state, such as o ⊙ tanh(c), stands in a row below the lane; so does a gate that looks at the new
value, beside the other gates.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import networkx as nx

from .scene import Scene

__all__ = ["with_rows"]

SIGNS = ("⊙", "+", "−")


def with_rows(scene: Scene, gates: Collection[str], candidates: Collection[str], operators: Mapping[str, str]) -> Scene:
    """Return the scene with the rows of its gated cells.

    Parameters
    ----------
    scene : Scene
        In columns, with ghosts.
    gates, candidates : collection of str
        The ids of the gates, and of what else they are multiplied by.
    operators : mapping of str to str
        What the operators are, by their ids.
    """
    rows: dict[str, tuple[int, int | None]] = {}
    for band in dict.fromkeys(node.band for node in scene.nodes if node.id in gates):
        rows |= _Cell(scene, band, gates, candidates, operators).rows(readings=scene.round)
    placed = lambda node: replace(node, row=rows[node.id][0], place=rows[node.id][1]) if node.id in rows else node
    if rows:  # scopes would tear them apart
        scene = replace(scene, nodes=[replace(node, scope="", frame=()) for node in scene.nodes])
    return replace(scene, nodes=[placed(node) for node in scene.nodes])


class _Cell:
    """One time step of a band, and the ghosts that it reads."""

    def __init__(
        self,
        scene: Scene,
        band: int,
        gates: Collection[str],
        candidates: Collection[str],
        operators: Mapping[str, str],
    ) -> None:
        column = next(node.column for node in scene.nodes if node.band == band and node.id in gates)
        self.nodes = {node.id: node for node in scene.nodes if node.band == band and node.column == column}
        self.operators = {id: text for id, text in operators.items() if id in self.nodes}
        self.gates = [id for id in self.nodes if id in gates]
        self.candidates = [id for id in self.nodes if id in candidates]
        of_slot = {node.slot: id for id, node in self.nodes.items()}
        read = {edge.source for edge in scene.edges if edge.target in self.nodes}
        before = [node for node in scene.nodes if node.band == band and node.column != column and node.id in read]
        self.ghosts = {of_slot[node.slot]: node.id for node in before if node.slot in of_slot}
        self.graph = nx.DiGraph()
        self.graph.add_nodes_from([*self.nodes, *self.ghosts.values()])
        self.graph.add_edges_from(
            (edge.source, edge.target)
            for edge in scene.edges
            if edge.source in self.graph and edge.target in self.nodes
        )
        self._row: dict[str, list[str]] = {}  # the row of each node that stands in one

    def rows(self, readings: bool) -> dict[str, tuple[int, int | None]]:
        """Return the number of the row of each node that stands in one, and its place there.

        With `readings`, what is read from a lane stands below it, if it can.
        """
        return (readings and self._find_rows(readings=True)) or self._find_rows(readings=False)

    def _find_rows(self, readings: bool) -> dict[str, tuple[int, int | None]]:
        """Return the rows, with or without what is read from a lane below it; none where rows need each other."""
        self._row = {}
        downward: list[tuple[str, str]] = []
        below: list[tuple[str, str]] = []
        lanes = [lane for state, ghost in self.ghosts.items() if (lane := self._lane(ghost, state))]
        for lane in sorted(lanes, key=len, reverse=True):
            self._take(lane)
        for lane in lanes if readings else ():
            for reading in self._readings(lane[-1]):
                if self._take([*self._joining(lane), *reading]):
                    below.append((reading[0], lane[-1]))
                    lower = {reading[0], *self._peepholes(reading)}
                    downward += [(lane[-1], id) for id in self.graph.successors(lane[-1]) if id in lower]
        for id in self.operators:  # a product or a sum, and what it is called
            self._take([id, *(other for other in self.graph.successors(id) if f"{other}o" == id)])
        ordered = set(self._row)
        upward = self.graph.copy()
        upward.remove_edges_from(downward)
        if nx.is_directed_acyclic_graph(upward):
            for row in self._ranks(upward):
                self._take(row)
        places = {id: place if id in ordered else None for row in self._row.values() for place, id in enumerate(row)}
        return {id: (number, places[id]) for id, number in self._numbers(upward, below).items()}

    def _take(self, row: list[str]) -> bool:
        """Let the members of a row stand together, unless one of them stands in another."""
        if len(row) < 2 or any(id in self._row for id in row):
            return False
        self._row.update(dict.fromkeys(row, row))
        return True

    def _is_sign(self, id: str) -> bool:
        return self.operators.get(id) in SIGNS

    def _lane(self, ghost: str, state: str) -> list[str]:
        """Return the shortest way from a state's ghost to the state over products and sums alone, named or not."""
        signs = {id for id in self.graph if self._is_sign(id)}
        named = {id for id in self.nodes if f"{id}o" in signs and self.graph.out_degree(id) == 1}
        ways = self.graph.subgraph(signs | named | {ghost, state})
        return nx.shortest_path(ways, ghost, state)[1:] if nx.has_path(ways, ghost, state) else []

    def _readings(self, state: str) -> list[list[str]]:
        """Return the ways from a state over functions of it alone to a product, and to the state that this is."""
        readings = []
        for way in self._functions([state]):
            for product in self.graph.successors(way[-1]):
                if self._is_sign(product):
                    results = [id for id in self.graph.successors(product) if id in self.ghosts or id == product[:-1]]
                    if product in self.ghosts and product != state:
                        readings.append([*way[1:], product])
                    elif results and product not in self._row:
                        readings.append([*way[1:], product, results[0]])
        return readings

    def _joining(self, lane: Sequence[str]) -> list[str]:
        """Return the products that come to a lane from below, and to nothing else."""
        products = [id for member in lane for id in self.graph.predecessors(member) if id not in lane]
        return [id for id in products if self._is_sign(id) and id not in self._row and self.graph.out_degree(id) == 1]

    def _functions(self, way: list[str]) -> list[list[str]]:
        """Return `way`, and each way on from its end over operators that read nothing else."""
        ways = [way]
        for id in self.graph.successors(way[-1]):
            if id in self.operators and not self._is_sign(id) and self.graph.in_degree(id) == 1:
                ways += self._functions([*way, id])
        return ways

    def _peepholes(self, reading: Sequence[str]) -> set[str]:
        """Return the gates of what is read from a state."""
        sources = {id for member in reading for id in self.graph.predecessors(member)}
        sources |= {other for id in sources if self.operators.get(id) == "1−" for other in self.graph.predecessors(id)}
        return sources.intersection(self.gates)

    def _ranks(self, upward: nx.DiGraph) -> list[list[str]]:
        """Return the gates and candidates of each rank: those that depend on equally many others of them."""
        members = {id for id in [*self.gates, *self.candidates] if id not in self._row}
        rank: dict[str, int] = {}
        for id in nx.topological_sort(upward):
            before = [rank[other] for other in upward.predecessors(id)]
            rank[id] = max(before, default=0) + (id in members)
        ranks: dict[int, list[str]] = {}
        for id in self.nodes:
            if id in members:
                ranks.setdefault(rank[id], []).append(id)
        return list(ranks.values())

    def _numbers(self, upward: nx.DiGraph, below: Sequence[tuple[str, str]]) -> dict[str, int]:
        """Return the number of the row of each node that stands in one; none where rows need each other."""
        head = lambda id: self._row[id][0] if id in self._row else id
        order = nx.DiGraph()
        order.add_nodes_from(head(id) for id in self.nodes)
        order.add_edges_from((head(a), head(b)) for a, b in [*upward.edges, *below] if a in self.nodes)
        order.remove_edges_from(list(nx.selfloop_edges(order)))
        if not nx.is_directed_acyclic_graph(order):
            return {}
        place = {id: k for k, id in enumerate(self.nodes)}
        heads = [id for id in nx.lexicographical_topological_sort(order, key=place.__getitem__) if id in self._row]
        return {id: number for number, head in enumerate(heads) for id in self._row[head]}

"""The parts of a gated cell, and a scene that shows them: its signs, its functions, its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tinygraph.folding.folded import FoldedNode

from .rows import with_rows
from .scene import Edge, Node, Scene

__all__ = ["CellParts"]


@dataclass(frozen=True, slots=True)
class CellParts:
    """The gates and operators of a graph, by the indices of its nodes.

    Attributes
    ----------
    gates, candidates : set of int
        The gates, and what else they are multiplied by in their time step.
    operators : dict of int to str
        What stands on each operator: a product ⊙, a sum + or −, a complement 1−, an unnamed function.
    functions : dict of int to str
        The function that a named value is the result of.
    named : set of int
        The ops whose results have a name.
    """

    gates: set[int]
    candidates: set[int]
    operators: dict[int, str]
    functions: dict[int, str]
    named: set[int]

    def __bool__(self) -> bool:
        return bool(self.operators)

    def recorded(self, nodes: Sequence[FoldedNode]) -> CellParts:
        """Return the same parts by the indices of the recorded nodes that the folded `nodes` stand for."""
        each = lambda indices: {k for index in indices for k in nodes[index].positions.tolist()}
        texts = lambda of: {k: text for index, text in of.items() for k in nodes[index].positions.tolist()}
        return CellParts(
            each(self.gates), each(self.candidates), texts(self.operators), texts(self.functions), each(self.named)
        )

    def shown(self, box: Node, index: int) -> Node:
        """Return the box of a node as an operator, or with the function that it is the result of."""
        if index in self.operators and index not in self.named:
            return replace(box, kind="operator", label=self.operators[index])
        return replace(box, detail=self.functions.get(index, "")) if self else box

    def in_rows(self, scene: Scene) -> Scene:
        """Return the scene with rows; among variables, with a sign of its own for each named product and sum."""
        if scene.round:
            scene = _with_subtractions(self._with_signs(scene))
        operators = {f"n{index}": text for index, text in self.operators.items()}
        if scene.round:
            operators = {f"{id}o" if int(id[1:]) in self.named else id: text for id, text in operators.items()}
        return with_rows(scene, _ids(self.gates), _ids(self.candidates), operators)

    def _with_signs(self, scene: Scene) -> Scene:
        joined = {f"n{index}": sign for index, sign in self.operators.items() if index in self.named}
        edges = [replace(edge, target=f"{edge.target}o") if edge.target in joined else edge for edge in scene.edges]
        nodes = []
        for node in scene.nodes:
            if node.id in joined and node.kind != "ghost":
                sign = replace(node, id=f"{node.id}o", label=joined[node.id], kind="operator", slot=(node.slot, "o"))
                nodes.append(replace(sign, tags=(), hue=None, title=""))
                edges.append(Edge(f"{node.id}o", node.id))
            nodes.append(node)
        return replace(scene, nodes=nodes, edges=edges)


def _with_subtractions(scene: Scene) -> Scene:
    """Return the scene with a sum for each difference of two, and a minus at what is subtracted."""
    into: dict[str, list[Edge]] = {}
    for edge in scene.edges:
        into.setdefault(edge.target, []).append(edge)
    minus = {node.id for node in scene.nodes if node.kind == "operator" and node.label == "−"}
    subtracted = {id: max(edge.argument for edge in into[id]) for id in minus if len(into[id]) == 2}
    signed = lambda edge: replace(edge, label=" ".join(filter(None, ("−", edge.label))))
    nodes = [replace(node, label="+") if node.id in subtracted else node for node in scene.nodes]
    edges = [signed(edge) if edge.argument == subtracted.get(edge.target) else edge for edge in scene.edges]
    return replace(scene, nodes=nodes, edges=edges)


def _ids(indices: Iterable[int]) -> set[str]:
    return {f"n{index}" for index in indices}

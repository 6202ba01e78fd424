"""What of a folded graph recurs, and what could run for all time steps at once."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx

from .cell import FoldedEdge, FoldedLoop, FoldedNode
from .folded import FoldedGraph


@dataclass(frozen=True)
class Recurrence:
    """Ops that depend on themselves in an earlier iteration: a strongly connected component.

    Attributes
    ----------
    nodes : tuple of FoldedNode
    loops : tuple of FoldedLoop
        The loops that carry it, outermost first: these have to run one iteration after the other.
    edges : tuple of FoldedEdge
        The delayed edges in it.
    """

    nodes: tuple[FoldedNode, ...]
    loops: tuple[FoldedLoop, ...]
    edges: tuple[FoldedEdge, ...]

    @property
    def is_running_sum(self) -> bool:
        """Whether it is nothing but additions, as of losses."""
        return all(node.op == "add" and not node.parameters for node in self.nodes)


def recurrences(folded: FoldedGraph) -> list[Recurrence]:
    """Return the recurrences of a folded graph, in the order of their first nodes.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0])
    >>> for t in range(9):
    ...     h = np.tanh(W @ h)
    >>> (cell,) = recurrences(tg.fold(h))
    >>> [str(node.op) for node in cell.nodes], [edge.delay for edge in cell.edges]
    (['matmul', 'tanh'], [1])
    """
    graph = nx.DiGraph((edge.source, edge.target) for edge in folded.edges)
    components = list(nx.strongly_connected_components(graph))
    number = {node: k for k, members in enumerate(components) for node in members}
    delayed: dict[int, dict[FoldedEdge, set[FoldedLoop]]] = {}
    for edge in folded.edges:
        carriers = edge.carried_by if number[edge.source] == number[edge.target] else set()
        if carriers:
            delayed.setdefault(number[edge.source], {})[edge] = carriers
    recurrent = []
    for k, edges in delayed.items():
        nodes = sorted(components[k], key=lambda node: node.index)
        loops = sorted(set().union(*edges.values()), key=lambda loop: loop.depth)
        recurrent.append(Recurrence(tuple(nodes), tuple(loops), tuple(edges)))
    return sorted(recurrent, key=lambda recurrence: recurrence.nodes[0].index)


def at_once(folded: FoldedGraph) -> list[FoldedNode]:
    """Return the ops outside all recurrences: they could run for all time steps at once."""
    recurrent = {node for recurrence in recurrences(folded) for node in recurrence.nodes}
    return [node for node in folded.nodes if node.kind == "op" and node not in recurrent]

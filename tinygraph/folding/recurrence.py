"""Questions on a folded graph: what recurs, what could run for all time steps at once, how the longest path grows."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from ..loops.over_time import takes_other_data
from .cell import FoldedEdge, FoldedLoop, FoldedNode
from .folded import FoldedGraph
from .indices import AT, DELAY, REVERSE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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
        """Is it nothing but additions, as of losses?"""
        return all(node.op == "add" and not node.parameters for node in self.nodes)


def recurrences(folded: FoldedGraph) -> list[Recurrence]:
    """Return the recurrences of a folded graph.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0])
    >>> for t in range(9):
    ...     h = np.tanh(W @ h)
    >>> (found,) = recurrences(tg.fold(tg.graph(h)))
    >>> [str(node.op) for node in found.nodes], [edge.delay for edge in found.edges]
    (['matmul', 'tanh'], [1])
    """
    return _recurrences(folded.nodes, [(edge, edge.carried_by) for edge in folded.edges])


def at_once(folded: FoldedGraph) -> list[FoldedNode]:
    """Return the ops outside all recurrences: they could run for all time steps at once."""
    recurrent = {node for found in recurrences(folded) for node in found.nodes}
    return [node for node in folded.nodes if node.kind == "op" and node not in recurrent]


def calls_needed(folded: FoldedGraph) -> int:
    """Return how many NumPy calls do the work if only recurrences run step by step and a running sum is one call."""
    return _calls(
        [node for node in folded.nodes if node.kind == "op"], [(edge, edge.carried_by) for edge in folded.edges]
    )


def _calls(nodes: Sequence[FoldedNode], edges: Sequence[tuple[FoldedEdge, set[FoldedLoop]]]) -> int:
    """Distribute loops (Allen and Kennedy): step through the outermost one that carries a recurrence, go on inside."""
    found = _recurrences(nodes, edges)
    count = len(nodes)
    for recurrence in found:
        count -= len(recurrence.nodes)
        if recurrence.is_running_sum:
            count += len(recurrence.nodes)
            continue
        loop = recurrence.loops[0]
        trips = loop.trips if isinstance(loop.trips, int) else max(loop.trips)
        inside = [(edge, carriers - {loop}) for edge, carriers in edges if loop not in carriers or len(carriers) > 1]
        count += min(trips * _calls(recurrence.nodes, inside), sum(node.times for node in recurrence.nodes))
    return count


def _recurrences(nodes: Iterable[FoldedNode], edges: Sequence[tuple[FoldedEdge, set[FoldedLoop]]]) -> list[Recurrence]:
    graph = nx.DiGraph()
    graph.add_nodes_from(node.index for node in nodes)
    among = [(edge, carriers) for edge, carriers in edges if edge.source.index in graph and edge.target.index in graph]
    graph.add_edges_from((edge.source.index, edge.target.index) for edge, _ in among)
    node_at = {node.index: node for node in nodes}
    found = []
    for members in nx.strongly_connected_components(graph):
        delayed = [
            (edge, carriers)
            for edge, carriers in among
            if carriers and edge.source.index in members and edge.target.index in members
        ]
        loops = {loop for _, carriers in delayed for loop in carriers}
        if loops:
            found.append(
                Recurrence(
                    tuple(node_at[index] for index in sorted(members)),
                    tuple(sorted(loops, key=lambda loop: loop.depth)),
                    tuple(edge for edge, _ in delayed),
                )
            )
    return sorted(found, key=lambda recurrence: recurrence.nodes[0].index)


def longest_path(folded: FoldedGraph, timesteps: int | None = None, running_sums: bool = True) -> int:
    """Return the number of ops on the longest chain of dependences, if loops over time had so many time steps.

    Parameters
    ----------
    timesteps : int, optional
        As many as recorded if not given.
    running_sums : bool
        Do they count with each of their additions, or as one op?

    Raises
    ------
    ValueError
        If the graph does not fold to something that can be run for another number of time steps.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0])
    >>> for t in range(9):
    ...     h = np.tanh(W @ h)
    >>> folded = tg.fold(tg.graph(h))
    >>> longest_path(folded), longest_path(folded, timesteps=100)
    (18, 200)
    """
    if timesteps is not None:
        folded = resized(folded, timesteps)
    sums = (
        {n for found in recurrences(folded) if found.is_running_sum for n in found.nodes} if not running_sums else set()
    )
    at = folded.positions()
    reads: list[list[tuple[int, int]]] = [[] for _ in range(sum(node.times for node in folded.nodes))]
    for edge in folded.edges:
        weight = 0 if edge.target in sums and edge.source in sums else 1
        instance, _, row = edge.pairs()
        for target, source in zip(at[edge.target][instance].tolist(), at[edge.source][row].tolist(), strict=True):
            reads[target].append((source, weight))
    length = [0] * len(reads)
    for position, sources in enumerate(reads):
        length[position] = max((length[source] + weight for source, weight in sources), default=0)
    return max(length, default=0)


def path_per_timestep(folded: FoldedGraph, running_sums: bool = True) -> Fraction:
    """Return by how many ops the longest path grows with each time step: 0 where it does not depend on T."""
    trips = [loop.trips for loop in folded.loops if loop.over_time]
    most = max((max(np.atleast_1d(n)) for n in trips), default=0)
    if not most:
        return Fraction(0)
    near, far = (longest_path(folded, int(n), running_sums) for n in (2 * most, 3 * most))
    return Fraction(far - near, int(most))


def resized(folded: FoldedGraph, timesteps: int) -> FoldedGraph:
    """Return the recurrence with another number of time steps in its loops over time, without recorded nodes.

    Raises
    ------
    ValueError
        If what it does depends on tables, or its loops have trips of their own in each iteration.
    """
    along = _along_time(folded)
    loops: dict[FoldedLoop, FoldedLoop] = {}
    for loop in folded.loops:
        parent = loops[loop.parent] if loop.parent else None
        if not isinstance(loop.trips, int):
            raise ValueError(f"resized: {loop!r} runs for different numbers of iterations")
        counts = np.full(len(parent.iterations) if parent else 1, timesteps if loop in along else loop.trips)
        loops[loop] = FoldedLoop(parent, loop.recorded, counts, loop.over_time)
    nodes = {node: node.moved_to(tuple(loops[loop] for loop in node.loops)) for node in folded.nodes}
    edges = []
    for edge in folded.edges:
        if edge.index is None or isinstance(edge.when, np.ndarray):
            raise ValueError(f"resized: {edge!r} is told by a table")
        edges.append(FoldedEdge(nodes[edge.source], nodes[edge.target], edge.argument, edge.index, edge.when))
        if edge.argument is None:
            _gather_all(edge, nodes, loops)
    return FoldedGraph(list(nodes.values()), edges, list(loops.values()), None, folded.dissolved)


def _along_time(folded: FoldedGraph) -> set[FoldedLoop]:
    """Return the loops over time, and those that go along with one to read what it made: a sum over all losses."""
    along = {loop for loop in folded.loops if loop.over_time}
    for edge in folded.edges:  # in the order of their targets' first instances
        for loop, index in zip(edge.source.loops, edge.index or (), strict=False):
            if loop in along and index.kind in (DELAY, REVERSE) and index.level < len(edge.target.loops):
                reader = edge.target.loops[index.level]
                if reader.parent is None and reader.trips == loop.trips:
                    along.add(reader)
    return along


def _gather_all(edge: FoldedEdge, nodes: dict[FoldedNode, FoldedNode], loops: dict[FoldedLoop, FoldedLoop]) -> None:
    """An op that gathers all iterations has as many more arguments as there are more iterations."""
    target = nodes[edge.target]
    assert edge.index is not None
    for loop, index in zip(edge.source.loops, edge.index, strict=True):
        if index.level == len(edge.target.loops):
            before, after = loop.trips, loops[loop].trips
            if not isinstance(target.arity, int):
                raise ValueError(f"resized: {edge.target!r} has different numbers of arguments")
            assert isinstance(before, int) and isinstance(after, int)
            target.arity += after - before


def parameter_uses(folded: FoldedGraph) -> dict[FoldedNode, dict[FoldedLoop | None, int]]:
    """Return how often each parameter is used in an iteration of the loops around its users, and outside (None).

    Where only some iterations use it, the number is that of the iteration that uses it most.
    """
    uses: dict[FoldedNode, dict[FoldedLoop | None, int]] = {}
    for edge in folded.edges:
        if edge.source.kind == "parameter":
            loop = edge.target.loops[-1] if edge.target.loops else None
            of_loop = uses.setdefault(edge.source, {})
            of_loop[loop] = of_loop.get(loop, 0) + 1
    return uses


def task_shape(folded: FoldedGraph) -> str:
    """Read the shape of the task off the graph (row B14 of the lectures).

    Returns
    -------
    "one-to-many", "many-to-one", "many-to-many", "one-to-one", or "sequence-to-sequence" where one loop over time
    reads what another made, but not step by step.
    """
    if any(map(_starts_another, folded.edges)):
        return "sequence-to-sequence"
    state = _state(folded)
    readers: dict[FoldedNode, list[FoldedNode]] = {}
    for edge in folded.edges:
        readers.setdefault(edge.source, []).append(edge.target)
    fed = any(_is_fed(node, readers, state) for node in folded.nodes)
    read = any(
        edge.source in state
        and edge.target not in state
        and not _takes_last(edge)
        and (edge.target.times > 1 or edge.argument is None)
        for edge in folded.edges
    )
    return f"{'many' if fed else 'one'}-to-{'many' if read else 'one'}"


def _starts_another(edge: FoldedEdge) -> bool:
    """Does one loop over time read the state of another, other than step by step?"""
    before, after = (
        next((loop for loop in reversed(node.loops) if loop.over_time), None) for node in (edge.source, edge.target)
    )
    if before is None or after is None or before is after or edge.index is None:
        return False
    index = edge.index[edge.source.loops.index(before)]
    return index.kind == AT or index.level != edge.target.loops.index(after)


def _takes_last(edge: FoldedEdge) -> bool:
    """Does it read only the last iteration of a loop over time?"""
    return edge.index is not None and any(
        loop.over_time and index.kind == AT and index.offset == -1
        for loop, index in zip(edge.source.loops, edge.index, strict=True)
    )


def _state(folded: FoldedGraph) -> set[FoldedNode]:
    """Return the recurrences that carry a state through time; without one, the ops on parameters."""
    carried = {
        node
        for found in recurrences(folded)
        if any(loop.over_time for loop in found.loops) and any(node.parameters for node in found.nodes)
        for node in found.nodes
    }
    in_time = [node for node in folded.nodes if node.kind == "op" and any(loop.over_time for loop in node.loops)]
    return carried or {node for node in in_time if node.parameters}


def _is_fed(node: FoldedNode, readers: dict[FoldedNode, list[FoldedNode]], state: set[FoldedNode]) -> bool:
    """Does a node bring other data into the state each time?"""
    if not any(loop.over_time for loop in node.loops) or not takes_other_data(node.recorded):
        return False
    seen, waiting = {node}, [node]
    while waiting:
        for reader in readers.get(waiting.pop(), ()):
            if reader in state:
                return True
            if reader not in seen:
                seen.add(reader)
                waiting.append(reader)
    return False

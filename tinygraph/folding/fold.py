"""Folding: read the recurrence back from a recorded, unrolled graph."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..graphs.graph import Graph
from ..graphs.graph import graph as graph_of
from ..loops.grouping import Groups
from ..loops.keys import grouped, split_by
from ..loops.places import Loop, shared_depth
from ..loops.reads import INPUT, PARAMETER, NodesAt
from ..recording.tensor import Tensor
from .cell import FoldedEdge, FoldedLoop, FoldedNode, arrivals
from .folded import FoldedGraph
from .indices import DELAY, LATEST, Index, Region, fit, region

_MOST_CASES = 3  # an argument that reads the same node at more different delays gets a table


def fold(graph: Graph | Tensor) -> FoldedGraph:
    """Fold a recorded graph, or the one that leads to a Tensor, into its recurrence.

    Every node of the result stands for ops recorded at one place of the program, with one signature and on the same
    parameters; unrolling gives the recorded graph back exactly.

    Raises
    ------
    TypeError
        If `graph` is neither a Graph nor a Tensor.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, U = tg.parameter([[0.5]], name="W"), tg.parameter([[1.0]], name="U")
    >>> h = np.zeros(1)
    >>> for x in np.ones((7, 1)):
    ...     h = np.tanh(W @ h + U @ x)
    >>> folded = tg.fold(h)
    >>> [(str(node.op), node.times) for node in folded.nodes if node.kind == "op"]
    [('matmul', 7), ('matmul', 7), ('add', 7), ('tanh', 7)]
    >>> [(edge.source.name, edge.target.expression, edge.delay) for edge in folded.edges if edge.delay]
    [('h', 'W @ h', 1)]
    """
    if isinstance(graph, Tensor):
        graph = graph_of(graph)
    if not isinstance(graph, Graph):
        raise TypeError(f"fold: expected a Graph or a Tensor that was recorded, got {type(graph).__name__}")
    return _Folding(graph, graph.timeline.groups).folded()


def fold_in_one_loop(graph: Graph) -> FoldedGraph:
    """Fold a graph in the loops of most iterations alone: what is in other loops around or in them stands apart."""
    return _Folding(graph, graph.timeline.groups_in_one_loop).folded()


class _Folding:
    def __init__(self, graph: Graph, groups: Groups):
        self.graph = graph
        self.groups = groups
        count = len(graph.nodes)
        self.ops = self.groups.wiring.indices
        self.chains = list(self.groups.chains)
        self.number = np.full(count, -1)
        self.number[self.ops] = self.groups.number
        self.iterations = np.full((count, self.groups.iterations.shape[1]), -1)
        self.iterations[self.ops] = self.groups.iterations
        self._group_leaves()

    def folded(self) -> FoldedGraph:
        self.loops = self._loops()
        members = split_by(self.number, len(self.chains))
        in_order = sorted(range(len(members)), key=lambda number: members[number][0])
        self.instance = np.zeros(len(self.number), int)
        self.arity = np.zeros(len(self.number), int)
        self.arity[self.ops] = self.groups.wiring.arity
        nodes = {number: self._node(index, number, members[number]) for index, number in enumerate(in_order)}
        self.nodes = [nodes[number] for number in range(len(members))]
        edges = list(self._edges())
        for node, uses in zip(self.nodes, self.groups.parameters, strict=False):  # groups of ops come first
            node.parameters = tuple(dict.fromkeys(self.nodes[self.number[parameter]] for _, parameter in uses))
        return FoldedGraph(list(nodes.values()), edges, list(self.loops.values()), self.graph, self.groups.dissolved)

    # -- leaves: with the first op that uses them ---------------------------------------------------------------------

    def _group_leaves(self) -> None:
        """Group leaves that the same op uses first, as the same argument, in other iterations."""
        leaves = np.flatnonzero(self.number < 0)
        read = self.groups.wiring.rows
        read = read[self.number[read[:, 0]] < 0]
        leaf, user, argument = read[np.argsort(read[:, 0], kind="stable")].T
        used, start, uses = np.unique(leaf, return_index=True, return_counts=True)
        first = np.repeat(user[start], uses)
        depth = np.zeros(len(self.number), int)
        if len(used):
            depth[used] = np.minimum.reduceat(self._common_depths(first, user), start)
        depth[self.groups.wiring.kinds == PARAMETER] = 0

        keys = np.full((len(leaves), 4 + self.iterations.shape[1]), -1)
        of_used = np.searchsorted(leaves, used)
        keys[of_used, 0] = self.number[user[start]]
        keys[of_used, 1] = argument[start]
        keys[:, 2] = self.groups.wiring.kinds[leaves] == INPUT
        around = np.arange(self.iterations.shape[1]) < depth[used, None]
        at = self.iterations[user[start]]
        self.iterations[used] = np.where(around, at, -1)
        keys[of_used, 4:] = np.where(around, -1, at)
        alone = depth[leaves] == 0
        keys[alone] = -1
        keys[alone, 3] = leaves[alone]
        number, of_group = grouped(keys)
        self.number[leaves] = number + len(self.chains)
        ends = zip(keys[of_group, 0].tolist(), depth[leaves[of_group]].tolist(), strict=True)
        self.chains += [self.chains[first_user][:deep] if deep else () for first_user, deep in ends]

    def _common_depths(self, first: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return how many loops around the first user have the other, if inside them, in the same iteration."""
        pairs = np.column_stack([self.number[first], self.number[other]])
        kinds, example = grouped(pairs)
        chains = [(self.chains[a], self.chains[b]) for a, b in pairs[example].tolist()]
        depth = np.array([len(a) for a, _ in chains], int)[kinds]
        shared = np.array([shared_depth(a, b) for a, b in chains], int)[kinds]
        differ = self.iterations[first] != self.iterations[other]
        differ &= np.arange(differ.shape[1]) < shared[:, None]
        return np.where(differ.any(1), np.cumprod(~differ, axis=1).sum(1), depth)

    # -- loops and nodes ----------------------------------------------------------------------------------------------

    def _loops(self) -> dict[Loop, FoldedLoop]:
        folded: dict[Loop, FoldedLoop] = {}
        for loop in sorted(self.groups.inside, key=lambda loop: loop.depth):
            iterations = self.groups.iterations[self.groups.members_in(loop)]
            parent = folded[loop.parent] if loop.parent else None
            counts = np.zeros(len(parent.iterations) if parent else 1, int)
            outer = parent.rows(iterations[:, : loop.depth]) if parent else np.zeros(len(iterations), int)
            np.maximum.at(counts, outer, iterations[:, loop.depth] + 1)
            folded[loop] = FoldedLoop(parent, loop, counts, self.graph.timeline)
        return folded

    def _node(self, index: int, number: int, members: np.ndarray) -> FoldedNode:
        loops = tuple(self.loops[loop] for loop in self.chains[number])
        when: Region = ()
        if loops:
            inner = loops[-1]
            rows = inner.rows(self.iterations[members, : len(loops)])
            members = members[np.argsort(rows, kind="stable")]
            chosen = np.zeros(len(inner.iterations), bool)
            chosen[rows] = True
            when = region(chosen, inner.iterations, inner.ends)
            self.instance[members] = np.arange(len(members))
        arity = self.arity[members].tolist()
        return FoldedNode(
            index,
            NodesAt(self.graph.nodes, members),
            members,
            loops,
            when,
            order=self.groups.orders[number] if number < len(self.groups.orders) else (),
            arity=arity[0] if len(set(arity)) == 1 else tuple(arity),
        )

    # -- edges --------------------------------------------------------------------------------------------------------

    def _edges(self) -> Iterator[FoldedEdge]:
        recorded = self.groups.wiring.rows
        source, target, argument = recorded.T
        groups = np.column_stack([self.number[target], self.number[source]])
        order = np.lexsort([target, argument, groups[:, 1], groups[:, 0]])
        recorded, groups = recorded[order], groups[order]
        new = (np.flatnonzero((groups[1:] != groups[:-1]).any(1)) + 1).tolist()
        looped = np.array([bool(chain) for chain in self.chains])[groups].any(1)
        for start, end in pairwise([0, *new, len(groups)]):
            if end > start:
                target, source = groups[start].tolist()
                if end - start == 1 and not looped[start]:
                    yield FoldedEdge(self.nodes[source], self.nodes[target], int(recorded[start, 2]), (), ())
                else:
                    yield from self._edges_between(self.nodes[source], self.nodes[target], recorded[start:end])

    def _edges_between(self, source: FoldedNode, target: FoldedNode, rows: np.ndarray) -> Iterator[FoldedEdge]:
        arguments = np.flatnonzero(np.bincount(rows[:, 2]))
        if len(arguments) > 1 and (not isinstance(target.arity, int) or target.arity > 2):
            gathered = self._fitted(source, target, None, rows)
            if gathered.index is not None and any(i.level == len(target.loops) for i in gathered.index):
                yield gathered
                return
        for argument in arguments.tolist():
            of_argument = rows[rows[:, 2] == argument]
            edge = self._fitted(source, target, argument, of_argument)
            cases = [of_argument] if edge.index is not None else self._cases(source, target, of_argument)
            split = [self._fitted(source, target, argument, case) for case in cases]
            yield from split if all(part.index is not None for part in split) else [edge]

    def _fitted(self, source: FoldedNode, target: FoldedNode, argument: int | None, rows: np.ndarray) -> FoldedEdge:
        """Return the edge that stands for recorded edges between two nodes, of one argument or of all."""
        instance, _, iterations, ends = arrivals(target, argument)
        chosen = np.zeros(len(instance), bool)
        at = self.instance[rows[:, 1]]
        if argument is None:
            arity = np.broadcast_to(target.arity, target.times)
            at = (np.cumsum(arity) - arity)[at] + rows[:, 2]
        chosen[at] = True
        read = self.instance[rows[:, 0]][np.argsort(at)]
        shared = shared_depth(source.loops, target.loops)
        index = fit(iterations[chosen], source.iterations[read], source.ends[read], shared)
        if index is None and shared == len(source.loops) and not source.is_everywhere:
            index = _latest(source, iterations[chosen], read)
        when = region(chosen, iterations, ends)
        return FoldedEdge(source, target, argument, index, when, read if index is None else None)

    def _cases(self, source: FoldedNode, target: FoldedNode, rows: np.ndarray) -> list[np.ndarray]:
        """Divide recorded edges by how far back they reach in the loops that both ends share, if in few ways."""
        shared = shared_depth(source.loops, target.loops)
        reach = self.iterations[rows[:, 1], :shared] - self.iterations[rows[:, 0], :shared]
        cases, first = grouped(reach[:, :-1] if len(source.loops) == shared > 1 else reach)
        if not 1 < len(first) <= _MOST_CASES:
            cases, first = grouped(reach)
        return [rows[cases == case] for case in range(len(first))] if 1 < len(first) <= _MOST_CASES else [rows]


def _latest(source: FoldedNode, target: np.ndarray, read: np.ndarray) -> tuple[Index, ...] | None:
    """Return the index by which the target reads the latest instance of a source that is not always present."""
    last = len(source.loops) - 1
    for offset in (0, 1):
        wanted = target[:, : last + 1].copy()
        wanted[:, last] -= offset
        same = (source.iterations[read, :last] == target[:, :last]).all()
        if same and np.array_equal(source.rows(wanted), read):
            return (*(Index(DELAY, 0, level) for level in range(last)), Index(LATEST, offset, last))
    return None

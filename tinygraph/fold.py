"""Folding: read the recurrence back from a recorded, unrolled graph."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .classes import classes_of, grouped
from .folded import FoldedEdge, FoldedGraph, FoldedLoop, FoldedNode, shared_depth, slots
from .indices import DELAY, LATEST, Index, fit, region
from .timesteps import over_time
from .visits import Loop

if TYPE_CHECKING:
    from .graph import Graph

_MOST_CASES = 3  # an argument that reads the same node at more different delays gets a table


def fold(graph: Graph) -> FoldedGraph:
    """Fold a recorded graph into its recurrence.

    Every node of the result stands for ops recorded at one place of the program, with one signature and on the same
    parameters; unrolling gives the recorded graph back exactly.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, U = tg.parameter([[0.5]], name="W"), tg.parameter([[1.0]], name="U")
    >>> h = np.zeros(1)
    >>> for x in np.ones((7, 1)):
    ...     h = np.tanh(W @ h + U @ x)
    >>> folded = tg.fold(tg.graph(h))
    >>> [(str(node.op), node.times) for node in folded.nodes if node.kind == "op"]
    [('matmul', 7), ('matmul', 7), ('add', 7), ('tanh', 7)]
    >>> [(edge.source.name, edge.target.expression, edge.delay) for edge in folded.edges if edge.delay]
    [('h', 'W @ h', 1)]
    """
    return _Folding(graph).folded()


class _Folding:
    def __init__(self, graph: Graph):
        self.graph = graph
        self.classes = classes_of(graph)
        count = len(graph.nodes)
        self.ops = np.array([node.index for node in self.classes.nodes], int)
        self.chains = list(self.classes.chains)
        self.number = np.empty(count, int)
        self.number[self.ops] = self.classes.number
        self.iterations = np.full((count, self.classes.iterations.shape[1]), -1)
        self.iterations[self.ops] = self.classes.iterations
        self._class_leaves()

    def folded(self) -> FoldedGraph:
        self.loops = self._loops()
        members = np.argsort(self.number, kind="stable")
        members_of = np.split(members, np.searchsorted(self.number[members], np.arange(1, len(self.chains))))
        in_order = sorted(range(len(members_of)), key=lambda number: members_of[number][0])
        self.instance = np.empty(len(self.number), int)
        made = {number: self._node(index, number, members_of[number]) for index, number in enumerate(in_order)}
        self.nodes = [made[number] for number in range(len(members_of))]
        edges = list(self._edges())
        for number, own in enumerate(self.classes.own):
            self.nodes[number].parameters = tuple(
                dict.fromkeys(self.nodes[self.number[parameter]] for _, parameter in own)
            )
        return FoldedGraph(list(made.values()), edges, list(self.loops.values()), self.graph, self.classes.dissolved)

    # -- leaves: with the first op that uses them ---------------------------------------------------------------------

    def _class_leaves(self) -> None:
        users: dict[int, list[tuple[int, int]]] = {}
        reads = self.classes.reads
        of_leaf = np.ones(len(self.graph.nodes), bool)
        of_leaf[self.ops] = False
        for leaf, position, argument in reads[of_leaf[reads[:, 0]]].tolist():
            users.setdefault(leaf, []).append((self.classes.nodes[position].index, argument))
        known: dict[tuple, int] = {}
        for leaf in self.graph.nodes:
            if leaf.kind == "op":
                continue
            uses = users.get(leaf.index, [])
            depth = 0 if leaf.kind == "parameter" else self._common_depth([user for user, _ in uses])
            key: tuple = (leaf,)
            if depth:
                user, argument = uses[0]
                chain = self.chains[self.number[user]]
                self.iterations[leaf.index, :depth] = self.iterations[user, :depth]
                key = (leaf.kind, self.number[user], argument, *self.iterations[user, depth : len(chain)].tolist())
            if key not in known:
                known[key] = len(self.chains)
                self.chains.append(chain[:depth] if depth else ())
            self.number[leaf.index] = known[key]

    def _common_depth(self, users: list[int]) -> int:
        """Return how many loops around the first user have all other users inside them in the same iteration."""
        if not users:
            return 0
        first = users[0]
        chain = self.chains[self.number[first]]
        depth = len(chain)
        for user in users[1:]:
            shared = min(depth, shared_depth(chain, self.chains[self.number[user]]))
            differ = self.iterations[user, :shared] != self.iterations[first, :shared]
            depth = int(differ.argmax()) if differ.any() else depth
        return depth

    # -- loops and nodes ----------------------------------------------------------------------------------------------

    def _loops(self) -> dict[Loop, FoldedLoop]:
        inside: dict[Loop, list[int]] = {}
        for number, chain in enumerate(self.classes.chains):
            for loop in chain:
                inside.setdefault(loop, []).append(number)
        time = over_time(self.classes)
        made: dict[Loop, FoldedLoop] = {}
        for loop in sorted(inside, key=lambda loop: loop.depth):
            depth = loop.depth
            rows = np.concatenate([self.classes.members[number] for number in inside[loop]])
            iterations = self.classes.iterations[rows]
            parent = made[loop.parent] if loop.parent else None
            counts = np.zeros(len(parent.iterations) if parent else 1, int)
            outer = parent.rows(iterations[:, :depth]) if parent else np.zeros(len(rows), int)
            np.maximum.at(counts, outer, iterations[:, depth] + 1)
            made[loop] = FoldedLoop(parent, loop, counts, loop in time)
        return made

    def _node(self, index: int, number: int, members: np.ndarray) -> FoldedNode:
        loops = tuple(self.loops[loop] for loop in self.chains[number])
        when: tuple[slice, ...] | np.ndarray = ()
        if loops:
            inner = loops[-1]
            rows = inner.rows(self.iterations[members, : len(loops)])
            members = members[np.argsort(rows, kind="stable")]
            chosen = np.zeros(len(inner.iterations), bool)
            chosen[rows] = True
            when = region(chosen, inner.iterations, inner.ends)
        self.instance[members] = np.arange(len(members))
        nodes = self.graph.nodes
        node = FoldedNode(index, tuple([nodes[k] for k in members.tolist()]), loops, when)
        arity = [len(recorded.inputs) for recorded in node.recorded]
        node.arity = arity[0] if len(set(arity)) == 1 else tuple(arity)
        if number < len(self.classes.order):
            node.order = self.classes.order[number]
        return node

    # -- edges --------------------------------------------------------------------------------------------------------

    def _edges(self) -> Iterator[FoldedEdge]:
        source, target, argument = self.classes.reads.T
        target = self.ops[target]
        recorded = np.column_stack([source, target, argument])
        groups = np.column_stack([self.number[target], self.number[source]])
        order = np.lexsort([target, argument, groups[:, 1], groups[:, 0]])
        recorded, groups = recorded[order], groups[order]
        bounds = [0, *(np.flatnonzero((groups[1:] != groups[:-1]).any(1)) + 1).tolist(), len(groups)]
        for start, end in pairwise(bounds):
            if end > start:
                to, of = groups[start].tolist()
                yield from self._edges_between(self.nodes[of], self.nodes[to], recorded[start:end])

    def _edges_between(self, source: FoldedNode, target: FoldedNode, rows: np.ndarray) -> Iterator[FoldedEdge]:
        arguments = np.unique(rows[:, 2]) if len(rows) > 1 else rows[:, 2]
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
        if source.times == target.times == 1 and not source.loops and not target.loops and argument is not None:
            return FoldedEdge(source, target, argument, (), ())
        instance, _, iterations, ends = slots(target, argument)
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
        return FoldedEdge(source, target, argument, index, region(chosen, iterations, ends), None if index else read)

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

"""A letter for each loop of a recurrence, as its iterations are counted in names: t for time, else i, j, …"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx

from tinygraph.folding.folded import FoldedGraph, FoldedLoop, FoldedNode
from tinygraph.folding.indices import DELAY
from tinygraph.graphs.writing import LETTERS

__all__ = ["LoopLetters", "trips_text"]

_USUAL = "ijklmnpr"  # for loops in which the program counts with none


class LoopLetters:
    """The letters of the loops of a folded graph.

    The loop over time has t. Another has that of the program, if it counts with one, or one that no other loop has;
    but loops of which one reads in each iteration what the other made in the same one share theirs.
    """

    def __init__(self, folded: FoldedGraph) -> None:
        self._same = _going_together(folded)
        counters = {loop.recorded.counter for loop in folded.loops}
        unused = iter([letter for letter in _USUAL if letter not in counters])
        self._letters: dict[FoldedLoop, str] = {}
        shared = {self._same[loop]: letter for loop in folded.loops if (letter := _counter(loop))}
        for loop in folded.loops:
            root = self._same[loop]
            taken = {self._letters[outer] for outer in _around(loop)}
            if loop.over_time and "t" not in taken:
                self._letters[loop] = "t"
            elif (letter := _counter(loop)) and letter not in taken:
                self._letters[loop] = letter
            else:
                if root not in shared or shared[root] in taken:
                    shared[root] = next(unused, "i")
                self._letters[loop] = shared[root]

    def of(self, node: FoldedNode) -> list[str]:
        """Return the letters of the loops around a node, outermost first."""
        return [self._letters[loop] for loop in node.loops]


def _counter(loop: FoldedLoop) -> str:
    """Return the letter that the program counts with, if it can be an index."""
    counter = loop.recorded.counter
    return counter if len(counter) == 1 and counter in LETTERS.replace("t", "") and not loop.over_time else ""


def _around(loop: FoldedLoop) -> list[FoldedLoop]:
    return [*_around(loop.parent), loop.parent] if loop.parent else []


def _going_together(folded: FoldedGraph) -> nx.utils.UnionFind:
    """Return the loops, joined where an edge leads from each iteration of one to the same iteration of another."""
    joined = nx.utils.UnionFind(folded.loops)
    for edge in folded.edges:
        for loop, index in zip(edge.source.loops, edge.index or (), strict=False):
            if index.kind == DELAY and not index.offset and 0 <= index.level < len(edge.target.loops):
                joined.union(loop, edge.target.loops[index.level])
    return joined


def trips_text(loops: Sequence[FoldedLoop]) -> str:
    """Return how many times each of some loops goes round, the outermost first."""
    return " ".join(f"× {loop.trips if isinstance(loop.trips, int) else _span(loop.trips)}" for loop in loops)


def _span(counts: tuple[int, ...]) -> str:
    return f"{min(counts)}–{max(counts)}"

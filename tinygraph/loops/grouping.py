"""Which recorded ops are one op of the cell: the same instruction, signature and parameters in other iterations.

The choices made here (which loops are kept, and which are only labels of what they repeat) decide how small a folded
graph is, never whether it is right.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..recording.node import Node
from .coded import Interned
from .counters import begins_anew
from .keys import count_distinct, grouped, grouped_but, split_by
from .places import Loop, Order, Vector
from .reads import Wiring
from .signatures import Parameters, parameters_used, signature
from .visits import Visits

_FEW = 3  # iterations, of which a loop that is kept alone has at least so many


@dataclass
class Groups:
    """The ops of a graph, grouped.

    Attributes
    ----------
    wiring : the ops in recorded order, and what they read
    number : (N,) the group of each
    chains : the kept loops around each group, outermost first
    iterations : (N, D) the iterations of those loops, -1 beyond them
    parameters : the parameters that each group uses
    orders : for each group the numbers, with None for an iteration, that sort its nodes as they were recorded
    dissolved : loops that are only labels
    sites : (N, 1 + L) what told them apart but for parameters: place and signature, then the iterations of all loops
    columns : for each group, the columns of `sites` that count the iterations of its kept loops
    unpacked : the first column of `sites`, and another that counts what the program gives a name each
    """

    wiring: Wiring
    number: np.ndarray
    chains: list[tuple[Loop, ...]]
    iterations: np.ndarray
    parameters: list[Parameters]
    orders: list[Order]
    dissolved: list[Loop]
    sites: np.ndarray
    columns: list[tuple[int, ...]]
    unpacked: list[tuple[int, int]]

    @property
    def nodes(self) -> Sequence[Node]:
        """The ops, in recorded order."""
        return self.wiring.ops

    @property
    def links(self) -> tuple[np.ndarray, np.ndarray]:
        """Which ops read which: the positions of sources, and of a reader for each."""
        return self.wiring.links

    @cached_property
    def forward(self) -> np.ndarray:
        """Which ops the program computed, and no recorded backward pass."""
        return np.array([pulled is None for pulled in self.wiring.facts.each("pulled")], bool)

    @cached_property
    def labels(self) -> list[int | None] | None:
        """What `tg.timestep` said of each op; None where it said nothing of any."""
        contexts = set(self.wiring.facts.each("context"))
        if all(context is None or context.timestep is None for context in contexts):
            return None
        return [node.timestep_label for node in self.nodes]

    @cached_property
    def members(self) -> list[np.ndarray]:
        """The positions of the nodes of each group."""
        return split_by(self.number, len(self.chains))

    @cached_property
    def inside(self) -> dict[Loop, list[int]]:
        """The groups in each kept loop, also in the loops inside it."""
        inside: dict[Loop, list[int]] = {}
        for number, loops in enumerate(self.chains):
            for loop in loops:
                inside.setdefault(loop, []).append(number)
        return inside

    def members_in(self, loop: Loop) -> np.ndarray:
        """Return the positions of all nodes in a loop."""
        return np.concatenate([self.members[number] for number in self.inside[loop]])


def group_ops(wiring: Wiring, visited: Visits, longest: bool = False) -> Groups:
    """Group the ops of a graph, given their places and iterations.

    With `longest`, of loops inside loops only the one of most iterations is kept: the others, over layers, parts of a
    state or decoders, are labels.
    """
    return _Grouping(wiring, visited).groups(longest)


class _Grouping:
    """The grouping of ops by numbers of their places, signatures and sets of parameters."""

    def __init__(self, wiring: Wiring, visited: Visits):
        self.wiring = wiring
        self.place = visited.place
        self.loops = [place.loops for place in visited.places]
        self.order = [place.order for place in visited.places]
        self.vectors = visited.iterations.copy()
        signatures: Interned[Hashable] = Interned()
        each = map(signature, wiring.facts.each("op"), wiring.facts.each("attributes"))
        self.signature = np.fromiter(map(signatures.__getitem__, each), np.int32, len(self.place))
        self.parameters, self.parameter_sets = parameters_used(wiring)
        self.rows = split_by(self.place, len(visited.places))  # the ops at each place

    def groups(self, longest: bool = False) -> Groups:
        self._forget_first_parameters()
        for split in (self._split_if_restarted, self._split_if_periodic):
            for loop in list(self._places_in_loops()):
                split(loop, self._places_in_loops()[loop])
        inside = self._places_in_loops()
        kept = {loop for loop in inside if self._repeats(inside[loop])}
        unpacked = {loop for loop in inside if self._is_unpacked(inside[loop])}
        kept -= unpacked
        keep = np.zeros((len(self.loops), self.vectors.shape[1]), bool)
        for p, loops in enumerate(self.loops):
            keep[p, : len(loops)] = [loop in kept for loop in loops]
        if longest:
            self._keep_longest(keep, inside)
        labels = np.where(keep[self.place], -1, self.vectors)
        number, first = grouped(np.column_stack([self.place, self.signature, self.parameters, labels]))
        chains, orders = self._chains(first, labels, keep)
        kept_first = np.argsort(~keep, axis=1, kind="stable")[self.place]
        iterations = np.take_along_axis(np.where(keep[self.place], self.vectors, -1), kept_first, axis=1)
        site = grouped(np.column_stack([self.place, self.signature]))[0]
        columns = [tuple((1 + np.flatnonzero(kept_columns)).tolist()) for kept_columns in keep]
        return Groups(
            self.wiring,
            number.astype(np.int32),  # there may be millions
            chains,
            iterations[:, : max(map(len, chains), default=0)].astype(np.int32),
            parameters=[self.parameter_sets[number] for number in self.parameters[first].tolist()],
            orders=orders,
            dissolved=[
                loop
                for loop in inside
                if loop not in kept and any(labels[self.rows[p], column].any() for p, column in inside[loop])
            ],
            sites=np.column_stack([site, self.vectors]).astype(np.int32),
            columns=[columns[place] for place in self.place[first].tolist()],
            unpacked=[(site[self.rows[p][0]], 1 + column) for loop in unpacked for p, column in inside[loop]],
        )

    def _keep_longest(self, keep: np.ndarray, inside: dict[Loop, list[tuple[int, int]]]) -> None:
        """Keep no loop that stands, at any place, around or in one of more iterations, and none of one or two."""
        trips = {
            loop: 1 + max(self.vectors[self.rows[p], column].max() for p, column in inside[loop]) for loop in inside
        }
        shorter = {loop for loop in inside if trips[loop] < _FEW}
        for p, loops in enumerate(self.loops):
            nested = [loops[column] for column in np.flatnonzero(keep[p])]
            shorter.update(set(nested) - {max(nested, key=lambda loop: trips[loop], default=None)})
        for loop in shorter:
            for p, column in inside[loop]:
                keep[p, column] = False

    def _chains(
        self, first: np.ndarray, labels: np.ndarray, keep: np.ndarray
    ) -> tuple[list[tuple[Loop, ...]], list[Order]]:
        """Return for each group its kept loops and its order; below a label, every label has a loop of its own."""
        copies: dict[tuple[Loop, Vector], Loop] = {}
        chains, orders = [], []
        for k in first:
            around: tuple[Loop, ...] = ()
            label: Vector = ()
            iterations: list[int | None] = []
            kept = keep[self.place[k]].tolist()
            for loop, at, is_kept in zip(self.loops[self.place[k]], labels[k].tolist(), kept, strict=False):
                if is_kept:
                    if (loop, label) not in copies:
                        copies[loop, label] = replace(loop, parent=around[-1] if around else None)
                    around += (copies[loop, label],)
                else:
                    label += (at,)
                iterations.append(None if is_kept else at)
            chains.append(around)
            remaining = iter(iterations)
            orders.append(tuple(next(remaining) if n is None else n for n in self.order[self.place[k]]))
        return chains, orders

    def _places_in_loops(self) -> dict[Loop, list[tuple[int, int]]]:
        """Return for each loop the places in it, and the column of their vectors that counts its iterations."""
        inside: dict[Loop, list[tuple[int, int]]] = {}
        for p, loops in enumerate(self.loops):
            for column, loop in enumerate(loops):
                inside.setdefault(loop, []).append((p, column))
        return inside

    def _forget_first_parameters(self) -> None:
        """Take parameters that an argument has in first iterations only for data: they are a learned initial state."""
        numbers: Interned[Parameters] = Interned((uses, k) for k, uses in enumerate(self.parameter_sets))
        arguments_of = [{argument for argument, _ in uses} for uses in self.parameter_sets]
        for argument in set().union(*arguments_of):
            has = np.array([argument in arguments for arguments in arguments_of])
            for rows in self.rows:
                users = has[self.parameters[rows]]
                if not users.any() or users.all():
                    continue
                vectors = self.vectors[rows]
                if ((vectors[users] == 0).all(0) & (vectors[~users] > 0).any(0)).any():
                    for k in rows[users].tolist():
                        uses = self.parameter_sets[self.parameters[k]]
                        self.parameters[k] = numbers[tuple(use for use in uses if use[0] != argument)]
            self.parameter_sets = list(numbers)
            arguments_of += [{argument for argument, _ in uses} for uses in self.parameter_sets[len(arguments_of) :]]

    def _repeats(self, inside: list[tuple[int, int]]) -> bool:
        """Tell whether a loop is kept: not if it repeats no op, or none that has parameters with the same ones."""
        without_parameters = False
        differ = False
        for p, column in inside:
            recurrence = self._recurrence(p, column)
            if recurrence in ("same", "mixed") and self.parameter_sets[self.parameters[self.rows[p][0]]]:
                return True
            without_parameters |= recurrence == "same"
            differ |= recurrence == "differ"
        return without_parameters and not differ

    def _is_unpacked(self, inside: list[tuple[int, int]]) -> bool:
        """Tell whether what each iteration makes goes to places of its own, as in ``i, f, o = np.split(a, 3)``."""
        places, column = [p for p, _ in inside], inside[0][1]
        of_loop = np.isin(self.place, places)
        source, reader = self.wiring.links
        source, reader = source[of_loop[source]], reader[of_loop[source]]
        within = of_loop[reader]
        if (self.vectors[source[within], column] != self.vectors[reader[within], column]).any():
            return False
        pairs = np.column_stack([self.place[reader[~within]], self.vectors[source[~within], column]])
        taken = pairs[grouped(pairs)[1]]
        iterations = count_distinct(self.vectors[of_loop, column])
        return 1 < iterations == count_distinct(taken[:, 1]) and count_distinct(taken[:, 0]) == len(taken)

    def _recurrence(self, p: int, column: int) -> str:
        """Say what the parameters at a place do from iteration to iteration, all else being the same."""
        rows = self.rows[p]
        if len(rows) == 1:
            return "single"
        others = grouped_but(self.vectors[rows], column)
        groups = others.max() + 1
        pairs = len(grouped(np.column_stack([others, self.parameters[rows]]))[1])
        if groups == len(rows):
            return "single"
        return "same" if pairs == groups else "differ" if pairs == len(rows) else "mixed"

    def _split_if_restarted(self, loop: Loop, inside: list[tuple[int, int]]) -> None:
        """Tell a loop from the one around it where nothing was recorded between them.

        The outer loop then seems to run once, and the inner one to go on. It starts anew where the ops with
        parameters take nothing from the iteration before.
        """
        column, around = inside[0][1], loop.parent
        if around is None or not around.filename:
            return
        if (around.filename, around.function) != (loop.filename, loop.function):
            return
        if any(self.vectors[self.rows[p], d].any() for p, d in self._places_in_loops()[around]):
            return
        rows = np.concatenate([self.rows[p] for p, _ in inside])
        prefix = np.full(len(self.place), -1)
        prefix[rows] = grouped(self.vectors[rows, :column])[0]
        anew = self._anew(loop, around, inside, prefix)
        if anew is None:
            anew = self._not_linked(rows, column, prefix)
        if anew is None or not anew[:, 1:].any():
            return
        anew[:, 0] = False
        starts = np.where(anew, np.arange(anew.shape[1]), 0)
        rest = np.arange(anew.shape[1]) - np.maximum.accumulate(starts, axis=1)
        at = (prefix[rows], self.vectors[rows, column])
        self._split(loop, replace(around, parent=around), inside, np.cumsum(anew, axis=1)[at], rest[at])

    def _anew(self, loop: Loop, around: Loop, inside: list[tuple[int, int]], prefix: np.ndarray) -> np.ndarray | None:
        """Return where ops say that the loop around goes on: for each pass of it, the iterations of the inner one."""
        column = inside[0][1]
        trips = 1 + max(int(self.vectors[self.rows[p], column].max()) for p, _ in inside)
        anew = []
        for number in range(prefix.max() + 1):
            of_pass = [rows[prefix[rows] == number].tolist() for rows in (self.rows[p] for p, _ in inside)]
            ops = [[self.wiring.ops[k] for k in rows] for rows in of_pass if rows]
            iterations = [self.vectors[rows, column].tolist() for rows in of_pass if rows]
            anew.append(begins_anew(ops, iterations, loop, around, trips))
        return None if any(of_pass is None for of_pass in anew) else np.array(anew)

    def _not_linked(self, rows: np.ndarray, column: int, prefix: np.ndarray) -> np.ndarray | None:
        """Return in which iterations nothing is taken from the one before, if in others it is."""
        linked = np.zeros((prefix.max() + 1, self.vectors[rows, column].max() + 1), bool)
        j, k = self.wiring.links
        parametric = rows[self.parameters[rows] != 0]
        of_loop = np.isin(k, parametric if len(parametric) else rows)
        j, k = j[of_loop], k[of_loop]
        on = (prefix[j] == prefix[k]) & (self.vectors[j, column] == self.vectors[k, column] - 1)
        linked[prefix[k[on]], self.vectors[k[on], column]] = True
        return ~linked if linked.any() else None

    def _split_if_periodic(self, loop: Loop, inside: list[tuple[int, int]]) -> None:
        """Tell a loop over layers from the one over time around it where parameters come back every few iterations."""
        periods = {self._period(p, column) for p, column in inside if self._recurrence(p, column) == "mixed"}
        if len(periods) == 1 and 0 not in periods:
            iterations = np.concatenate([self.vectors[self.rows[p], column] for p, column in inside])
            self._split(loop, replace(loop), inside, *np.divmod(iterations, periods.pop()))

    def _split(
        self, loop: Loop, outer: Loop, inside: list[tuple[int, int]], quotient: np.ndarray, rest: np.ndarray
    ) -> None:
        """Count the iterations of `loop` in two loops, given the numbers for its places in turn."""
        column = inside[0][1]
        rows = np.concatenate([self.rows[p] for p, _ in inside])
        self.vectors = np.pad(self.vectors, ((0, 0), (0, 1)), constant_values=-1)
        vectors = self.vectors[rows]
        self.vectors[rows] = np.column_stack([vectors[:, :column], quotient, rest, vectors[:, column + 1 : -1]])
        for p, _ in inside:
            self.loops[p] = (*self.loops[p][:column], outer, *self.loops[p][column:])
            at = [k for k, n in enumerate(self.order[p]) if n is None][column]
            self.order[p] = (*self.order[p][:at], None, 0, *self.order[p][at:])

    def _period(self, p: int, column: int) -> int:
        """Return after how many iterations the parameters at a place come back, or 0."""
        rows = self.rows[p]
        vectors = self.vectors[rows]
        others = grouped_but(vectors, column)
        by_iteration = np.lexsort([vectors[:, column], others])
        parameters, group = self.parameters[rows][by_iteration], others[by_iteration]
        again = np.flatnonzero(parameters[1:] == parameters[0])
        period = int(again[0]) + 1 if len(again) else len(rows)
        comparable = group[period:] == group[:-period]
        repeated = parameters[period:] == parameters[:-period]
        contiguous = np.diff(vectors[by_iteration, column])[np.diff(group) == 0] == 1
        return period if comparable.any() and repeated[comparable].all() and contiguous.all() else 0

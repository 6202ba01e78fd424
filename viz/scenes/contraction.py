"""Contracts unnamed results: which variables each variable is made of, and which parameters stand on the way.

Where a variable reaches another on two ways, as in ``x + f(x)``, the result of ``f`` stays: both ways are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from .delays import Delay, delay_text, is_carried
from .labels import AnyNode, op_name
from .scene import Edge

__all__ = ["Argument", "Contraction", "Link", "Origin", "Read", "contract", "delayed_edge", "labelled"]

SCALING = frozenset(("matmul", "multiply", "dot", "einsum", "linear", "tensordot", "divide"))
SUMS = frozenset(("add", "subtract"))
PASSED = SUMS | frozenset(("negative", "reshape", "transpose", "squeeze", "expand_dims", "astype"))
LOOKED_INTO = frozenset(("multiply", "divide", "negative", "reshape", "transpose", "squeeze", "expand_dims"))
PRODUCTS = frozenset(("multiply", "divide"))
OF_MATRICES = frozenset(("matmul", "dot", "linear"))
STATISTICS = frozenset(("mean", "var", "std"))
MOST_LABELS = 3

Read = tuple[int, Delay]  # the index of a node, and of how long ago
Argument = tuple[int, Delay, int]  # what an op reads, and as which argument
Reads = Iterable[tuple[AnyNode, Sequence[Argument]]]


class Origin(NamedTuple):
    """What a result is made of.

    `ways` maps each variable that it reads to the parameters on the way from there; `added` are the parameters that
    came alone; `plain` are the variables of which some way leads through sums alone.
    """

    ways: dict[Read, tuple[int, ...]]
    added: tuple[int, ...]
    plain: frozenset[Read] = frozenset()


class Link(NamedTuple):
    """A way from one node to another, by their indices: its place among the target's, its delay, its parameters."""

    source: int
    target: int
    argument: int
    delay: Delay
    factors: tuple[tuple[str, int], ...] = ()
    hue: int | None = None

    def edge(self) -> Edge:
        """Return the edge that shows it."""
        edge = delayed_edge(self.source, self.target, self.argument, "", self.hue, self.delay)
        return labelled(edge, self.factors) if self.factors else edge


def contract(
    reads: Callable[[], Reads],
    kept: Collection[int],
    nodes: Sequence[AnyNode],
    hues: Mapping[int, int],
    label: Callable[[int], str],
    alike: Callable[[int], Iterable[int]] = lambda index: (index,),
    states: Collection[int] = (),
    elements: Collection[int] = (),
) -> Contraction:
    """Return the contraction to what is `kept`, and to what has to stay with it (see `Contraction.forks`).

    Parameters
    ----------
    reads, kept, nodes, hues, label
        As for `Contraction`; `reads` is called for each pass.
    alike : function
        Returns the indices of the nodes in the place of one in all time steps, which stay with it.
    states : collection of int
        The initial states of a folded graph: two ways from one of them need not be taken in the same time step.
    elements : collection of int
        The ops that take one element of a parameter, which is written as a parameter itself.
    """
    staying = set(kept)
    while True:
        contraction = Contraction(reads(), staying, nodes, hues, label, states, elements)
        forks = {other for index in contraction.forks for other in (index, *alike(index))} - staying
        if not forks:
            return contraction
        staying |= forks


class Contraction:
    """The nodes that are kept, and the ways between them through those that are not.

    Parameters
    ----------
    reads : iterable of (node, [(index of what it reads, delay, argument), …])
        So ordered that what is not kept comes after what it reads.
    kept : set of int
        The indices of the nodes that stay.
    nodes : sequence of nodes
        All of them, by index.
    hues : mapping of int to int
        The colour numbers of the parameters.
    label : callable
        Says how a parameter is written, by its index.
    states, elements : collection of int
        As for `contract`.

    Attributes
    ----------
    forks : set of int
        What is not kept, but on one of two ways from a variable to another, or multiplied by another parameter.
    """

    def __init__(
        self,
        reads: Reads,
        kept: set[int],
        nodes: Sequence[AnyNode],
        hues: Mapping[int, int],
        label: Callable[[int], str],
        states: Collection[int] = (),
        elements: Collection[int] = (),
    ) -> None:
        self.kept = sorted(kept)
        self._states = states
        self._nodes = nodes
        self._label = label
        self._hues = hues
        self.forks: set[int] = set()
        self._arguments: dict[int, Sequence[Argument]] = {}
        self._origins: dict[int, Origin] = {}
        self._as_read = as_read = {index: Origin({(index, 0): ()}, (), frozenset(((index, 0),))) for index in kept}
        for node, arguments in reads:
            if node.index in kept and node.kind == "parameter":
                self._origins[node.index] = Origin({}, ())
            elif node.kind == "parameter" or (node.index in elements and node.index not in kept):
                self._origins[node.index] = Origin({}, ())
                as_read[node.index] = Origin({}, (node.index,))
            else:
                parts = [_delayed(as_read[source], delay) for source, delay, _ in arguments]
                self._origins[node.index] = _join(node, parts, [argument for _, _, argument in arguments])
                self._arguments[node.index] = arguments
                self._find_forks(node, parts)
                as_read.setdefault(node.index, self._origins[node.index])

    def _find_forks(self, node: AnyNode, parts: Sequence[Origin]) -> None:
        """Remember the arguments of an op that bring a variable on other ways than another argument does."""
        arguments = self._arguments[node.index]
        self.forks |= self._multiplied(node)
        if len(parts) < 2 or sum(bool(part.ways) for part in parts) < 2:
            return
        if op_name(node) in PRODUCTS and len({index for index, _, _ in arguments}) > 1:
            self._find_products(node, parts)
        is_sum = op_name(node) in SUMS
        for read in {read for part in parts for read in part.ways if read[0] not in self._states}:
            ways = [(part.ways[read], read in part.plain, k) for k, part in enumerate(parts) if read in part.ways]
            differ = len({parameters for parameters, _, _ in ways}) > 1
            skipped = is_sum and len({plain for _, plain, _ in ways}) > 1 and self._same_shapes(arguments)
            for parameters, plain, k in ways if differ or skipped else ():
                if parameters or not (plain or differ):
                    self._keep_on_the_way(arguments[k][0], read)

    def _multiplied(self, op: AnyNode) -> set[int]:
        """Return the vectors among parameters that other parameters multiply: W h₀ is no sum of W and h₀."""
        operands = [self._nodes[index] for index, _, _ in self._arguments[op.index]]
        if op_name(op) not in OF_MATRICES or any(x.kind != "parameter" for x in operands):
            return set()
        vectors = {x.index for x in operands[:2] if sum(size > 1 for size in x.shape) < 2}
        return vectors.difference(self.kept) if len(vectors) == 1 else set()

    def _find_products(self, node: AnyNode, parts: Sequence[Origin]) -> None:
        """Remember both factors of a product in which a variable comes twice, and the product: no sum is to be read."""
        arguments = self._arguments[node.index]
        twice = {read for read in parts[0].ways if read in parts[1].ways and read[0] not in self._states}
        statistic = any(self._reduces(index) for index, _, _ in arguments)
        if twice and statistic:
            if (node.index, 0) not in self._as_read.get(node.index, Origin({}, ())).ways:
                self.forks.add(node.index)
            for index, _, _ in arguments:
                if (index, 0) not in self._as_read[index].ways:
                    self._keep_on_the_way(index, min(twice, key=lambda read: read[0]))

    def _reduces(self, index: int) -> bool:
        """Tell whether an op that is not kept goes back to a mean or a variance."""
        if (index, 0) in self._as_read[index].ways or index not in self._arguments:
            return False
        return op_name(self._nodes[index]) in STATISTICS or any(self._reduces(i) for i, _, _ in self._arguments[index])

    def _same_shapes(self, arguments: Sequence[Argument]) -> bool:
        return len({self._nodes[index].shape for index, _, _ in arguments}) == 1

    def _keep_on_the_way(self, index: int, read: Read) -> None:
        """Let an op stay, or what it only scales."""
        while op_name(self._nodes[index]) in LOOKED_INTO:
            of_read = [i for i, _, _ in self._arguments[index] if any(r[0] == read[0] for r in self._as_read[i].ways)]
            if (
                len(of_read) != 1
                or self._nodes[of_read[0]].kind != "op"
                or (of_read[0], 0) in self._as_read[of_read[0]].ways
            ):
                break
            (index,) = of_read
        if (index, 0) not in self._as_read[index].ways:
            self.forks.add(index)

    def links(self) -> list[Link]:
        """Return each way between two nodes that are kept, with its parameters."""
        return [
            Link(source, index, argument, delay, tuple((self._label(p), self._hues[p]) for p in parameters))
            for index in self.kept
            for argument, ((source, delay), parameters) in enumerate(self._origins[index].ways.items())
        ]

    def edges(self) -> list[Edge]:
        """Return an edge for each way, labelled with its parameters."""
        return [link.edge() for link in self.links()]

    def tags(self, index: int) -> tuple[tuple[str, int], ...]:
        """Return the parameters that are only added to a variable: their labels and colours."""
        return tuple((self._label(parameter), self._hues[parameter]) for parameter in self._origins[index].added)


def labelled(edge: Edge, factors: Sequence[tuple[str, int]]) -> Edge:
    """Return the edge with the parameters on its way in its label, and each one's colour."""
    names = ", ".join(name for name, _ in factors[:MOST_LABELS]) + ("…" if len(factors) > MOST_LABELS else "")
    edge.label = " ".join(filter(None, (names, edge.label)))
    edge.hue = factors[0][1] if len(factors) == 1 else None
    edge.factors = tuple(factors[:MOST_LABELS]) if len(factors) > 1 else ()
    return edge


def delayed_edge(source: int, target: int, argument: int, label: str, hue: int | None, delay: Delay) -> Edge:
    """Return the edge between two nodes, with its delay, if there is one, in its label."""
    text = " ".join(filter(None, (label, delay_text(delay))))
    return Edge(f"n{source}", f"n{target}", argument, text, hue, "delay" if is_carried(delay) else "")


def _delayed(origin: Origin, delay: Delay) -> Origin:
    if not delay:
        return origin
    ways = {(source, _sum(before, delay)): parameters for (source, before), parameters in origin.ways.items()}
    return Origin(ways, origin.added, frozenset((source, _sum(before, delay)) for source, before in origin.plain))


def _sum(a: Delay, b: Delay) -> Delay:
    return a + b if isinstance(a, int) and isinstance(b, int) else b


def _join(node: AnyNode, parts: list[Origin], arguments: Sequence[int]) -> Origin:
    """Return what an op makes of its arguments: it scales with parameters, or it adds them."""
    scaling = node.kind == "op" and op_name(node) in SCALING
    factor = [not part.ways and scaling and _is_factor(node, i) for i, part in zip(arguments, parts, strict=True)]
    factors = [p for part, is_factor in zip(parts, factor, strict=True) if is_factor for p in part.added]
    ways: dict[Read, tuple[int, ...]] = {}
    added: list[int] = []
    for part, is_factor in zip(parts, factor, strict=True):
        for source, parameters in part.ways.items():
            ways[source] = tuple(dict.fromkeys((*ways.get(source, ()), *parameters, *factors)))
        if not is_factor:
            added += part.added
    passed = node.kind == "op" and (op_name(node) in PASSED or _only_scales(node, parts))
    plain = frozenset(read for part in parts for read in part.plain) if passed else frozenset()
    return Origin(ways, tuple(dict.fromkeys(added if ways else [*added, *factors])), plain)


def _only_scales(node: AnyNode, parts: Sequence[Origin]) -> bool:
    """Tell whether an op multiplies by a number."""
    return op_name(node) in ("multiply", "divide") and sum(bool(part.ways or part.added) for part in parts) == 1


def _is_factor(node: AnyNode, argument: int) -> bool:
    """Tell whether an argument of a scaling op scales: all but the bias of an affine one."""
    return op_name(node) != "linear" or argument < 2

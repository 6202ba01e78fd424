"""What makes a cell gated, found in the graph: products of a state with values that lie between 0 and 1.

A *gate* is a value of a time step that is within 0 and 1 whatever it is computed from. A loop is gated if a gate is
multiplied into a state of another time step. Of such a loop the products, the sums of them and the functions in
between stay in the drawing as *operators*, so that it says which gate multiplies what.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from tinygraph.folding.folded import FoldedLoop, FoldedNode

from .cell_parts import CellParts
from .contraction import SCALING, SUMS, Argument, Read
from .delays import is_carried
from .labels import op_name
from .ranges import ANY, PART, Range, range_of, union

__all__ = ["find_gates"]

VIEWS = frozenset(("alias", "reshape", "transpose", "squeeze", "expand_dims", "astype", "getitem", "swapaxes"))
LINEAR = VIEWS | SCALING | SUMS | frozenset(("negative", "concatenate", "stack", "sum", "mean", "where", "power"))
AROUND_EXP = frozenset(("divide", "reciprocal", "power"))
WRITTEN = {"sigmoid": "σ", "expit": "σ", "maximum": "max", "minimum": "min", "absolute": "abs"}
SIGNS = {"multiply": "⊙", "add": "+", "subtract": "−"}


def find_gates(
    order: Sequence[FoldedNode],
    reads: Mapping[FoldedNode, Sequence[Argument]],
    kind: Callable[[FoldedNode], str],
) -> CellParts:
    """Return the gates and operators of a folded graph; nothing if it has no gated loop.

    Parameters
    ----------
    order : sequence of FoldedNode
        Each after all that it reads in its time step.
    reads : mapping
        What each reads: (index, delay, argument).
    kind : callable
        How a node is drawn: as a "variable", an "input", an "op", …
    """
    return _Finder(order, reads, kind).parts()


class _Finder:
    """Finds the gates and operators of a folded graph."""

    def __init__(
        self,
        order: Sequence[FoldedNode],
        reads: Mapping[FoldedNode, Sequence[Argument]],
        kind: Callable[[FoldedNode], str],
    ) -> None:
        self._nodes = {node.index: node for node in order}
        self._named = {node.index for node in order if node.kind == "op" and kind(node) in ("variable", "loss")}
        self._operands = {node.index: _operands(reads[node]) for node in order}
        self._consumers: dict[int, set[int]] = defaultdict(set)
        self._varies = {node.index for node in order if node.kind != "op" and kind(node) == "input"}
        self._ranges: dict[int, Range] = {}
        for node in order:
            self._judge(node)
        self.gates: set[int] = set()
        self.candidates: set[int] = set()
        self.operators: dict[int, str] = {}
        products = [index for index in self._varies if self._is_product(index)]
        self._loops = {self._loop(index) for index in products if self._multiplies_a_state(index)}
        if self._loops:
            self._take_products(index for index in products if self._loop(index) in self._loops)
            self._take_sums()
            self._take_functions()

    def parts(self) -> CellParts:
        """Return what was found."""
        functions = {index: function for index in self._named if (function := self._function(index))}
        return CellParts(self.gates, self.candidates, self.operators, functions, self._named)

    def _function(self, index: int) -> str:
        """Return the function that a node of a gated loop is the result of, as it is written; empty if it is none."""
        node = self._nodes[index]
        if node.kind != "op" or self._loop(index) not in self._loops or index in self.operators:
            return ""
        if self._is_logistic(index):
            return "σ"
        name = op_name(node)
        return "" if name in LINEAR else WRITTEN.get(name, name) + self._inner_function(index)

    def _inner_function(self, index: int) -> str:
        """Return the unnamed function that a function is computed from, such as −max in exp(−max(0, z))."""
        for read in self._varying(index):
            inner, minus = read, ""
            if self._is_unnamed(inner) and op_name(self._nodes[inner[0]]) == "negative":
                inner, minus = self._varying(inner[0])[0], "−"
            if self._is_unnamed(inner) and (name := self._function(inner[0])):
                return f" {minus}{name}"
        return ""

    def _is_unnamed(self, read: Read) -> bool:
        return not is_carried(read[1]) and read[0] not in self._named

    # -- what is known of every node ----------------------------------------------------------------------------------

    def _judge(self, node: FoldedNode) -> None:
        """Find out whether a node is computed from variables, and between which numbers it lies."""
        index = node.index
        if node.kind == "op":
            operands = self._operands[index]
            if any(is_carried(delay) or i in self._varies for i, delay in operands):
                self._varies.add(index)
            for i, delay in operands:
                if not is_carried(delay):
                    self._consumers[i].add(index)
            ranges = [ANY if is_carried(delay) else self._ranges.get(i, ANY) for i, delay in operands]
            self._ranges[index] = PART if self._is_share(index) else range_of(op_name(node), ranges)
        elif node.kind == "constant" and node.dtype.kind in "biuf" and node.recorded[0].data.size:
            ends = [Range(float(leaf.data.min()), float(leaf.data.max())) for leaf in node.recorded]
            known = [pair for pair in ends if pair.low == pair.low]
            self._ranges[index] = union(known) if known else ANY

    def _is_share(self, index: int) -> bool:
        """Tell whether an op divides a positive value by a sum of which that is a part, as in eᶻ / (1 + eᶻ)."""
        operands = self._operands[index]
        if op_name(self._nodes[index]) != "divide" or len(operands) != 2:
            return False
        part, whole = operands
        terms = self._operands[whole[0]] if op_name(self._nodes[whole[0]]) == "add" else []
        positive = all(self._ranges.get(i, ANY).low >= 0.0 for i, _ in terms)
        return positive and any(self._is_same(part, term) for term in terms)

    def _is_same(self, read: Read, other: Read) -> bool:
        """Tell whether two reads are of one value, or of one function of it, computed twice."""
        node, another = self._nodes[read[0]], self._nodes[other[0]]
        computed = node.kind == another.kind == "op" and op_name(node) == op_name(another)
        return read == other or (computed and self._operands[read[0]] == self._operands[other[0]])

    def _is_logistic(self, index: int) -> bool:
        """Tell whether a node is σ of something: it has a curve of one exp or tanh, and lies between 0 and 1."""
        if op_name(self._nodes[index]) in ("sigmoid", "expit"):
            return True
        if self._ranges.get(index, ANY) != PART:
            return False
        passed: set[str] = set()
        while True:
            name = op_name(self._nodes[index])
            if name in ("exp", "tanh"):
                return not passed.isdisjoint(AROUND_EXP if name == "exp" else SUMS)
            passed.add(name)
            varying = [i for i, delay in self._operands[index] if i in self._varies and not is_carried(delay)]
            if name not in SCALING | SUMS | {"reciprocal", "power", "negative"} or not varying:
                return False
            index = varying[-1]
            if index in self._named:
                return False

    def _loop(self, index: int) -> FoldedLoop | None:
        loops = self._nodes[index].loops
        return loops[-1] if loops else None

    def _behind(self, read: Read) -> Read:
        """Return what an operand is another view of, a name apart."""
        index, delay = read
        while not is_carried(delay) and index not in self._named and op_name(self._nodes[index]) in VIEWS:
            index, delay = self._operands[index][0]
        return index, delay

    def _varying(self, index: int) -> list[Read]:
        """Return what an op joins, without parameters and plain numbers."""
        return [self._behind(read) for read in self._operands[index] if is_carried(read[1]) or read[0] in self._varies]

    def _is_product(self, index: int) -> bool:
        node = self._nodes[index]
        return op_name(node) == "multiply" and bool(node.loops) and len(set(self._varying(index))) == 2

    def _is_gate(self, read: Read) -> bool:
        index, delay = read
        node = self._nodes[index]
        return node.kind == "op" and bool(node.loops) and not is_carried(delay) and self._ranges[index].is_gate

    def _multiplies_a_state(self, product: int) -> bool:
        """Tell whether a product is one of a gate and a state of another time step, or a difference with it."""
        operands = self._varying(product)
        terms = [term for read in operands for term in self._terms(read)]
        return any(is_carried(delay) for _, delay in terms) and any(map(self._is_gate, operands))

    def _terms(self, read: Read) -> list[Read]:
        """Return what an unnamed sum adds; of anything else only itself."""
        return self._varying(read[0]) if self._is_unnamed(read) and op_name(self._nodes[read[0]]) in SUMS else [read]

    # -- what stays ---------------------------------------------------------------------------------------------------

    def _take_products(self, products: Iterable[int]) -> None:
        """Take the products with a gate, and those that a gate or such a product is computed from."""
        products = sorted(products)
        gating = {product for product in products if any(map(self._is_gate, self._varying(product)))}
        needed = self._upstream(gating | self._masked(products))
        for product in products:
            if product in needed:
                self.operators[product] = SIGNS["multiply"]
        for product in sorted(gating):
            for read in self._varying(product):
                of = self._complemented(read)
                if self._is_gate(of):
                    self.gates.add(of[0])
                    if of != read:
                        self.operators[read[0]] = "1−"
                else:
                    terms = [index for index, delay in self._terms(read) if not is_carried(delay)]
                    self.candidates |= {index for index in terms if self._nodes[index].kind == "op"}
        self.gates -= self.operators.keys()
        self.candidates -= self.operators.keys() | self.gates

    def _masked(self, products: Sequence[int]) -> set[int]:
        """Return the products of a state with a mask, which is data between 0 and 1, and what is added to them."""
        masks = [p for p in products if any(self._is_mask(i) for i, _ in self._varying(p))]
        held = [p for p in masks if any(is_carried(delay) for _, delay in self._varying(p))]
        sums = {consumer for product in held for consumer in self._consumers[product]}
        return {product for product in masks if product in held or not sums.isdisjoint(self._consumers[product])}

    def _is_mask(self, index: int) -> bool:
        return self._nodes[index].kind == "constant" and self._ranges.get(index, ANY).is_gate

    def _complemented(self, read: Read) -> Read:
        """Return z of an unnamed 1 − z; anything else as it is."""
        index, delay = read
        if is_carried(delay) or index in self._named or op_name(self._nodes[index]) != "subtract":
            return read
        one, gate = self._operands[index]
        return self._behind(gate) if self._ranges.get(one[0]) == Range(1.0, 1.0) else read

    def _upstream(self, products: Iterable[int]) -> set[int]:
        """Return everything of a time step that `products` are computed from, with themselves."""
        waiting, needed = list(products), set(products)
        while waiting:
            for index, delay in self._operands[waiting.pop()]:
                if not is_carried(delay) and index not in needed and self._loop(index) in self._loops:
                    needed.add(index)
                    waiting.append(index)
        return needed

    def _take_sums(self) -> None:
        """Take the sums of products, and those that are multiplied; of sums of sums the last."""
        multiplied = {i for product in self.operators for i, delay in self._varying(product) if not is_carried(delay)}
        for index, node in self._nodes.items():
            if op_name(node) in SUMS and self._loop(index) in self._loops and index not in self.operators:
                terms = self._varying(index)
                joins = any(
                    i in self.operators and i not in self._named and not is_carried(delay) for i, delay in terms
                )
                if len(set(terms)) == 2 and (joins or index in multiplied):
                    self.operators[index] = SIGNS[op_name(node)]
        for index in [i for i, sign in self.operators.items() if sign == "+" and i not in self._named]:
            if self._consumers[index] and all(self.operators.get(i) == "+" for i in self._consumers[index]):
                del self.operators[index]

    def _take_functions(self) -> None:
        """Take the unnamed functions whose results are multiplied or added."""
        joined = {read for index in self.operators for read in self._varying(index)}
        for index in sorted(read[0] for read in joined if self._is_unnamed(read)):
            if index not in self.operators and (name := self._function(index)):
                self.operators[index] = name
        self.candidates = {index for index in self.candidates if index in self._named or index in self.operators}


def _operands(reads: Sequence[Argument]) -> list[Read]:
    """Return what an op reads as each argument; where that is an initial state or a state, the state."""
    by_argument: dict[int, list[Read]] = defaultdict(list)
    for index, delay, argument in reads:
        by_argument[argument].append((index, delay))
    return [max(by_argument[k], key=lambda read: is_carried(read[1])) for k in sorted(by_argument)]

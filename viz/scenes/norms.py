"""Normalisations, ``(v − mean) / deviation``, as one node each where mean and deviation are used for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from .contraction import STATISTICS, Argument
from .labels import AnyNode, op_name, symbol

__all__ = ["Norms", "find_norms"]

_RESHAPED = ("reshape", "expand_dims", "getitem", "broadcast_to")
_SQUARES = frozenset(("power", "square", "multiply"))
_OF_DEVIATIONS = _SQUARES.union(STATISTICS, _RESHAPED, ("subtract", "add", "sqrt", "maximum"))
_MOST = 16  # ops from a value to its deviation


class Norms(NamedTuple):
    """The normalisations of a graph: their labels, by the differences that stand for them, and what is not drawn.

    `inside` are the means and deviations, and what these are computed by; `left_out` what the differences and the
    quotients read of it, as (reader, argument).
    """

    labels: dict[int, str]
    inside: set[int]
    left_out: set[tuple[int, int]]

    def read(self, node: AnyNode, arguments: Sequence[Argument]) -> Sequence[Argument]:
        """Return what a node reads that is drawn."""
        if not self.left_out:
            return arguments
        return [argument for argument in arguments if (node.index, argument[2]) not in self.left_out]


def find_norms(
    nodes: Sequence[AnyNode],
    reads: Callable[[AnyNode], Sequence[Argument]],
    called: Callable[[Any], str | None],
    drawn: Collection[int],
) -> Norms:
    """Return the normalisations of which mean or deviation would be `drawn`.

    Parameters
    ----------
    nodes : sequence of nodes
        All of them, by index.
    reads : function
        Returns what a node reads.
    called : function
        Returns the name of a node.
    drawn : collection of int
    """
    norms = Norms({}, set(), set())
    arguments = cache(lambda node: sorted(reads(node), key=itemgetter(2)))
    quotients = [node for node in nodes if node.kind == "op" and op_name(node) == "divide"]
    if not quotients:
        return norms
    readers: dict[int, set[int]] = {}
    for node in nodes:
        for source, _, _ in arguments(node) if node.kind == "op" else ():
            readers.setdefault(source, set()).add(node.index)
    for quotient in quotients:
        difference = _difference(quotient, nodes, arguments)
        if difference is None:
            continue
        (value, value_delay, _), (mean, mean_delay, place) = arguments(difference)
        deviation, _, divisor = arguments(quotient)[1]
        inside = _between(value, [mean, deviation], nodes, arguments)
        outside = {reader for index in inside for reader in readers[index]} - inside
        ends = {quotient.index, difference.index}
        if not _is_deviation([op_name(nodes[index]) for index in inside - {mean}]):
            continue
        is_apart = not (value_delay or mean_delay) and bool(inside) and outside <= ends
        if is_apart and not inside.isdisjoint(drawn) and _is_mean(nodes[mean], nodes, arguments):
            norms.labels[difference.index] = f"({symbol(called(nodes[value]) or 'v')} − μ)/σ"
            norms.inside.update(inside)
            norms.left_out.update(((difference.index, place), (quotient.index, divisor)))
    return norms


def _difference(
    quotient: AnyNode, nodes: Sequence[AnyNode], reads: Callable[[AnyNode], Sequence[Argument]]
) -> AnyNode | None:
    """Return the difference that is divided, itself or times a parameter."""
    arguments = reads(quotient)
    if len(arguments) != 2 or arguments[1][1]:
        return None
    source, delay, _ = arguments[0]
    node = nodes[source]
    while not delay and node.kind == "op" and op_name(node) == "multiply":
        factors = [argument for argument in reads(node) if nodes[argument[0]].kind == "op"]
        if len(factors) != 1:
            return None
        node, delay = nodes[factors[0][0]], factors[0][1]
    return node if not delay and node.kind == "op" and op_name(node) == "subtract" and len(reads(node)) == 2 else None


def _between(
    value: int, results: Iterable[int], nodes: Sequence[AnyNode], reads: Callable[[AnyNode], Sequence[Argument]]
) -> set[int]:
    """Return the ops from a value to some results, these too; none if anything else comes in but numbers."""
    inside: set[int] = set()
    ahead = list(results)
    while ahead:
        node = nodes[ahead.pop()]
        if node.index == value or node.index in inside or (node.kind == "constant" and not node.shape):
            continue
        if node.kind != "op" or len(inside) == _MOST or any(delay for _, delay, _ in reads(node)):
            return set()
        inside.add(node.index)
        ahead += [source for source, _, _ in reads(node)]
    return inside


def _is_deviation(ops: Collection[str]) -> bool:
    """Tell whether ops make a standard deviation of a value and its mean.

    >>> _is_deviation(["subtract", "power", "mean", "add", "sqrt"]), _is_deviation(["subtract", "absolute", "mean"])
    (True, False)
    """
    is_root = "std" in ops or ("sqrt" in ops and ("var" in ops or ("mean" in ops and not _SQUARES.isdisjoint(ops))))
    return is_root and _OF_DEVIATIONS.issuperset(ops)


def _is_mean(node: AnyNode, nodes: Sequence[AnyNode], reads: Callable[[AnyNode], Sequence[Argument]]) -> bool:
    while node.kind == "op" and op_name(node) in _RESHAPED:
        node = nodes[reads(node)[0][0]]
    return node.kind == "op" and op_name(node) == "mean"

"""Elements taken one by one: ``peep[0]`` is a weight of its own, ``np.stack(hs)[-1]`` is the last h alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

import tinygraph as tg
from tinygraph.folding.folded import FoldedNode
from tinygraph.graphs.writing import subscript

__all__ = ["Element", "Stacks", "elements_of_cell", "find_elements", "leading_to"]


JOINING = ("stack", "concatenate")
MOST_NUMBERS = 1_000_000  # of joins within joins: what is larger is not looked into

Place = TypeVar("Place", bound=Hashable)


class Element(NamedTuple):
    """A parameter, by its index in the graph, and which element of it; None for that of each iteration of a loop."""

    parameter: int
    number: int | None

    def written(self, name: str) -> str:
        """Return the element's name, given that of the parameter."""
        return name + ("," if name[-1:] in "₀₁₂₃₄₅₆₇₈₉" else "") + subscript(self.number)


def find_elements(ops: Iterable[tuple[Place, tg.Node]]) -> dict[Place, Element]:
    """Return the element that each place of a program takes of a parameter, if it is always the same one.

    Parameters
    ----------
    ops : iterable of (hashable, Node)
        All ops, each with its place. What a place takes by the word, as of an embedding, is no element of that kind,
        nor is one of a parameter that is also used as a whole.
    """
    elements: dict[Place, Element | None] = {}
    whole: set[int] = set()  # parameters that are used in other ways too
    for place, node in ops:
        index = node.attributes.get("index")
        is_element = str(node.op) == "getitem" and isinstance(index, int)
        for source in node.inputs:
            if source.kind == "parameter" and is_element:
                element = Element(source.index, index)
                if elements.setdefault(place, element) != element:
                    elements[place] = None
            elif source.kind == "parameter":
                whole.add(source.index)
    numbers: dict[int, set[int | None]] = {}
    for element in filter(None, elements.values()):
        numbers.setdefault(element.parameter, set()).add(element.number)
    used = {parameter for parameter, of_it in numbers.items() if len(of_it) > 1} - whole
    return {place: element for place, element in elements.items() if element is not None and element.parameter in used}


def elements_of_cell(nodes: Sequence[FoldedNode], in_time: Callable[[FoldedNode], bool]) -> dict[int, Element]:
    """Return the elements that folded ops take of parameters, by their indices; of time, no step takes its own."""
    ops = [node for node in nodes if node.kind == "op"]
    elements = find_elements((node.index, op) for node in ops for op in node.recorded)
    for node in ops:
        if node.index not in elements and len(node.loops) > 1 and not in_time(node):
            innermost = zip(node.recorded, node.iterations[:, -1].tolist(), strict=True)
            each = find_elements(((node.index, iteration), op) for op, iteration in innermost)
            if each and all(element.number == iteration for (_, iteration), element in each.items()):
                elements[node.index] = next(iter(each.values()))._replace(number=None)
    return elements


class Stacks:
    """What stacks and joins are made of, each looked at once.

    Parameters
    ----------
    drawn : function
        Says whether a node is drawn; a join that is not, in another one, is looked into.
    """

    def __init__(self, drawn: Callable[[tg.Node], bool]) -> None:
        self._drawn = drawn
        self._known: dict[tg.Node, tuple[np.ndarray, list[tg.Node]]] = {}

    def elements(self, node: tg.Node) -> tuple[tg.Node, ...] | None:
        """Return what an op takes out of what was stacked or joined, if that is not all of it; None for other ops."""
        if str(node.op) != "getitem" or not _is_joined(node):
            return None
        _, all_parts = self._parts(node.inputs[0])
        numbers, parts = self._parts(node)
        taken = np.unique(numbers).tolist()
        return tuple(parts[number] for number in taken) if 0 < len(taken) < len(all_parts) else None

    def _parts(self, node: tg.Node) -> tuple[np.ndarray, list[tg.Node]]:
        """Return for each number in a value which of some nodes it comes from, and these."""
        if node not in self._known:
            self._known[node] = self._parts_of(node)
        return self._known[node]

    def _parts_of(self, node: tg.Node) -> tuple[np.ndarray, list[tg.Node]]:
        if str(node.op) == "getitem" and _is_joined(node):
            numbers, parts = self._parts(node.inputs[0])
            return numbers[node.attributes["index"]], parts
        if str(node.op) not in JOINING or node.attributes.get("axis", 0) is None:
            return np.broadcast_to(0, node.shape), [node]
        axis = node.attributes.get("axis", 0) % len(node.shape)
        looked_into = [_is_joined(source) and not self._drawn(source) for source in node.inputs]
        if node.data.size <= MOST_NUMBERS and any(looked_into):
            arrays, all_parts = [], list[tg.Node]()
            for source, inside in zip(node.inputs, looked_into, strict=True):
                numbers, parts = self._parts(source) if inside else (np.broadcast_to(0, source.shape), [source])
                arrays.append(numbers + len(all_parts))
                all_parts += parts
            return (np.stack if node.op == "stack" else np.concatenate)(arrays, axis=axis), all_parts
        lengths = [1 if node.op == "stack" else source.shape[axis] for source in node.inputs]
        along = np.repeat(np.arange(len(lengths)), lengths)
        return np.broadcast_to(along.reshape(-1, *[1] * (len(node.shape) - axis - 1)), node.shape), list(node.inputs)


def _is_joined(node: tg.Node) -> bool:
    """Tell whether a node is a stack, or a part of one."""
    while str(node.op) == "getitem":
        node = node.inputs[0]
    return str(node.op) in JOINING


def leading_to(outputs: Iterable[int], sources: Callable[[int], Iterable[int]]) -> set[int]:
    """Return the indices of what leads to some outputs: a stack of which all readers take elements does not.

    >>> sorted(leading_to([3], {3: [1, 2], 2: [1], 1: [], 0: []}.__getitem__))
    [1, 2, 3]
    """
    leading = set(outputs)
    waiting = list(leading)
    while waiting:
        new = set(sources(waiting.pop())) - leading
        leading |= new
        waiting += new
    return leading

"""Elements taken one by one: ``peep[0]`` is a weight of its own, ``np.stack(hs)[-1]`` is the last h alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple, TypeVar

import numpy as np

import tinygraph as tg
from tinygraph.graphs.writing import subscript

__all__ = ["Element", "find_elements", "leading_to", "stacked_elements"]


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


def stacked_elements(node: tg.Node) -> tuple[tg.Node, ...] | None:
    """Return what an op takes out of what was stacked or joined, where that is not all of it; None for other ops."""
    if str(node.op) != "getitem":
        return None
    numbers, joined = _numbers(node)
    if joined is None:
        return None
    taken = np.unique(numbers).tolist()
    return tuple(joined.inputs[number] for number in taken) if 0 < len(taken) < len(joined.inputs) else None


def _numbers(node: tg.Node) -> tuple[np.ndarray, tg.Node | None]:
    """Return for each number in a value which of the joined arrays it comes from, and the op that joined them."""
    if str(node.op) == "getitem":
        numbers, joined = _numbers(node.inputs[0])
        return (numbers[node.attributes["index"]], joined) if joined is not None else (numbers, None)
    if str(node.op) not in ("stack", "concatenate") or node.attributes.get("axis", 0) is None:
        return np.empty(0, int), None
    axis = node.attributes.get("axis", 0) % len(node.shape)
    lengths = [1 if node.op == "stack" else source.shape[axis] for source in node.inputs]
    along = np.repeat(np.arange(len(lengths)), lengths)
    return np.broadcast_to(along.reshape(-1, *[1] * (len(node.shape) - axis - 1)), node.shape), node


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

"""Elements taken one by one: ``peep[0]`` is a weight of its own, ``np.stack(hs)[-1]`` is the last h alone."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple, TypeVar

import tinygraph as tg
from tinygraph.graphs.writing import subscript

__all__ = ["Element", "find_elements", "stacked_element"]


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
        All ops, each with its place; what a place takes by the word, as of an embedding, is no element of that kind.
    """
    elements: dict[Place, Element | None] = {}
    for place, node in ops:
        index = node.attributes.get("index")
        if str(node.op) == "getitem" and node.inputs[0].kind == "parameter" and isinstance(index, int):
            element = Element(node.inputs[0].index, index)
            if elements.setdefault(place, element) != element:
                elements[place] = None
    return {place: element for place, element in elements.items() if element is not None}


def stacked_element(node: tg.Node) -> tg.Node | None:
    """Return what an op takes out of a stack that was made of it and others; None for other ops."""
    index = node.attributes.get("index")
    if str(node.op) == "getitem" and isinstance(index, int):
        (stack,) = node.inputs
        if str(stack.op) == "stack" and stack.attributes.get("axis", 0) == 0:
            return stack.inputs[index]
    return None

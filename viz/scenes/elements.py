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


def stacked_element(node: tg.Node) -> tg.Node | None:
    """Return what an op takes out of a stack that was made of it and others; None for other ops."""
    index = node.attributes.get("index")
    if str(node.op) == "getitem" and isinstance(index, int):
        (stack,) = node.inputs
        if str(stack.op) == "stack" and stack.attributes.get("axis", 0) == 0:
            return stack.inputs[index]
    return None

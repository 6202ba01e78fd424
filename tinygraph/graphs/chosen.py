"""What data choose: words, classes and observations by which a program takes elements, ``E[word]``.

They are no arguments of an op, but part of its index. In a completed graph they are data that it is given.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter

import numpy as np

from ..recording.node import Node
from ..recording.paths import singular
from .graph import Graph
from .symbols import plain_name

Choice = tuple[str, np.ndarray]  # a name, and what it holds

_FIRST = itemgetter(0)


def choices(graph: Graph) -> dict[Node, list[Choice]]:
    """Return what chooses the elements that ops take, by the op; a position that a loop counts does not.

    Examples
    --------
    >>> import tinygraph as tg
    >>> E, h = tg.parameter(np.eye(3), name="E"), np.zeros(3)
    >>> for word in [2, 0, 2]:
    ...     h = np.tanh(E[word] + h)
    >>> [[(name, value.tolist()) for name, value in chosen] for chosen in choices(tg.graph(h)).values()]
    [[('word', [2])], [('word', [0])], [('word', [2])]]
    """
    alike: dict[int, list[Node]] = {}
    for node in graph.timeline.ops:
        if str(node.op) == "getitem" and node.pulled is None:
            alike.setdefault(graph.timeline.sites[node.index], []).append(node)
    sites = [_Site(nodes) for nodes in alike.values()]
    held: dict[tuple[str, str], list[tuple[int, object]]] = {}
    for site in sites:
        for text, values in site.parts:
            held.setdefault((site.function, text), []).extend(zip((n.index for n in site.nodes), values, strict=True))
    runs = graph.timeline.runs
    known = set()
    for key, of_key in held.items():
        by_run: dict[int, list[object]] = {}
        for index, value in sorted(of_key, key=_FIRST):
            by_run.setdefault(id(runs[index]), []).append(value)
        if _are_data(key[1], list(by_run.values())):
            known.add(key)
    chosen: dict[Node, list[Choice]] = {}
    for site in sites:
        for text, values in site.parts:
            if (site.function, text) in known and all(map(_may_choose, values)):
                for node, value in zip(site.nodes, values, strict=True):
                    chosen.setdefault(node, []).append((_name(text), _array(value)))
    return chosen


class _Site:
    """A place of the program that takes elements, and the parts of its index: each as it is written, and its values."""

    def __init__(self, nodes: list[Node]):
        self.nodes = nodes
        source = nodes[0].source
        self.function = source.function if source is not None else ""
        values = [_parts(node.attributes["index"]) for node in nodes]
        may_choose = any(_may_choose(part) for of_node in values for part in of_node)
        texts = _texts(nodes[0].expression) if may_choose else []
        same = {len(texts)} == set(map(len, values))
        self.parts = [(text, [of_node[k] for of_node in values]) for k, text in enumerate(texts)] if same else []


def _name(text: str) -> str:
    """Return the name of data, given the text of an index: y for ``ys[t]``, y_prev for ``ys[t - 1]``."""
    name = plain_name(text) or text
    moment = re.fullmatch(r".*\[\w+( [-+] 1)?\]", text)
    if name == text or moment is None:
        return text
    return singular(name) + {None: "", " - 1": "_prev", " + 1": "_next"}[moment[1]]


def _array(value: object) -> np.ndarray:
    """Return an index as an array: a single one is data too, and no number of the formula."""
    array = np.asarray(value)
    return array if array.shape else array.reshape(1)


def _parts(index: object) -> list[object]:
    return list(index) if isinstance(index, tuple) else [index]


def _may_choose(part: object) -> bool:
    is_number = isinstance(part, int | np.integer) and not isinstance(part, bool)
    return is_number or (isinstance(part, np.ndarray | list) and np.asarray(part).dtype.kind in "iu")


def _texts(expression: str) -> list[str]:
    """Return the parts of the index in ``array[index]``, as they are written."""
    try:
        node = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError):
        return []
    if not isinstance(node, ast.Subscript):
        return []
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return [ast.unparse(part) for part in parts]


def _are_data(text: str, by_run: Sequence[Sequence[object]]) -> bool:
    """Tell whether values of one part of an index, by run of a loop, are data: arrays, or numbers that do not count.

    A loop may run backward in one call of a function and forward in another.
    """
    values = [value for of_run in by_run for value in of_run]
    if plain_name(text) is None or not all(map(_may_choose, values)):
        return False
    if any(np.ndim(value) for value in values):  # type: ignore[arg-type]
        return True
    numbers = [[int(value) for value in of_run] for of_run in by_run]  # type: ignore[call-overload]
    is_element = plain_name(text) != text
    counts = all(any(_count(of_run, by) for by in (1, -1)) for of_run in numbers)
    return len(set().union(*numbers)) > 1 and (is_element or not counts)


def _count(numbers: Sequence[int], by: int) -> bool:
    """Tell whether numbers go on by one or stay, or begin anew, as those of a loop."""
    return all(after - before in (0, by) or after == numbers[0] for before, after in pairwise(numbers))

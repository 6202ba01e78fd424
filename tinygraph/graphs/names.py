"""Names: what a person who has read the program calls its values.

A value is called as what it is assigned to: a variable, an attribute, the key of a dict. What a function returns is
called as its caller calls it. A leaf that is only put into a list, or handed over as an argument, has the name by which
an op reads it. Parameters that share a name are told apart by their indices, W₀ and W₁, or what they belong to, W_enc.
"""

from __future__ import annotations

import gc
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import FrameType
from typing import Any

from ..loops.reads import Read
from ..loops.timeline import Timeline
from ..recording.calls import Call
from ..recording.foreign import part_of_result
from ..recording.node import Constant, Node, Pulled
from ..recording.operands import operand_path, operand_place, operand_text, reader_of
from ..recording.paths import Path, name_of, singular, value_path, variable_path
from ..recording.source import name_at, users_place
from .writing import barred, subscript, written

_AGE = re.compile(r"^(?:new|next|prev|last|cur)_(?=\w)|(?<=\w)_(?:t|new|next|prev|cur|now)$")  # which h is meant


class Names:
    """The names of a graph's nodes, found when somebody asks.

    Parameters
    ----------
    timeline : Timeline
        Of the graph; it has the nodes, and who reads them.
    """

    def __init__(self, timeline: Timeline):
        self._timeline = timeline
        self._young: dict[str, str] = {}
        self._sites: dict[Call | None, int] = {None: -1}
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._paths: dict[tuple[int, int, Path], Path | None] = {}
        self._variables: dict[tuple[int, int, int], Path | None] = {}
        self._constants: dict[tuple[int, int, int], str | None] = {}

    def of(self, node: Node) -> str | None:
        """Return the name of a node; None where the program has no word for it."""
        if node.pulled is not None:
            return self._of_adjoint(node.pulled)
        if node.kind == "parameter":
            return self._parameters[node.index]
        if node.label is not None:
            return node.label
        if node.kind == "op":
            return self._of_op(node)
        if isinstance(node, Constant):
            return self._of_constant(node)
        return _without_t(name_of(self._value_path(node)) or name_of(self._read_as(node)))

    # -- what ops make ------------------------------------------------------------------------------------------------

    def _of_op(self, node: Node) -> str | None:
        if node.op == "alias":
            return node.inputs[0].name
        if self._is_part(node):
            return None
        name = name_of(self._value_path(node)) or name_of(self._taken_as(node)) or self._normalised_as(node)
        return self._without_age(name) if name and _AGE.search(name) else name

    def _normalised_as(self, node: Node) -> str | None:
        """Return the name by which a function reads an unnamed value and its mean, as the v in ``v - v.mean()``."""
        reads = self._timeline.reads[node.index]
        if len(reads) < 2 or not any(str(reader.op) in ("mean", "var", "std") for reader, _ in reads):
            return None
        paths = {operand_path(r.call, r.lasti, _written_at(r, i)) for r, i in map(self._as_written, reads)}
        return name_of(paths.pop()) if len(paths) == 1 else None

    def _without_age(self, name: str) -> str:
        """Return ``h`` for ``h_t``, ``new_h`` and ``prev_h``, which say which h, unless the same time step has an h."""
        if name not in self._young:
            self._young[name] = name
            young, times = _AGE.sub("", name), self._timeline.op_timesteps
            steps: dict[str | None, set[int | None]] = {name: set(), young: set()}
            for node in self._timeline.ops:
                other = name_of(self._value_path(node))
                if other in steps:
                    steps[other].add(times[node.index])
            if not steps[name] & steps[young]:
                self._young[name] = young
        return self._young[name]

    def _of_adjoint(self, pulled: Pulled) -> str | None:
        """Return the name of what it is the adjoint of, under a bar; of several, the first that has a name."""
        for whose in pulled.adjoint_of:
            name = whose.name if isinstance(whose, Node) else whose.label or name_at(whose.call, whose.lasti)
            if name:
                return barred(written(name))
        return None

    def _is_part(self, node: Node) -> bool:
        """Tell whether the node is an inner part of an op of ours that is made of ops."""
        place = users_place(node.call, node.lasti)
        if place is None or place[0] is node.call:
            return False
        return any(users_place(reader.call, reader.lasti) == place for reader, _ in self._timeline.reads[node.index])

    def _as_written(self, read: Read) -> Read:
        """Return which argument of the program's own call is read: its op may first reshape each of them."""
        reader, argument = read
        while len(reader.inputs) == 1 and self._is_part(reader):
            place = users_place(reader.call, reader.lasti)
            readers = self._timeline.reads[reader.index]
            reader, argument = next((r, i) for r, i in readers if users_place(r.call, r.lasti) == place)
        return reader, argument

    def _value_path(self, node: Node) -> Path | None:
        place = users_place(node.call, node.lasti)
        if place is None:
            return None
        inside = part_of_result(node)
        key = (self._site(place[0]), place[1], inside)
        if key not in self._paths:
            self._paths[key] = value_path(*place, inside)
        return self._paths[key]

    def _site(self, call: Call | None) -> int:
        """Return a number for the place of a call in the program, the same for all calls from there."""
        waiting: list[Call] = []
        now: Call | None = call
        while now is not None and now not in self._sites:
            waiting.append(now)
            now = now.parent
        for inner in reversed(waiting):
            key = id(inner.code), inner.lasti, self._sites[inner.parent]
            self._sites[inner] = self._numbers.setdefault(key, len(self._numbers))
        return self._sites[call]

    def _taken_as(self, node: Node) -> Path | None:
        """Return the variable that the first reader takes an unnamed value from: that of a loop, or of unpacking."""
        for reader, argument in map(self._as_written, self._timeline.reads[node.index][:1]):
            argument = _written_at(reader, argument)
            key = (self._site(reader.call), reader.lasti, argument)
            if key not in self._variables:
                place, user = operand_place(reader.call, reader.lasti, argument), reader_of(reader.call, reader.lasti)
                self._variables[key] = None if place is None or user is None else variable_path(*place, user[0])
            return self._variables[key]
        return None

    # -- what a program is given --------------------------------------------------------------------------------------

    def _of_constant(self, node: Constant) -> str | None:
        if node.shape == ():
            return "nan" if math.isnan(node.data) else f"{node.data:g}"
        reads = self._timeline.reads[node.index]
        argument = _written_at(reads[0][0], node.argument) if reads else node.argument
        key = (self._site(node.call), node.lasti, argument)
        if key not in self._constants:
            place = (node.call, node.lasti, argument)
            self._constants[key] = _without_t(name_of(operand_path(*place))) or operand_text(*place) or None
        return self._constants[key]

    def _read_as(self, node: Node) -> Path | None:
        """Return the path by which an op reads a leaf, the first one that there is."""
        for reader, argument in map(self._as_written, self._timeline.reads[node.index]):
            path = operand_path(reader.call, reader.lasti, _written_at(reader, argument))
            if path:
                return path
        return None

    # -- parameters ---------------------------------------------------------------------------------------------------

    @cached_property
    def _parameters(self) -> dict[int, str | None]:
        """The names of the parameters by index, no two alike unless the program told them so."""
        parameters = self._timeline.wiring.parameters
        created = {node: self._value_path(node) for node in parameters}
        unsaid = [node for node in parameters if node.label is None and not _is_said(created[node])]
        held = _held_as([node.tensor for node in unsaid if node.tensor is not None])
        names: dict[int, str | None] = {}
        paths: dict[Node, Path] = {}
        for node in parameters:
            path = created[node]
            if node.label is not None and (path is None or path[-1] != node.label):
                names[node.index] = node.label
                continue
            if not _is_said(path):
                path = self._said(node, path, held.get(id(node.tensor)))
            if path is None:
                names[node.index] = None
            else:
                paths[node] = path
        apart = told_apart(list(_numbered(paths)))
        return names | {node.index: name for node, name in zip(paths, apart, strict=True)}

    def _said(self, node: Node, path: Path | None, held: Path | None) -> Path | None:
        """Return a path that ends in a word: the key it is held under, or what the first op to read it says."""
        around, read = path[:-1] if path else (), self._read_as(node)
        if held is not None and path and path[-1] is None:
            return (*around, *held)
        if read and isinstance(read[-1], str):
            return (*around, read[-1]) if path else read
        return path or held or read


def _written_at(reader: Node, argument: int) -> int:
    return argument if reader.op is None else reader.op.written_at(argument)


def _is_said(path: Path | None) -> bool:
    return bool(path) and isinstance(path[-1], str)  # type: ignore[index]


def _held_as(tensors: list[Any]) -> dict[int, Path]:
    """Return the keys and attributes under which dicts and objects of the program hold Tensors, by identity.

    Keys that only the run knows, as in ``p["W" + gate]``, are not in the program's text.
    """
    names: dict[int, Path] = {}
    ids = {id(tensor) for tensor in tensors}
    for holder in gc.get_referrers(*tensors) if tensors else ():
        for key, value in _items(holder):
            steps = key if isinstance(key, tuple) else (key,)
            if id(value) in ids and all(type(step) in (str, int) for step in steps):
                names.setdefault(id(value), steps)
    return names


def _items(holder: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(holder, FrameType) or (isinstance(holder, dict) and "__builtins__" in holder):
        return ()  # variables, which the program's text tells
    if isinstance(holder, tuple):
        return zip(getattr(holder, "_fields", ()), holder, strict=False)
    held = holder if isinstance(holder, dict) else getattr(holder, "__dict__", None)
    return list(held.items()) if isinstance(held, dict) else ()


def _numbered(paths: Mapping[Node, Path]) -> Iterator[Path]:
    """Number those that are one of many, in their order; in nested loops, by the calls that they were made in."""
    alike: dict[Path, list[Node]] = {}
    for node, path in paths.items():
        if None in path:
            alike.setdefault(path, []).append(node)
    numbers: dict[Node, list[int]] = {}
    for path, nodes in alike.items():
        chains = {node: _chain(node.call) for node in nodes}
        numbers |= _ranks(nodes, chains, path.count(None))
    for node, path in paths.items():
        given = iter(numbers.get(node, ()))
        steps = (next(given, None) if step is None else step for step in path)
        yield tuple(step for step in steps if step is not None)


def _ranks(nodes: list[Node], chains: Mapping[Node, list[Call]], levels: int) -> dict[Node, list[int]]:
    """Return the numbers of nodes in so many loops around each other, as far as calls tell the loops apart."""
    if levels > 1:
        for calls in zip(*(chains[node] for node in nodes), strict=False):
            groups: dict[Call, list[Node]] = {}
            for node, call in zip(nodes, calls, strict=True):
                groups.setdefault(call, []).append(node)
            if 1 < len(groups) < len(nodes):
                inner = [_ranks(group, chains, levels - 1) for group in groups.values()]
                return {node: [i, *ranks] for i, group in enumerate(inner) for node, ranks in group.items()}
    return {node: [i] for i, node in enumerate(nodes)}


def _chain(call: Call | None) -> list[Call]:
    chain: list[Call] = []
    while call is not None:
        chain.append(call)
        call = call.parent
    return chain[::-1]


def told_apart(paths: list[Path]) -> list[str]:
    """Return a name for each path, with as much of what it belongs to as tells it from the others.

    >>> told_apart([("p", "W"), ("b",), ("enc", "U"), ("dec", "U"), ("V", 0), ("V", 1)])
    ['W', 'b', 'U_enc', 'U_dec', 'V₀', 'V₁']
    """
    short = [_written(path, ()) for path in paths]
    names = list(short)
    for name in dict.fromkeys(short):
        alike = [i for i, other in enumerate(short) if other == name]
        if len(alike) > 1:
            depth = max(len(paths[i]) for i in alike)
            reversed_paths = {i: (*paths[i][::-1], *[None] * (depth - len(paths[i]))) for i in alike}
            differing = [k for k in range(1, depth) if len({path[k] for path in reversed_paths.values()}) > 1]
            for i in alike:
                names[i] = _written(paths[i], [reversed_paths[i][k] for k in differing])
            counts = Counter(names[i] for i in alike)
            numbers = dict.fromkeys(counts, -1)
            for i in alike:
                if counts[names[i]] > 1:
                    numbers[names[i]] += 1
                    names[i] += subscript(numbers[names[i]])
    return names


def _written(path: Path, around: Iterable[str | int | None]) -> str:
    """Return the name in a path, the words around it as an index, and the numbers as a lowered one."""
    around = list(around)
    end = max((i for i, step in enumerate(path) if isinstance(step, str)), default=-1)
    base = str(path[end]) if end == len(path) - 1 else singular(str(path[end]))
    if end > 0 and _is_row(path[end - 1], base):
        base = f"{path[end - 1]}_{base}"
    words = [step for step in around if isinstance(step, str)]
    numbers = [*reversed([step for step in around if isinstance(step, int)]), *path[end + 1 :]]
    index = "".join(subscript(number) for number in numbers)
    return "_".join([base, *words[:1]]) + index


def _without_t(name: str | None) -> str | None:
    """Return the name of data without what only says: of this time step."""
    return name.removesuffix("_t") if name and len(name) > 2 else name


def _is_row(holder: str | int | None, key: str) -> bool:
    """Tell whether a collection is a symbol itself, and the key its index: ``W["f"]``, but not ``p["b"]``.

    >>> _is_row("W", "f"), _is_row("Wx", "in"), _is_row("p", "b"), _is_row("net", "W")
    (True, True, False, False)
    """
    is_symbol = isinstance(holder, str) and re.fullmatch(r"[A-OQ-Z][a-z]{0,2}|b", holder) is not None
    return is_symbol and re.fullmatch(r"[a-z]\w{0,2}", key) is not None and key not in ("b", "w")

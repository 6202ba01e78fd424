"""The recurrence of a network as text: which named value is made of which, in the same time step and in others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..graphs.graph import Graph
from ..graphs.symbols import Symbols, plain_name
from ..graphs.writing import subscript, superscript, written
from ..recording.node import Node
from ..tracing.trace import Trace
from .values_by_time import variables

_FEW = 3  # time steps, delays or exceptions that are listed one by one


class Value(NamedTuple):
    """A value as it is written: its name, the number of its layer or sequence, and its time step, where it has them."""

    node: Node
    name: str
    number: int | None
    timestep: int | None


class Read(NamedTuple):
    """What a value is made of, seen from that value.

    Attributes
    ----------
    name : str
    number : int or None
        How many layers or sequences further it belongs to.
    delay : int or None
        How many time steps later it was made: −1 in the step before.
    """

    name: str
    number: int | None = None
    delay: int | None = None


@dataclass
class Equation:
    """How the values of one variable are made on one line of the program.

    Attributes
    ----------
    name : str
    values : list of Value
    made_of : list of (Value, Value)
        Each of them with each of what it is made of.
    """

    name: str
    values: list[Value] = field(default_factory=list)
    made_of: list[tuple[Value, Value]] = field(default_factory=list)

    @cached_property
    def numbers(self) -> list[int]:
        """Of the layers or sequences; empty where there is one."""
        numbers = sorted({value.number for value in self.values if value.number is not None})
        return numbers if len(numbers) > 1 else []

    @cached_property
    def timesteps(self) -> list[int]:
        """In which it has a value; empty where there is one."""
        timesteps = sorted({value.timestep for value in self.values if value.timestep is not None})
        return timesteps if len(timesteps) > 1 else []

    @property
    def line(self) -> int | None:
        """Of the program; None where it is not known."""
        source = self.values[0].node.source
        return None if source is None else source.lineno

    @property
    def left(self) -> str:
        """The value, ``h⁽ᵗ⁾`` or ``hₙ⁽ᵗ⁾`` of the n-th layer."""
        if not self.timesteps and self.values[0].timestep is not None:
            return _absolute(self.name, self.values[0].timestep)
        return _relative(Read(self.name, 0 if self.numbers else None, 0 if self.timesteps else None))

    @property
    def right(self) -> list[str]:
        """What it is made of, with the layers or time steps where that is so in some of them only."""
        return [*self._parameters, *self._relatives, *self._absolutes]

    @cached_property
    def _uses(self) -> dict[str, list[Value]]:
        """The values that are made of each parameter."""
        uses: dict[str, list[Value]] = {}
        for value, source in self.made_of:
            if source.node.kind == "parameter":
                uses.setdefault(source.name, []).append(value)
        return uses

    @property
    def _parameters(self) -> list[str]:
        stems: dict[str, list[str]] = {}
        for name in self._uses:
            stems.setdefault(re.sub(r"[₀₁₂₃₄₅₆₇₈₉\d]+$", "", name), []).append(name)
        texts: list[str] = []
        for stem, names in stems.items():
            own = len(names) > 1 and all(self._is_of_some_layers(name) for name in names)
            texts += [f"{written(stem)}ₙ"] if own else map(written, names)
        return texts

    def _is_of_some_layers(self, parameter: str) -> bool:
        return len({value.number for value in self._uses[parameter]}) < len(self.numbers)

    @property
    def _relatives(self) -> list[str]:
        """What is made in the same time step or another one, as seen from it."""
        uses: dict[Read, list[Value]] = {}
        for value, source in self.made_of:
            if source.node.kind != "parameter" and not self._is_absolute(source):
                uses.setdefault(self._seen_from(value, source), []).append(value)
        delays: dict[tuple[str, int | None], set[int]] = {}
        for read in uses:
            if read.delay is not None:
                delays.setdefault((read.name, read.number), set()).add(read.delay)
        texts = []
        for read, values in uses.items():
            several = delays.get((read.name, read.number), set())
            if len(several) > _FEW and (mirrored := self._mirrored(read)):
                texts.append(mirrored)
            elif len(several) > _FEW:
                first = _relative(Read(read.name, read.number))
                texts.append(f"{first} of all time steps {'before' if max(several) < 0 else 'there are'}")
            elif read.delay is not None and abs(read.delay) > 1 and len(values) == 1 < len(self.values):
                t = values[0].timestep or 0  # the last state of another loop, say
                texts.append(f"{_absolute(read.name, t + read.delay)} at t = {t}")
            else:
                texts.append(_relative(read) + self._where(read, values))
        return list(dict.fromkeys(texts))

    def _mirrored(self, read: Read) -> str:
        """Return what is read from the other end of time, ``h⁽¹¹⁻ᵗ⁾``; empty if it is not."""
        pairs = [(value.timestep, source.timestep) for value, source in self.made_of if source.name == read.name]
        sums = {t + s if t is not None and s is not None else None for t, s in pairs}
        if len(sums) > 1 or None in sums:
            return ""
        return _with_marks(read.name, f"⁽{superscript(max(s for s in sums if s is not None))}⁻ᵗ⁾")

    def _is_absolute(self, source: Value) -> bool:
        return not self.timesteps and source.timestep is not None

    def _seen_from(self, value: Value, source: Value) -> Read:
        number = None if value.number is None or source.number is None else source.number - value.number
        if not self.numbers or number is None or abs(number) > 1:
            number = None  # a count of something else
        delay = None if value.timestep is None or source.timestep is None else source.timestep - value.timestep
        return Read(source.name, number, delay)

    def _where(self, read: Read, values: list[Value]) -> str:
        """Say which values are made of it, if not all: a state begins after the first step, a layer above the first."""
        before = " of the one before" if read.number == -1 and (read.delay or 0) > 0 else ""
        count = len({value.node for value in values})
        if count == len(self.values):
            return before
        numbers = {value.number for value in values}
        steps = sorted({value.timestep for value in values if value.timestep is not None})
        if self.numbers and numbers == {self.numbers[0]}:
            return f"{before} at n = {self.numbers[0]}"
        whole = not self.timesteps or len(steps) >= len(self.timesteps) - 1
        if self.numbers and numbers == set(self.numbers[1:]) and whole and not before:
            return ""
        if 0 < len(steps) <= _FEW and len(steps) < len(self.timesteps) - 1:
            return f"{before} at t = {', '.join(map(str, steps))}"
        end = -1 if (read.delay or 0) > 0 else 0  # a loop that runs backward begins at the last step
        begun = whole and len(steps) > 1 and steps[end] != self.timesteps[end]
        return "" if begun and not before else f"{before} ({count} of {len(self.values)} times)"

    @property
    def _absolutes(self) -> list[str]:
        """What a value outside of time is made of in certain time steps: ``h⁽¹⁾ … h⁽⁷⁾``."""
        steps: dict[tuple[str, int | None], list[int]] = {}
        for _, source in self.made_of:
            if source.node.kind != "parameter" and self._is_absolute(source) and source.timestep is not None:
                steps.setdefault((source.name, source.number), []).append(source.timestep)
        texts = []
        for (name, number), taken in steps.items():
            if self.numbers and number is not None:
                texts.append(_relative(Read(name, 0)))
                continue
            taken = sorted(set(taken))
            first, last = (_absolute(name, t, number) for t in (taken[0], taken[-1]))
            texts.append(f"{first} … {last}" if len(taken) > 1 else first)
        return list(dict.fromkeys(texts))

    @property
    def note(self) -> str:
        """How many layers or sequences there are, and whether they share their parameters."""
        if not self.numbers:
            return ""
        shared = [written(name) for name, values in self._uses.items() if len(values) == len(self.values)]
        same = f", the same {', '.join(shared)}" if shared else ""
        return f"n = {self.numbers[0]} … {self.numbers[-1]}{same}"

    def __str__(self) -> str:
        line = "" if self.line is None else f", line {self.line}"
        return f"{self.left} ← {', '.join(self.right) or 'constants'}{line}{f'; {self.note}' if self.note else ''}"


def network(recorded: Trace | Graph) -> list[Equation]:
    """Return how each named value is made, once for all time steps and layers, in the order of recording.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h, X = tg.parameter([[0.5]], name="W"), tg.tensor([1.0]), np.ones((4, 1))
    >>> for x in X:
    ...     a = W @ h + x
    ...     h = np.tanh(a)
    >>> loss = np.sum(h)
    >>> for equation in network(tg.trace(loss)):
    ...     print(str(equation).split(", line")[0])
    a⁽ᵗ⁾ ← W, h⁽ᵗ⁻¹⁾, x⁽ᵗ⁾
    h⁽ᵗ⁾ ← a⁽ᵗ⁾
    loss ← h⁽⁴⁾
    """
    graph = recorded if isinstance(recorded, Graph) else recorded.graph
    symbols = Symbols(graph) if isinstance(recorded, Graph) else recorded.symbols
    equations: dict[tuple[str, int | None], Equation] = {}
    where = {node: variable.where for variable in variables(graph) for node in variable.nodes.values()}
    for node in graph.nodes:
        follows = graph.timeline.precedes[node.index]
        if follows is not None and graph.nodes[follows] in where:  # an initial state
            where[node] = where[graph.nodes[follows]]
    sources_of: dict[Node, tuple[Node, ...]] = {}
    for node in graph.nodes:
        if node.op is None:
            continue
        sources_of[node] = tuple(dict.fromkeys(_named(node, sources_of)))
        if node.name is not None or node in graph.outputs:
            value = _placed(_value(node, graph, symbols), where)
            line = None if node.source is None else node.source.lineno
            equation = equations.setdefault((value.name, line), Equation(value.name))
            equation.values.append(value)
            sources = (_placed(_value(source, graph, symbols), where) for source in sources_of[node])
            equation.made_of += [(value, source) for source in sources]
    return list(equations.values())


def _placed(value: Value, where: Mapping[Node, str]) -> Value:
    """Return a value with what tells it from others of its name: the h of an encoder is not that of a decoder."""
    place = where.get(value.node, "")
    return value._replace(name=f"{value.name} ({place})") if place else value


def _named(node: Node, sources_of: Mapping[Node, tuple[Node, ...]]) -> Iterable[Node]:
    """Yield what a value is made of, through results that have no name."""
    for source in node.inputs:
        if source.op is not None and source.name is None:
            yield from sources_of[source]
        elif source.kind != "constant" or (source.shape != () and plain_name(source.name)) or _hides(source, node):
            yield source


def _hides(constant: Node, reader: Node) -> bool:
    """Tell whether a constant is a mask that puts elements to 0, as that of a dropout."""
    return str(reader.op) == "multiply" and constant.shape != () and set(np.unique(constant.data)) == {0, 1}


def _value(node: Node, graph: Graph, symbols: Symbols) -> Value:
    symbol = symbols.of(node)
    if node.kind == "parameter":
        return Value(node, node.name or symbol.name, None, None)
    subscripts = graph.timeline.subscripts[node.index]
    if node.kind == "constant" and not plain_name(node.name) and node.expression:
        return Value(
            node, f"the mask {node.expression} (line {node.source.lineno})" if node.source else "a mask", None, None
        )
    if node.op is None and not _is_of_its_time(node, symbol.timestep, graph):
        if not plain_name(node.name):
            return Value(node, node.expression or symbol.name, None, None)
        line = "" if node.source is None else f" (new in line {node.source.lineno})"
        return Value(node, symbol.name + line, None, None)
    name = symbol.name if node.name is not None or node.op is None else str(node.op)
    return Value(node, name, subscripts[0] if len(subscripts) == 1 else None, symbol.timestep)


def _is_of_its_time(leaf: Node, timestep: int | None, graph: Graph) -> bool:
    """Tell whether a leaf is read in its time step or the next one; else it was made there, in place of a value."""
    if timestep is None:
        return bool(plain_name(leaf.name))
    read = [reader.timestep for reader, _ in graph.consumers(leaf) if reader.timestep is not None]
    return not read or min(abs(t - timestep) for t in read) <= 1


def _absolute(name: str, timestep: int, number: int | None = None) -> str:
    return _with_marks(name, f"{'' if number is None else subscript(number)}⁽{superscript(timestep)}⁾")


def _with_marks(name: str, marks: str) -> str:
    """Return a name with what stands below and above it, before the words in brackets."""
    name, bracket, place = name.partition(" (")
    return f"{written(name)}{marks}{bracket}{place}"


def _relative(read: Read) -> str:
    """Return a value with its layer and time step, counted from n and t.

    Examples
    --------
    >>> _relative(Read("h", None, -1)), _relative(Read("h", -1, 0)), _relative(Read("x"))
    ('h⁽ᵗ⁻¹⁾', 'hₙ₋₁⁽ᵗ⁾', 'x')
    """
    low = high = ""
    if read.number is not None:
        low = "ₙ" + ("" if read.number == 0 else ("₋" if read.number < 0 else "₊") + subscript(abs(read.number)))
    if read.delay is not None:
        further = "" if read.delay == 0 else ("⁻" if read.delay < 0 else "⁺") + superscript(abs(read.delay))
        high = f"⁽ᵗ{further}⁾"
    return _with_marks(read.name, low + high)

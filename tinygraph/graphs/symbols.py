"""How nodes are written in formulas, ``h⁽³⁾`` or ``h[3]``, and found by what is written."""

from __future__ import annotations

import re
import unicodedata
from functools import cached_property
from typing import NamedTuple

from ..loops.coded import Places
from ..plain_text import did_you_mean
from ..recording.node import Node
from .graph import Graph
from .names import told_apart
from .writing import barred, subscript, superscript, written

_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉⁽⁾", "0123456789-0123456789[]")


class Symbol(NamedTuple):
    """A name, the number that tells it from others of that name (or None), and its time step (or None)."""

    name: str
    number: int | None = None
    timestep: int | None = None

    def __str__(self) -> str:
        return self._with(written(self.name))

    @property
    def bar(self) -> str:
        """The adjoint, as the lectures write it.

        Examples
        --------
        >>> Symbol("h", None, 3).bar, Symbol("W").bar
        ('h̄⁽³⁾', 'W̄')
        """
        return self._with(barred(written(self.name)))

    def _with(self, name: str) -> str:
        number = "" if self.number is None else subscript(self.number)
        return f"{name}{number}{raised(self.timestep)}"

    @property
    def ascii(self) -> str:
        """The same in ASCII, as far as the name is.

        Examples
        --------
        >>> Symbol("h", None, 3).ascii, Symbol("v", 12).ascii
        ('h[3]', 'v12')
        """
        at = "" if self.timestep is None else f"[{self.timestep}]"
        return f"{self.name.translate(_PLAIN)}{'' if self.number is None else self.number}{at}"

    @property
    def ascii_bar(self) -> str:
        """The adjoint in ASCII: ``dh[3]``."""
        return f"d{self.ascii}"


def raised(timestep: int | None) -> str:
    """Return a time step as a superscript.

    Examples
    --------
    >>> raised(12), raised(None)
    ('⁽¹²⁾', '')
    """
    return "" if timestep is None else f"⁽{superscript(timestep)}⁾"


class Symbols:
    """The symbols of a graph's nodes.

    A value has the name its program gave it, its time step, and the number of another loop around it. What has no name,
    or shares it with a later value of the same time step, is told apart by its index in the graph: ``v₁₂``.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
    >>> for t in (1, 2):
    ...     with tg.timestep(t):
    ...         h = np.tanh(W @ h)
    >>> graph = tg.graph(h)
    >>> symbols = Symbols(graph)
    >>> [str(symbols.of(node)) for node in graph.nodes]
    ['W', 'h⁽⁰⁾', 'v₂', 'h⁽¹⁾', 'v₄', 'h⁽²⁾']
    >>> symbols.find("h[1]").index
    3
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self._known: dict[int | None, dict[Node, Symbol]] = {}

    def of(self, node: Node) -> Symbol:
        """Return the symbol of `node`."""
        t = node.timestep
        if t not in self._known:
            self._known[t] = self._assign(self._at(t), t)
        return self._known[t][node]

    def _at(self, t: int | None) -> list[Node]:
        """Return the nodes of a time step, in recorded order."""
        return [self.graph.nodes[index] for index in self._by_time[t]]

    @cached_property
    def _by_time(self) -> Places[int | None]:
        return Places(self.graph.timeline.timesteps)

    def _assign(self, nodes: list[Node], t: int | None) -> dict[Node, Symbol]:
        symbols: dict[Node, Symbol] = {}
        taken: set[Symbol] = set()
        for node in sorted(nodes, key=lambda node: (node.kind == "op", node.index), reverse=True):
            name = self._dotted.get(node) or plain_name(node.name)
            if _is_number(node):
                symbols[node] = Symbol(_number(node))
            elif name is None:
                symbols[node] = Symbol("v", node.index)
            elif (symbol := Symbol(name, self._subscript(node), t)) not in taken:
                taken.add(symbol)
                symbols[node] = symbol
            elif node.kind == "input" and t is not None and Symbol(name, None, t - 1) not in symbols.values():
                symbols[node] = Symbol(name, None, t - 1)  # the state before the loop: h⁽⁰⁾
            else:
                symbols[node] = Symbol(name, node.index, t)
        return symbols

    @cached_property
    def _dotted(self) -> dict[Node, str]:
        """Short names of parameters that were told long ones, ``encoder.rnn.weight``, with what tells them apart."""
        named = {node: node.label for node in self.graph.parameters if node.label and "." in node.label}
        steps = [[int(step) if step.isdecimal() else step for step in label.split(".")] for label in named.values()]
        return dict(zip(named, told_apart([tuple(path) for path in steps]), strict=True))

    def _subscript(self, node: Node) -> int | None:
        """Return the number of a layer, a head, an example, where there is one such loop around a node."""
        subscripts = self.graph.timeline.subscripts[node.index]
        return subscripts[0] if len(subscripts) == 1 else None

    # -- finding ------------------------------------------------------------------------------------------------------

    def find(self, text: str | int) -> Node:
        """Return the node that `text` means: ``W``, ``h[3]``, ``h3``, ``h⁽³⁾``, ``v12``, ``#12`` or its index.

        Without a time step the latest value of that name is meant.

        Raises
        ------
        LookupError
            If there is none; the message names the nearest.
        """
        written = str(text).strip().translate(_PLAIN)
        number = re.fullmatch(r"#?(\d+)", written)
        if number:
            if int(number[1]) < len(self.graph.nodes):
                return self.graph.nodes[int(number[1])]
            raise LookupError(f"there is no node {text}: the graph has {len(self.graph.nodes)}, from #0")
        written = unicodedata.normalize("NFC", written)
        named = self._told_apart(written) or self._by_name.get(written)
        if named is None:
            loose = re.fullmatch(r"(.*?[^\d\[@])(?:@|\[)?(-?\d+)\]?", written)
            named = self._by_name.get(f"{loose[1]}[{loose[2]}]") if loose else None
        if named is None:
            meant = did_you_mean(written, self._by_name, 0.3)
            if not meant and not any(node.source and node.source.text for node in self.graph.nodes):
                meant = "the program's text is not there to read names from, as of a prompt: give some, as in name='W'"
            raise LookupError("; ".join(filter(None, (f"no node is called {text!r}", meant))))
        return named

    def _told_apart(self, written: str) -> Node | None:
        """Return the node whose whole symbol this is, without a look at the names of other time steps."""
        at = re.fullmatch(r".*\[(-?\d+)\]", written)
        nodes = reversed(self._at(int(at[1]) if at else None))
        return next((node for node in nodes if not _is_number(node) and self.of(node).ascii == written), None)

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        named = [node for node in self.graph.nodes if not _is_number(node)]
        latest = {self.of(node).name: node for node in named}
        as_drawn = {str(self.of(node)).translate(_PLAIN): node for node in named}
        told = {node.label: node for node in self._dotted if node.label}
        called = {
            text: node
            for node in named
            if (name := own_name(self.graph, node))
            for text in (name, Symbol(name, None, self.of(node).timestep).ascii)
        }
        return called | as_drawn | told | latest | {self.of(node).ascii: node for node in named}

    def all(self, name: str) -> list[Node]:
        """Return the nodes of a name, in recorded order, those that a word tells apart by the program's own, too."""
        return [node for node in self.graph.nodes if name in (self.of(node).name, own_name(self.graph, node))]

    def names(self) -> list[str]:
        """Return what `find` knows, for completion."""
        return list(self._by_name)


def own_name(graph: Graph, node: Node) -> str | None:
    """Return what the program itself calls a node whose name has a word behind: h, where it is h_enc."""
    name = plain_name(graph.called(node))
    return None if name == plain_name(node.name) else name


def plain_name(name: str | None) -> str | None:
    """Return a name without what only says which one of many; None for what is no name.

    Examples
    --------
    >>> plain_name("X[t]"), plain_name("self.state"), plain_name("np.zeros(3)"), plain_name("h⁽⁰⁾")
    ('X', 'state', None, 'h')
    """
    if not name:
        return None
    name = re.sub(r"⁽[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*⁾$", "", name)
    match = re.fullmatch(r"(?:[^\W\d]\w*\.)*([^\W\d][\w\u0300-\u036f]*)(?:\[[^\[\]]*\])?", name)
    return unicodedata.normalize("NFC", match[1]) if match else None


def _is_number(node: Node) -> bool:
    return node.kind == "constant" and node.shape == ()


def _number(node: Node) -> str:
    return f"{node.data.item():.6g}" if node.dtype.kind in "fiu" else str(node.data.item())

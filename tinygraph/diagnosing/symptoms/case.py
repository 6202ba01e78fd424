"""A case: a recorded pass as the checks look at it; and what they find."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...plain_text import spans
from ...recording.node import Node
from ...recording.source import Source, call_stack, is_of_a_library, program_source
from ...tracing.trace import Trace

_SAMPLE = 48  # nodes of a line that are looked at


class Symptom(NamedTuple):
    """What is not as in a healthy network.

    Attributes
    ----------
    kind : str
        Which check found it: ``"broadcast"``, ``"saturated"`` ….
    text : str
        What is wrong, with its number.
    node : Node
        The op, or the leaf, where it is.
    timesteps : list of int
    command : str
        The debugger's command that shows more.
    script : str or None
        The program's file: of another, a line is named with its file.
    """

    kind: str
    text: str
    node: Node
    timesteps: list[int]
    command: str
    script: str | None = None

    @property
    def source(self) -> Source | None:
        """The program's own expression, where the op ran in a library that it calls."""
        call = self.node.call
        return self.node.source if call is None else program_source(call, self.node.lasti)

    @property
    def line(self) -> int | None:
        """The line of the program."""
        return self.source.lineno if self.source else None

    @property
    def place(self) -> str:
        """Line and time steps."""
        line = self.source.place(self.script) if self.source else ""
        times = f"time step{'s' * (len(self.timesteps) > 1)} {spans(self.timesteps)}" if self.timesteps else ""
        return ", ".join(filter(None, (line, times)))

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}" + (f" ({self.place})" if self.place else "") + f"; {self.command}"


class Line(NamedTuple):
    """The nodes of one op at one place of the program.

    Attributes
    ----------
    nodes : list of Node
        In recorded order.
    sample : list of Node
        Some of them, evenly.
    """

    nodes: list[Node]
    sample: list[Node]

    @property
    def first(self) -> Node:
        """The first of them."""
        return self.nodes[0]

    @property
    def op(self) -> str:
        """The name of the op."""
        return str(self.first.op)

    def alike(self) -> list[Node]:
        """Return those of the sample that have the shape of the first."""
        return [node for node in self.sample if node.shape == self.first.shape]


class Case:
    """A trace and what several checks ask of it.

    Parameters
    ----------
    trace : Trace
    """

    def __init__(self, trace: Trace):
        self.trace = trace
        self.graph = trace.graph

    @cached_property
    def lines(self) -> list[Line]:
        """The ops by their places in the program, in recorded order."""
        groups: dict[Any, list[Node]] = {}
        for node in self.graph.nodes:
            if node.kind == "op" and node.pulled is None:
                groups.setdefault((id(node.op), node.source or node.index, node.scope), []).append(node)
        return [Line(nodes, evenly(nodes, _SAMPLE)) for nodes in groups.values()]

    def symptom(self, kind: str, text: str, nodes: list[Node], command: str = "") -> Symptom:
        """Return what was found at some nodes, the first of them named."""
        return Symptom(kind, text, nodes[0], timesteps(nodes), command or self.goto(nodes[0]), self.trace.script)

    def made(self, node: Node, with_caller: bool = False) -> str:
        """Return where the program made a parameter; with the line that called for it: that of the whole layer."""
        stack = [source for source in call_stack(node.call, node.lasti) if not is_of_a_library(source.filename)]
        places = list(dict.fromkeys(source.place(self.trace.script) for source in stack))[: 1 + with_caller]
        return f", made in {', called from '.join(places)}" if places else ""

    def goto(self, node: Node) -> str:
        """Return the command that goes to a node, or tells about it."""
        step = self.trace.step_of(node)
        return f"info {self.trace.symbols.of(node).ascii}" if step is None else f"goto {step}"


def timesteps(nodes: Iterable[Node]) -> list[int]:
    """Return the time steps of some nodes."""
    return sorted({t for node in nodes if (t := node.timestep) is not None})


def evenly(nodes: list[Node], most: int) -> list[Node]:
    """Return at most so many of some nodes, the first and the last among them."""
    if len(nodes) <= most:
        return nodes
    return [nodes[i] for i in np.linspace(0, len(nodes) - 1, most).astype(int)]

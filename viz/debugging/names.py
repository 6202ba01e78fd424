"""The names, attributes and functions that an expression can use at one step of a backward pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tinygraph.graphs.symbols import plain_name
from tinygraph.numeric import norm
from tinygraph.recording.filenames import file_name
from tinygraph.recording.node import Node
from tinygraph.recording.sparse import dense
from tinygraph.tracing.trace import Trace

_NEAR = 6  # names that are told


@dataclass(frozen=True)
class Value:
    """A value of the network as an expression sees it: its number, and by ``.grad`` its gradient so far."""

    trace: Trace
    node: Node
    position: int


VALUE_ATTRIBUTES: dict[str, Callable[[Value], Any]] = {
    "grad": lambda value: value.trace.running(value.node, value.position),
    "value": lambda value: value.node.data,
    "t": lambda value: value.node.timestep,
    "op": lambda value: None if value.node.op is None else value.node.op.name,
    "name": lambda value: value.trace.symbols.of(value.node).ascii,
    "scope": lambda value: value.node.scope,
}
ARRAY_ATTRIBUTES: dict[str, Callable[[Any], Any]] = {
    "T": np.transpose,
    "shape": np.shape,
    "size": np.size,
    "ndim": np.ndim,
    "dtype": lambda array: str(np.asarray(array).dtype),
}


class Vocabulary(Protocol):
    """What an expression asks for its names."""

    def lookup(self, name: str) -> Any:
        """Return what `name` stands for.

        Raises
        ------
        LookupError
            If it stands for nothing.
        """

    @property
    def known(self) -> Iterable[str]:
        """All names, to find the nearest to one that is not known."""


class NotRecorded(LookupError):
    """A name that the program has, of a value that it has not recorded."""


@contextmanager
def telling_of_variables(trace: Trace, name: str) -> Iterator[None]:
    """Say of a name that is not found whether the program has a variable called so, and what was recorded there.

    Raises
    ------
    NotRecorded
        In place of a LookupError about such a name.
    """
    try:
        yield
    except NotRecorded:
        raise
    except LookupError:
        name = name.partition("[")[0]
        nodes = [node for node in trace.graph.nodes if node.source is not None]
        for filename in dict.fromkeys(node.source.filename for node in nodes if node.source is not None):
            lines = [n for n, text in trace.source_lines(filename).items() if _reads(text, name)]
            if not lines:
                continue
            near = sorted(nodes, key=lambda node: min(abs(node.source.lineno - n) for n in lines) if node.source else 0)
            names = dict.fromkeys(symbol.name for node in near if plain_name((symbol := trace.symbols.of(node)).name))
            there = ", ".join(list(names)[:_NEAR])
            raise NotRecorded(
                f"{name} is a variable of the program (line {lines[0]}), but only what meets a Tensor is recorded; "
                f"near there: {there}; `list {lines[0]}` shows the line"
            ) from None
        raise


def _reads(line: str, name: str) -> bool:
    """Tell whether a line of a program has a name, as a name and not in a text or a remark."""
    code = re.sub(r"""(?s)('[^']*'|"[^"]*")|#.*""", "", line)
    return name.isidentifier() and re.search(rf"(?<![\w.]){re.escape(name)}(?![\w]|\s*\()", code) is not None


class Moment:
    """One step of a trace, as the names that expressions use.

    The names of the network's own values, ``W`` or ``h[3]``, are known too.

    Attributes
    ----------
    trace : Trace
    k : int
        The step.
    node : Node
        The node of that step.
    """

    def __init__(self, trace: Trace, k: int):
        self.trace = trace
        self.k = k
        self.node = trace.nodes[k]

    def lookup(self, name: str) -> Any:
        """Return what `name` stands for at this step.

        Raises
        ------
        LookupError
            If it stands for nothing.
        """
        if name in NAMES:
            value, _ = NAMES[name]
            return value(self)
        with telling_of_variables(self.trace, name):
            return Value(self.trace, self.trace.node(name), self.k + 1)

    @property
    def known(self) -> Iterable[str]:
        """All names."""
        return [*NAMES, *self.trace.symbols.names()]

    @property
    def terms(self) -> np.ndarray:
        """The norms of the contributions that the step makes."""
        return np.array([norm(dense(term)) for term in self.trace.pull(self.k) if term is not None])


NAMES: dict[str, tuple[Callable[[Moment], Any], str]] = {
    "k": (lambda at: at.k, "the number of the step, 0 at the loss"),
    "t": (lambda at: at.node.timestep, "the time step of its node, None where it has none"),
    "op": (lambda at: str(at.node.op), 'the op\'s name, as "tanh"'),
    "name": (lambda at: at.trace.symbols.of(at.node).name, 'the node\'s name without its time step, as "h"'),
    "scope": (lambda at: at.node.scope, "its scope, names joined by /"),
    "kind": (lambda at: at.node.kind, '"op"'),
    "node": (lambda at: at.node.index, "the node's index in the graph"),
    "line": (lambda at: at.node.source and at.node.source.lineno, "the line of the program it stands on"),
    "file": (
        lambda at: file_name(at.node.source.filename) if at.node.source else "",
        "the file of that line, without directories",
    ),
    "expression": (lambda at: at.node.expression, "the source expression"),
    "grad": (lambda at: np.asarray(at.trace.adjoints[at.k]), "∂L/∂node, the adjoint that the step pulls back"),
    "value": (lambda at: at.node.data, "the node's forward value"),
    "shape": (lambda at: at.node.shape, "the shape of both"),
    "size": (lambda at: at.node.data.size, "the number of their elements"),
    "terms": (lambda at: at.terms, "the norms of the contributions it makes, in argument order"),
}


FUNCTIONS: dict[str, tuple[Callable[..., Any], str]] = {
    "norm": (norm, "the length ‖x‖"),
    "min": (np.min, "the smallest element"),
    "max": (np.max, "the largest element"),
    "mean": (np.mean, "the mean of the elements"),
    "std": (np.std, "their standard deviation"),
    "sum": (np.sum, "the sum of the elements"),
    "abs": (np.abs, "absolute values"),
    "sqrt": (np.sqrt, "square roots"),
    "log": (np.log, "natural logarithms"),
    "log10": (np.log10, "decimal logarithms"),
    "exp": (np.exp, "exponentials"),
    "tanh": (np.tanh, "hyperbolic tangents"),
    "any": (np.any, "whether any element is true"),
    "all": (np.all, "whether all elements are true"),
    "isnan": (np.isnan, "element by element, whether it is NaN"),
    "isinf": (np.isinf, "element by element, whether it is infinite"),
    "isfinite": (np.isfinite, "element by element, whether it is a finite number"),
    "nonfinite": (lambda x: not np.isfinite(x).all(), "whether any element is NaN or infinite"),
    "len": (len, "the length of the first axis"),
}


METHODS: dict[str, Callable[[Any], Any]] = {"transpose": np.transpose}

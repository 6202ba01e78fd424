"""One call of a function, recorded with its arguments as leaves."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from typing import Any

import numpy as np

from ...backward.pytree import flatten
from ...graphs.graph import Graph, graph
from ...graphs.recorded_nodes import RecordedNodes
from ...recording.calls import next_index
from ...recording.context import Changed, context
from ...recording.node import Node
from ...recording.tensor import Tensor, make_leaf
from ..errors import NotCompiled
from .arguments import Arguments
from .noting import Noted
from .state import same_numbers
from .watching import Recorder


class Captured:
    """What a function recorded in one call.

    Attributes
    ----------
    value
        What it returned.
    outputs : list of Tensor
        The Tensors in it.
    arguments : list of Tensor
        The leaves that stood for its arguments.
    held : set of int
        The numbers of the arguments that it looked into.
    looked : str
        How and where it did so last.
    noted : Noted
        What ran, if that is noted.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: Arguments,
        values: list[np.ndarray],
        grad: bool,
        noting: bool,
    ):
        recorder = Recorder()
        self.began = recorder.began
        self.noted = Noted()
        wanted = [
            grad and (w or (isinstance(x, Tensor) and x.requires_grad))
            for x, w in zip(arguments.leaves, arguments.wanted, strict=True)
        ]
        with Changed(watch=recorder, recording=True):
            self.arguments = [
                make_leaf(np.array(value), w, name)
                for value, w, name in zip(values, wanted, arguments.names(function), strict=True)
            ]
            recorder.arguments = self.arguments
            recorder.wanted = {k for k, w in enumerate(wanted) if w}
            args, kwargs = arguments.rebuilt(self.arguments)
            with self.noted.noting() if noting else nullcontext():
                self.value = function(*args, **kwargs)
        if recorder.refusal is not None:  # the program caught it
            raise recorder.refusal
        self.held, self.looked = recorder.held, recorder.looked
        self.ended = next_index()
        self.outputs = [leaf for leaf in flatten(self.value) if isinstance(leaf, Tensor)]

    @cached_property
    def graph(self) -> Graph:
        """What leads to the outputs."""
        return graph(*self.outputs)

    @property
    def _nodes(self) -> RecordedNodes:
        assert isinstance(self.graph.nodes, RecordedNodes)
        return self.graph.nodes

    @property
    def nbytes(self) -> int:
        """How many bytes the values of its ops have."""
        return sum(self._nodes.each("nbytes"))

    def let_go(self) -> None:
        """Let go of what was recorded, now: a graph and its nodes hold each other until the garbage collector runs."""
        if "graph" in vars(self):
            self.graph.outputs.clear()
            self._nodes.let_go()
        context().frames.leave(sys._getframe(1))

    def reads_parameters(self) -> bool:
        """Tell whether the outputs depend on parameters that were there before."""
        return any(node.tensor is not None and self.leaf_kind(node.tensor) is False for node in self.graph.parameters)

    def leaf_kind(self, tensor: Tensor) -> int | bool:
        """Return the number of the argument a leaf stands for; False if it was there before, True if it was made."""
        number = next((k for k, argument in enumerate(self.arguments) if argument is tensor), None)
        return tensor._index > self.began if number is None else number


def difference(one: Captured, other: Captured) -> str | None:
    """Return where two recordings of a function differ in more than the numbers of their arguments, or None."""
    first, second = one.graph, other.graph
    if len(first.nodes) != len(second.nodes):
        return "another call with other numbers recorded other ops: a branch on values"
    for node, twin in zip(first.nodes, second.nodes, strict=True):
        if node.op is not twin.op or node.kind != twin.kind or node.shape != twin.shape or node.dtype != twin.dtype:
            return f"another call with other numbers recorded other ops{at(node)}"
        if [source.index for source in node.inputs] != [source.index for source in twin.inputs]:
            return f"another call with other numbers read other values{at(node)}"
        if node.op is not None:
            if not alike(dict(node.attributes), dict(twin.attributes)):
                return f"an attribute of {node.op} depends on values{at(node)}"
        elif not _same_leaf(node, twin, one, other):
            return f"a constant was another one in a second call{at(node)}"
    return None


def _same_leaf(node: Node, twin: Node, one: Captured, other: Captured) -> bool:
    if node.tensor is None or twin.tensor is None:
        return node.tensor is twin.tensor and alike(node._value, twin._value)
    kinds = one.leaf_kind(node.tensor), other.leaf_kind(twin.tensor)
    if kinds[0] is not kinds[1] and kinds[0] != kinds[1]:
        return False
    if kinds[0] is False:
        return node.tensor is twin.tensor
    return kinds[0] is not True or alike(node._value, twin._value)


def alike(a: Any, b: Any) -> bool:
    """Tell whether two attributes or constants are the same, arrays to the bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return same_numbers(a, np.ascontiguousarray(b).reshape(b.shape))
    if isinstance(a, np.generic):
        return a.tobytes() == b.tobytes()
    if isinstance(a, float):
        return a.hex() == b.hex()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, slice):
        return alike((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    return a is b or bool(a == b)


def at(node: Node) -> str:
    """Return the tail of a message that shows the line that made a node."""
    return f"\n  {node.source}" if node.source else ""


def refuse_older(captured: Captured) -> None:
    """Refuse what was computed before the call: its graph is no part of the function."""
    for node in captured.graph.timeline.ops[:1]:  # in the order in which they were recorded
        if node.tensor is not None and node.tensor._index < captured.began:
            raise NotCompiled(f"the function reads a value with a graph of its own, made before the call{at(node)}")

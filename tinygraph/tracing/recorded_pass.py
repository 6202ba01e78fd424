"""The data of a backward pass: what was recorded of it, and what can be computed again from that."""

from __future__ import annotations

import linecache
import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..backward.replay import has_rule, pull, view
from ..backward.sums import RunningSum
from ..graphs.graph import Graph
from ..graphs.symbols import Symbols
from ..loops.coded import Pairs
from ..loops.reads import NodesAt
from ..memory import garbage_collector_paused
from ..plain_text import clean
from ..recording.node import Node
from ..recording.source import program_source
from ..recording.tensor import Tensor
from .cuts import Cut
from .pooled import InBlock, Pooled

_SHORTEST_STRIDE = 16
_FEW = 8  # arguments; an op of more is pulled back once for all of them, and so many of such ops are remembered
_CHECKPOINT_SHARE = 0.1  # of the bytes of the forward values, for the checkpoints of all parameters together


class PassNodes(NamedTuple):
    """The graph of a pass, the node of each step, the gradients of the leaves, and what left the graph."""

    graph: Graph
    nodes: NodesAt
    gradients: dict[Node, Any]
    cuts: Callable[[], list[Cut]] = list


class Pass:
    """A recorded backward pass, as data.

    It holds one adjoint for each step. A contribution is a pure function of the adjoint and the forward values, so it
    is computed again when somebody asks, by the rule that ran, and is bitwise what it was in the pass.

    Attributes
    ----------
    adjoints : sequence of array
        One for each step.
    files : dict or None
        The program's lines by file and number, where the pass came from a file.

    Parameters
    ----------
    look : callable
        Makes the nodes, when somebody looks: so that recording stays cheap.
    """

    def __init__(
        self, adjoints: Sequence[Any], look: Callable[[], PassNodes], files: dict[str, dict[int, str]] | None = None
    ):
        self.adjoints = adjoints
        self.files = files
        self._look = look
        self._looking = threading.Lock()
        self._nodes: PassNodes | None = None
        self._sums: dict[Node, RunningSum] = {}
        self._writes: dict[Node, Pairs] = {}
        self._pulled: dict[int, tuple[Any, ...]] = {}  # the contributions of ops with many arguments, asked for in turn

    @property
    def _recorded(self) -> PassNodes:
        with self._looking:  # threads that look at once see the same nodes
            if self._nodes is None:
                with garbage_collector_paused():
                    self._nodes = self._look()
                    if not isinstance(self.adjoints, InBlock):
                        self.adjoints = Pooled(self.adjoints)
                self._look = _nothing_more  # it held the pass as it ran
        return self._nodes

    @property
    def graph(self) -> Graph:
        """What was recorded, forward."""
        return self._recorded.graph

    @property
    def nodes(self) -> Sequence[Node]:
        """The node of each step."""
        return self._recorded.nodes

    @property
    def gradients(self) -> dict[Node, Any]:
        """The gradients of the leaves."""
        return self._recorded.gradients

    @cached_property
    def cuts(self) -> list[Cut]:
        """The lines at which Tensors left the graph while it was recorded, and where they came back.

        Examples
        --------
        >>> import numpy as np, tinygraph as tg
        >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
        >>> for t in (1, 2, 3):
        ...     with tg.timestep(t):
        ...         h = np.tanh(W @ h)
        ...         h = tg.tensor(h.data) if t == 2 else h
        >>> [cut] = tg.trace(h.sum()).cuts
        >>> cut.how, cut.what, cut.timesteps, len(cut.returned), cut.parameters
        ('.data', 'h', [2], 1, ['W'])
        """
        return self._recorded.cuts()

    @property
    def output(self) -> Node:
        """Where the pass began, usually the loss."""
        return self.graph.outputs[0]

    @cached_property
    def symbols(self) -> Symbols:
        """How the nodes are written in formulas, and found by name."""
        return Symbols(self.graph)

    @cached_property
    def _step_of(self) -> array[int]:
        """The step of each node by its index; -1 for what has none."""
        steps = np.full(len(self.graph.nodes), -1, np.int32)
        steps[self._recorded.nodes.indices] = np.arange(len(self))
        return array("i", steps.tobytes())

    def __len__(self) -> int:
        return len(self.adjoints)

    def step_of(self, node: Node | Tensor | str) -> int | None:
        """Return the step in which `node` is pulled back through; None for leaves and what no gradient reaches."""
        node = self.node(node)
        nodes = self.graph.nodes
        step = self._step_of[node.index] if node.index < len(nodes) and nodes[node.index] is node else -1
        return None if step < 0 else step

    def node(self, which: Node | Tensor | str | int) -> Node:
        """Return a node by itself, by its Tensor, by its index in the graph or by its name (``"W"``, ``"h[3]"``).

        Raises
        ------
        LookupError
            If there is none; the message names the nearest.
        """
        if isinstance(which, Node):
            return which
        if isinstance(which, Tensor):
            return self.graph.node_of(which)
        return self.symbols.find(which)

    def checked(self, k: int, last: int) -> int:
        """Return a step as an index from 0 to `last`; negative ones count from the end."""
        if not hasattr(k, "__index__"):
            raise TypeError(f"trace: a step is an integer, got {type(k).__name__} {k!r}")
        n = k.__index__()
        if n < 0:
            n += last + 1
        if not 0 <= n <= last:
            raise IndexError(
                f"trace: step {k} is out of range, this pass has {len(self)} steps, from 0 to {len(self) - 1}"
            )
        return n

    def source_lines(self, filename: str) -> dict[int, str]:
        """Return the lines of the program's file by number; of a loaded trace, those near what was recorded."""
        if self.files is not None:
            return self.files.get(filename, {})
        return {n: clean(line.rstrip("\n")) for n, line in enumerate(linecache.getlines(filename), 1)}

    @cached_property
    def script(self) -> str | None:
        """The file of the program that computed the output; None where it is not known."""
        output = self.output
        source = output.source if output.call is None else program_source(output.call, output.lasti)
        return None if source is None else source.filename

    def place(self, node: Node) -> str:
        """Return the line that made a node, ``line 12``, or ``net.py:12`` of another file; empty where not known."""
        return "" if node.source is None else node.source.place(self.script)

    # -- gradients and what they are made of --------------------------------------------------------------------------

    def gradient(self, node: Node | Tensor | str) -> np.ndarray | None:
        """Return the gradient that the pass gave to `node`; None where it gave none."""
        node = self.node(node)
        step = self.step_of(node)
        if step is not None:
            return view(self.adjoints[step])
        return view(self.gradients.get(node))

    def running(self, node: Node | Tensor | str, position: int) -> np.ndarray | None:
        """Return the sum of the contributions to `node` in the first `position` steps; None where there is none."""
        node = self.node(node)
        if node is self.output:
            return self.gradient(node)
        return view(self.running_sum(node).upto(bisect_left(self.writes(node), (position, 0))))

    def writes(self, node: Node) -> Sequence[tuple[int, int]]:
        """Return the (step, argument) pairs that contribute to the gradient of `node`, in order."""
        if node not in self._writes:
            op_of = self.graph.timeline.wiring.facts.op  # and not `receives`, which would make the node of each reader
            reads = self.graph.timeline.reads.places(node.index) if node.requires_grad else ()
            self._writes[node] = Pairs(
                sorted(
                    (self._step_of[user], argument)
                    for user, argument in reads
                    if self._step_of[user] >= 0 and has_rule(op_of(user), argument)
                )
            )
        return self._writes[node]

    def running_sum(self, node: Node) -> RunningSum:
        """Return the running sum of the contributions to `node`."""
        if node not in self._sums:
            writes = self.writes(node)
            self._sums[node] = RunningSum(lambda i: self.term(*writes[i]), self._stride(node, len(writes)))
        return self._sums[node]

    def _stride(self, node: Node, count: int) -> int:
        checkpoints = int(_CHECKPOINT_SHARE * self.forward_bytes / max(self._parameter_bytes, node.nbytes, 1))
        return max(_SHORTEST_STRIDE, -(-count // (checkpoints + 1)))

    @cached_property
    def forward_bytes(self) -> int:
        """The bytes of all values that the forward pass computed."""
        return sum(self.graph.timeline.wiring.facts.each("nbytes"))

    @cached_property
    def _parameter_bytes(self) -> int:
        return sum(node.nbytes for node in self.graph.parameters)

    # -- the rules, run again -----------------------------------------------------------------------------------------

    def pull(self, k: int, adjoint: Any = None) -> tuple[Any, ...]:
        """Return the contributions of step `k`, of its own adjoint or another one, as the pass computed them."""
        if adjoint is not None:
            return pull(self.nodes[k], adjoint)
        if k not in self._pulled:
            if len(self._pulled) == _FEW:
                self._pulled.clear()
            contributions = pull(self.nodes[k], self.adjoints[k])
            if len(contributions) <= _FEW:
                return contributions
            self._pulled[k] = contributions
        return self._pulled[k]

    def term(self, k: int, argument: int) -> Any:
        """Return the contribution of step `k` to one argument, an array or a Sparse."""
        if len(self.nodes[k].inputs) > _FEW:
            return self.pull(k)[argument]
        return pull(self.nodes[k], self.adjoints[k], argument)[argument]

    @property
    def nbytes(self) -> int:
        """The bytes of what the trace holds: forward values, adjoints, and the checkpoints laid so far."""
        forward = self.forward_bytes  # looks at the nodes: adjoints are pooled from then on
        assert isinstance(self.adjoints, InBlock)
        return forward + self.adjoints.nbytes + sum(total.nbytes for total in self._sums.values())


def _nothing_more() -> NoReturn:
    raise AssertionError("the nodes of a pass are made once")

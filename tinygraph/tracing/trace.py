"""Trace: a backward pass that was recorded, and can be visited at any step in any order."""

from __future__ import annotations

import linecache
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..backward.backprop import _add_to_grad, _seed, _walk
from ..backward.replay import pull, receives, view
from ..backward.sums import RunningSum
from ..graphs.graph import Graph, graph
from ..graphs.symbols import Symbols
from ..recording import context as record
from ..recording.node import Node
from ..recording.sparse import dense
from ..recording.tensor import Tensor
from .contributions import Contributions
from .formula import Formula, formulas
from .saved import SavedOp
from .steps import State, Steps, TracedStep

if TYPE_CHECKING:
    from ..testing.verification import Finding

_SHORTEST_STRIDE = 16
_CHECKPOINT_SHARE = 0.1  # of the bytes of the forward values, for the checkpoints of all parameters together


class Seen(NamedTuple):
    """The graph of a pass, the node of each step, and the gradients of the leaves."""

    graph: Graph
    nodes: list[Node]
    gradients: dict[Node, Any]


class Trace:
    """A recorded backward pass. Made by `trace` or `load_trace`.

    It holds one adjoint for each step. A contribution is a pure function of the adjoint and the forward values, so it
    is computed again when somebody asks, by the rule that ran, and is bitwise what it was in the pass.

    Attributes
    ----------
    adjoints : list
        One for each step.
    output : Node
        Where the pass began.
    """

    def __init__(self, adjoints: list[Any], look: Callable[[], Seen]):
        self.adjoints = adjoints
        self._look = look
        self._sums: dict[Node, RunningSum] = {}
        self._writes: dict[Node, list[tuple[int, int]]] = {}
        self.files: dict[str, dict[int, str]] | None = None  # the program's lines, where it came from a file

    @cached_property
    def _seen(self) -> Seen:
        return self._look()  # nodes are made when somebody looks, so that recording stays cheap

    @property
    def graph(self) -> Graph:
        """What was recorded, forward."""
        return self._seen.graph

    @property
    def nodes(self) -> list[Node]:
        """The node of each step."""
        return self._seen.nodes

    @property
    def gradients(self) -> dict[Node, Any]:
        """The gradients of the leaves."""
        return self._seen.gradients

    @property
    def output(self) -> Node:
        """Where the pass began, usually the loss."""
        return self.graph.outputs[0]

    @cached_property
    def symbols(self) -> Symbols:
        """How the nodes are written in formulas, and found by name."""
        return Symbols(self.graph)

    @cached_property
    def _step_of(self) -> dict[Node, int]:
        return {node: k for k, node in enumerate(self.nodes)}

    def __len__(self) -> int:
        return len(self.adjoints)

    def __repr__(self) -> str:
        return f"<Trace: {len(self)} steps, output {self.output.name or self.output.op}>"

    # -- steps and states ---------------------------------------------------------------------------------------------

    def __getitem__(self, k: int) -> TracedStep:
        k = self._checked(k, len(self) - 1)
        node = self.nodes[k]
        contributions = self.pull(k)
        before, after = self._around(k, node, contributions)
        return TracedStep(k, node, view(self.adjoints[k]), tuple(view(dense(c)) for c in contributions), before, after)

    def __iter__(self) -> Iterator[TracedStep]:
        return (self[k] for k in range(len(self)))

    @property
    def steps(self) -> Steps:
        """All steps, each computed when it is asked for."""
        return Steps(self)

    def at(self, k: int) -> State:
        """Return the state after `k` steps, from 0 to ``len(trace)``."""
        return State(self, self._checked(k, len(self)))

    def formulas(self, k: int) -> list[Formula]:
        """Return the chain rule of step `k` as mathematics, one formula for each argument that receives something."""
        return formulas(self, self._checked(k, len(self) - 1))

    def step_of(self, node: Node | Tensor | str) -> int | None:
        """Return the step in which `node` is pulled back through; None for leaves and what no gradient reaches."""
        return self._step_of.get(self.node(node))

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

    def _checked(self, k: int, last: int) -> int:
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
        return {n: line.rstrip("\n") for n, line in enumerate(linecache.getlines(filename), 1)}

    # -- gradients and what they are made of --------------------------------------------------------------------------

    def gradient(self, node: Node | Tensor | str) -> np.ndarray | None:
        """Return the gradient that the pass gave to `node`; None where it gave none."""
        node = self.node(node)
        total = self.gradients.get(node)
        if total is None:
            k = self._step_of.get(node)
            total = None if k is None else self.adjoints[k]
        return view(dense(total))

    def contributions(self, node: Node | Tensor | str) -> Contributions:
        """Return what the gradient of `node` is the sum of: one term for each use of it, in the order of the pass.

        Examples
        --------
        >>> import numpy as np, tinygraph as tg
        >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
        >>> for t in (1, 2):
        ...     with tg.timestep(t):
        ...         h = np.tanh(W @ h)
        >>> terms = tg.trace(h.sum()).contributions(W)
        >>> [(term.timestep, round(float(term.norm), 3), round(term.share, 3)) for term in terms]
        [(2, 0.438, 0.54), (1, 0.373, 0.46)]
        >>> terms.exact
        True
        """
        return Contributions(self, self.node(node))

    def running(self, node: Node | Tensor | str, position: int) -> np.ndarray | None:
        """Return the sum of the contributions to `node` in the first `position` steps; None where there is none."""
        node = self.node(node)
        if node is self.output:
            k = self._step_of.get(node)
            return self.gradient(node) if k is None else view(self.adjoints[k])
        return view(dense(self.running_sum(node).upto(bisect_left(self.writes(node), (position, 0)))))

    def writes(self, node: Node) -> list[tuple[int, int]]:
        """Return the (step, argument) pairs that contribute to the gradient of `node`, in order."""
        if node not in self._writes:
            found = [(self._step_of.get(user), argument, user) for user, argument in self.graph.consumers(node)]
            self._writes[node] = sorted(
                (k, argument) for k, argument, user in found if k is not None and receives(user, argument)
            )
        return self._writes[node]

    def running_sum(self, node: Node) -> RunningSum:
        """Return the running sum of the contributions to `node`."""
        if node not in self._sums:
            writes = self.writes(node)
            self._sums[node] = RunningSum(lambda i: self.term(*writes[i]), len(writes), self._stride(node, len(writes)))
        return self._sums[node]

    def _stride(self, node: Node, count: int) -> int:
        checkpoints = int(_CHECKPOINT_SHARE * self.forward_bytes / max(self._parameter_bytes, node.data.nbytes, 1))
        return max(_SHORTEST_STRIDE, -(-count // (checkpoints + 1)))

    @cached_property
    def forward_bytes(self) -> int:
        """The bytes of all values that the forward pass computed."""
        return sum(node.data.nbytes for node in self.graph.nodes if node.kind == "op")

    @cached_property
    def _parameter_bytes(self) -> int:
        return sum(node.data.nbytes for node in self.graph.parameters)

    # -- the rules, run again -----------------------------------------------------------------------------------------

    def pull(self, k: int, adjoint: Any = None) -> tuple[Any, ...]:
        """Return the contributions of step `k`, of its own adjoint or another one, as the pass computed them."""
        return pull(self.nodes[k], self.adjoints[k] if adjoint is None else adjoint)

    def term(self, k: int, argument: int) -> Any:
        """Return the contribution of step `k` to one argument, an array or a Sparse."""
        return pull(self.nodes[k], self.adjoints[k], argument)[argument]

    def _around(self, k: int, node: Node, contributions: tuple[Any, ...]) -> tuple[tuple, tuple]:
        before: list[Any] = []
        after: list[Any] = []
        for argument, contribution in enumerate(contributions):
            if contribution is None:
                before.append(None)
                after.append(None)
                continue
            source = node.inputs[argument]
            n = bisect_left(self.writes(source), (k, argument))
            sums = self.running_sum(source)
            before.append(view(dense(sums.upto(n))))
            after.append(view(dense(sums.upto(n + 1))))
        return tuple(before), tuple(after)

    @property
    def nbytes(self) -> int:
        """The bytes of what the trace holds: forward values, adjoints, and the checkpoints laid so far."""
        adjoints = {id(base): base.nbytes for base in map(_base, self.adjoints)}
        return self.forward_bytes + sum(adjoints.values()) + sum(kept.nbytes for kept in self._sums.values())

    def verify(self) -> list[Finding]:
        """Check every rule of the pass numerically, at the recorded values; see `tg.verify`.

        Returns
        -------
        list of Finding
            The rules that are wrong, in recorded order; empty if all agree. Ops of a program that a trace file came
            from cannot be checked: their rules are not in the file.
        """
        from ..testing.verification import verify  # which brings its oracles along

        return [finding for finding in verify(self.graph) if not isinstance(finding.node.op, SavedOp)]

    def save(self, path: str | Path) -> None:
        """Write the trace to one file of arrays and JSON, whole or not at all; see `load_trace`.

        Raises
        ------
        OSError
            If the file cannot be written; what stood there before is then intact.
        """
        from .trace_file import save  # which makes traces again

        save(self, path)


def _base(array: Any) -> np.ndarray:
    array = np.asarray(array)
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def trace(output: Tensor, adjoint: ArrayLike | None = None, *, into_grad: bool = False) -> Trace:
    """Run the backward pass of `output` and record it.

    Parameters
    ----------
    output : Tensor
        Usually a loss.
    adjoint : array_like, optional
        The adjoint of `output`; 1 for a scalar.
    into_grad : bool
        Whether to add the gradients to ``.grad`` of the leaves, as ``output.backward()`` would. By default looking
        changes nothing: a program can be traced in the middle of its training.

    Returns
    -------
    Trace

    Raises
    ------
    TypeError, ValueError, RuntimeError
        As `Tensor.backward`: `output` is not a Tensor, is not a scalar, or was not recorded.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter(0.5)
    >>> y = np.tanh(x)
    >>> step = tg.trace(y)[0]
    >>> step.node.name, step.node.op.formula(0), float(step.contributions[0].round(3))
    ('y', 'g * (1 - y * y)', 0.786)
    >>> x.grad is None
    True
    """
    if type(output) is not Tensor:
        raise TypeError(f"trace: expected a Tensor that was recorded, got {type(output).__name__}")
    seed = _seed(output, adjoint)
    record.context().frames.clear()
    totals: dict[Tensor, Any] = {}
    tensors, adjoints = [], []
    for tensor, received, _ in _walk(output, seed, totals):
        tensors.append(tensor)
        adjoints.append(received)
    if into_grad:
        for leaf, total in totals.items():
            _add_to_grad(leaf, total, False)
    return Trace(adjoints, lambda: _look(output, tensors, totals))


def _look(output: Tensor, tensors: list[Tensor], totals: dict[Tensor, Any]) -> Seen:
    whole = graph(output)
    gradients = {whole.node_of(leaf): total for leaf, total in totals.items()}
    return Seen(whole, [whole.node_of(tensor) for tensor in tensors], gradients)

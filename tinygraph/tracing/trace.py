"""Trace: a backward pass that was recorded, and can be visited at any step in any order."""

from __future__ import annotations

import copyreg
from collections.abc import Iterator
from io import BytesIO
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..backward.backprop import add_to_grads, seed_of, walk
from ..graphs.graph import Graph, graph
from ..loops.reads import NodesAt
from ..recording.context import context
from ..recording.departures import Departure, latest_departures, note_pass
from ..recording.foreign import what_is_given
from ..recording.node import Node
from ..recording.tensor import Tensor
from ..testing.findings import Findings
from ..testing.verification import verify
from . import trace_file
from .contributions import Contributions
from .cuts import find_cuts
from .formula import Formula, formulas
from .recorded_pass import Pass, PassNodes
from .steps import State, Steps, TracedStep, traced_step


class Trace(Pass):
    """A recorded backward pass, to walk through. Made by `trace` or `load_trace`.

    Attributes
    ----------
    adjoints : sequence of array
        One for each step.
    output : Node
        Where the pass began.
    """

    def __repr__(self) -> str:
        return f"<Trace: {len(self)} steps, output {self.output.name or self.output.op}>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the trace's file; the Tensors and the functions of the program are not in it."""
        return _unpickled_trace, (_in_a_file(self),)

    def __getitem__(self, k: int) -> TracedStep:
        return traced_step(self, k)

    def __iter__(self) -> Iterator[TracedStep]:
        return iter(self.steps)

    @property
    def steps(self) -> Steps:
        """All steps, each computed when it is asked for."""
        return Steps(self)

    def at(self, k: int) -> State:
        """Return the state after `k` steps, from 0 to ``len(trace)``."""
        return State(self, self.checked(k, len(self)))

    def formulas(self, k: int) -> list[Formula]:
        """Return the chain rule of step `k` as mathematics, one formula for each argument that receives something."""
        return formulas(self, self.checked(k, len(self) - 1))

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

    def verify(self) -> Findings:
        """Check every rule of the pass numerically, at the recorded values; see `tg.verify`.

        Returns
        -------
        Findings
            The rules that are wrong, in recorded order; empty if all agree. Ops of a program that a trace file came
            from cannot be checked, their rules are not in the file: they are its ``unknown``.
        """
        return verify(self.graph)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the trace to one file of arrays and JSON, whole or not at all; see `load_trace`.

        Raises
        ------
        OSError
            If the file cannot be written; what stood there before is then intact.
        """
        trace_file.save(self, path)


def _in_a_file(recorded: Pass) -> bytes:
    file = BytesIO()
    trace_file.write(recorded, file)
    return file.getvalue()


def _unpickled_trace(content: bytes) -> Trace:
    adjoints, nodes, files = trace_file.read(content)
    return Trace(adjoints, lambda: nodes, files)


def _unpickled_graph(content: bytes) -> Graph:
    _, nodes, _ = trace_file.read(content)
    return nodes.graph


def _pickled_graph(recorded: Graph) -> tuple[Any, ...]:
    return _unpickled_graph, (
        _in_a_file(Pass([], lambda: PassNodes(recorded, NodesAt(recorded.nodes, np.zeros(0, int)), {}))),
    )


copyreg.pickle(Graph, _pickled_graph)  # here, since a graph knows nothing of files


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
    if not isinstance(output, Tensor):
        raise TypeError(f"trace: expected a Tensor that was recorded, got {what_is_given(output)}")
    seed = seed_of(output, adjoint)
    context().frames.clear()
    totals: dict[Tensor, Any] = {}
    tensors, adjoints = [], []
    for tensor, received, _ in walk(output, seed, totals):
        tensors.append(tensor)
        adjoints.append(received)
    if into_grad:
        add_to_grads(totals)
    departures = latest_departures()
    note_pass()
    return Trace(adjoints, lambda: nodes_of_pass(output, tensors, totals, departures))


def nodes_of_pass(
    output: Tensor, tensors: list[Tensor], totals: dict[Tensor, Any], departures: tuple[Departure | int, ...]
) -> PassNodes:
    """Return the graph of a pass, the nodes of its steps, the gradients of its leaves, and what left it."""
    whole = graph(output)
    gradients = {whole.node_of(leaf): total for leaf, total in totals.items()}
    return PassNodes(whole, whole.nodes_of_ops(tensors), gradients, lambda: find_cuts(whole, departures))


def load_trace(path: str | PathLike[str]) -> Trace:
    """Open a trace that `Trace.save` wrote, here or on another machine.

    Nothing of the file is executed, and the program it came from is not needed: its source lines are in the file.
    Ops that the program had registered itself show their recorded contributions.

    Raises
    ------
    TraceFileError
        If the file is no trace, is damaged, or is newer than this version of tinygraph.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile, tinygraph as tg
    >>> w = tg.parameter(3.0, name="w")
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "square.trace"
    >>> tg.trace(w * w).save(path)
    >>> trace = tg.load_trace(path)
    >>> [str(formula) for formula in trace.formulas(0)], float(trace.gradient("w"))
    (['w̄ += v̄₁ · w', 'w̄ += v̄₁ · w'], 6.0)
    """
    adjoints, nodes, files = trace_file.load(path)
    return Trace(adjoints, lambda: nodes, files)

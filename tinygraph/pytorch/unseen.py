"""What torch computed where nobody saw it: a custom function, a gradient of a gradient, a transform of `torch.func`.

Its own graph tells from which recorded values it came. All of it together is one op, whose contributions are those that
torch's pass over that graph gives, while it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.autograd.graph import GradientEdge

from ..recording import foreign
from ..recording.foreign import ForeignOp
from ..recording.history import leading_to
from ..recording.tensor import Tensor
from .calls import Call, Edge
from .operands import Operand, as_array, copied

if TYPE_CHECKING:
    from .recorder import Recorder


class NotRecordable(ValueError):
    """What cannot be recorded; the message says why, and what to write instead."""


class Unseen:
    """A part of torch's own graph between recorded values.

    Attributes
    ----------
    edge : Edge
        Where the gradient of its value arrives.
    inputs : list of Edge
        Where those of what it was computed from do.
    crossings : list of (node, int, int)
        Its nodes that hand a gradient on to an input: which of what they compute, and to which input.
    """

    def __init__(self, edge: Edge, inputs: list[Edge], crossings: list[tuple[Any, int, int]]):
        self.edge = edge
        self.inputs = inputs
        self.crossings = crossings
        self.adjoint: Any = None
        self.contributions: tuple[np.ndarray | None, ...] | None = None

    @property
    def is_one_node(self) -> bool:
        """Whether nothing else passes through it: what it hands on in the program's own pass is then its alone."""
        return all(node is self.edge[0] for node, _, _ in self.crossings)

    def listen(self) -> tuple[Any, list[torch.Tensor | None]]:
        """Hear in the program's own pass what it hands on; return the hook, and where that is kept."""
        received: list[torch.Tensor | None] = [None] * len(self.inputs)
        return self.edge[0].register_hook(_collector(received, [crossing[1:] for crossing in self.crossings])), received

    def keep(self, adjoint: np.ndarray, received: list[torch.Tensor | None]) -> None:
        """Keep what an adjoint contributes to each input."""
        self.adjoint = np.array(adjoint)
        self.contributions = tuple(None if total is None else as_array(total.detach().clone()) for total in received)

    def compute(self, adjoint: np.ndarray) -> None:
        """Let torch compute what an adjoint contributes to each input, and keep it; its graph must still be there."""
        received: list[torch.Tensor | None] = [None] * len(self.inputs)
        handles = [node.register_hook(_collector(received, crossings)) for node, crossings in self._by_node()]
        inside = {node for node, _ in self.inputs if not hasattr(node, "variable")}
        handles += [node.register_prehook(_stop) for node in inside]  # what lies behind an input is not this op's
        node, number = self.edge
        try:
            with torch._C.DisableTorchFunction():
                seed = torch.from_numpy(np.array(adjoint)).to(node._input_metadata[number].dtype)
                torch.autograd.grad(
                    [GradientEdge(node, number)],
                    [GradientEdge(*edge) for edge in self.inputs],
                    [seed],
                    retain_graph=True,
                    allow_unused=True,
                )
        finally:
            for handle in handles:
                handle.remove()
        self.keep(adjoint, received)

    def _by_node(self) -> Iterator[tuple[Any, list[tuple[int, int]]]]:
        nodes: dict[Any, list[tuple[int, int]]] = {}
        for node, place, number in self.crossings:
            nodes.setdefault(node, []).append((place, number))
        yield from nodes.items()

    def pull(self, g: Any, inputs: Sequence[Any]) -> tuple[np.ndarray | None, ...]:
        """Return what was computed for the adjoint of the pass."""
        if self.contributions is None:
            self.compute(g)
        if not np.array_equal(self.adjoint, g, equal_nan=True):
            raise ValueError("of what torch computed unseen only the contributions of the recorded pass are known")
        assert self.contributions is not None
        zeros = (None if x is None else np.zeros(x.shape, x.dtype) for x in inputs)
        return tuple(zero if c is None else c for zero, c in zip(zeros, self.contributions, strict=True))


def _collector(received: list[torch.Tensor | None], crossings: list[tuple[int, int]]) -> Any:
    def collect(grad_inputs: tuple, grad_outputs: tuple) -> None:
        for place, number in crossings:
            part, total = grad_inputs[place], received[number]
            if part is not None:
                received[number] = part if total is None else total + part

    return collect


def _stop(gradients: tuple) -> tuple:
    return tuple(None if gradient is None else torch.zeros_like(gradient) for gradient in gradients)


def unseen(recorder: Recorder, tensor: torch.Tensor, frame: FrameType) -> Operand:
    """Record a tensor that has a history which nobody saw."""
    known = _edges(recorder)
    edge: Edge = (tensor.grad_fn, tensor.output_nr)
    if edge in known:  # a tensor that is known, as another object
        return recorder.operands.put(tensor, Operand(copied(tensor), known[edge], tensor._version))
    inputs: dict[Edge, Tensor] = {}
    crossings: list[tuple[Any, int, int]] = []
    nodes = [edge[0]]
    visited = set(nodes)
    for node in nodes:  # the list grows under the loop
        for place, following in enumerate(node.next_functions):
            twin = _twin_at(recorder, known, following, frame)
            if twin is not None:
                inputs.setdefault(following, twin)
                crossings.append((node, place, list(inputs).index(following)))
            elif following[0] is not None and following[0] not in visited:
                visited.add(following[0])
                nodes.append(following[0])
    name = _name(edge[0])
    if any(_name(node).startswith("CompiledFunction") for node in nodes):
        raise NotRecordable(
            "what torch.compile has compiled cannot be recorded: there are no calls left to see; call the model itself,"
            " or run the program with TORCHDYNAMO_DISABLE=1 in its environment"
        )
    value = copied(tensor)
    array = as_array(value)
    part = Unseen(edge, list(inputs), crossings)
    twin = foreign.record(_op(name, len(inputs)), array, list(inputs.values()), frame, saved=part)
    return recorder.operands.put(tensor, Operand(value, twin, tensor._version, array))


def _edges(recorder: Recorder) -> dict[Edge, Tensor]:
    """Return all recorded values that are alive by the place in torch's graph where their gradients arrive."""
    edges: dict[Edge, Tensor] = {}
    for twin in leading_to(recorder.operands.twins(), differentiable=True):
        edge = edge_of(twin)
        if edge is not None:
            edges[edge] = twin
    return edges


def _twin_at(recorder: Recorder, known: dict[Edge, Tensor], edge: Edge, frame: FrameType) -> Tensor | None:
    twin = known.get(edge)
    leaf = getattr(edge[0], "variable", None)
    return recorder.operand(leaf, frame).twin if twin is None and isinstance(leaf, torch.Tensor) else twin


def edge_of(twin: Tensor) -> Edge | None:
    """Return where the gradient of a recorded value arrives in torch's graph; None of a leaf, and what is not there."""
    saved = twin._values[-1] if twin.op is not None else None
    return saved.edge if isinstance(saved, Call | Unseen) else None


def _name(node: Any) -> str:
    name = node.name().rsplit("::", 1)[-1]
    return name.split("Backward")[0] or name


_ops: dict[tuple[str, int], ForeignOp] = {}


def _op(name: str, inputs: int) -> ForeignOp:
    if (name, inputs) not in _ops:
        _ops[name, inputs] = ForeignOp(name, _pull, [""] * inputs)
    return _ops[name, inputs]


def _pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: Any) -> tuple:
    return values[-1].pull(g, inputs)

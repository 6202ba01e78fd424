"""Listening to a backward pass of torch's: hooks on its own graph, so that the adjoints are those that it used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch
from torch.autograd.graph import get_gradient_edge

from ..recording.history import leading_to
from ..recording.tensor import Tensor
from .operands import Operands, as_array
from .unseen import Unseen, edge_of


class Listener:
    """Hears the adjoints of all that was recorded before `output`, in the ``with`` block.

    Attributes
    ----------
    output : Tensor
    adjoints : dict
        By twin; None for what torch's graph has and no gradient reached. What the graph has not is missing.
    keeps : bool
        Whether the graph is needed after the pass, for what was computed unseen.
    is_last : bool
        Whether torch frees the graph in this pass, and the hooks with it.
    failures : list of Exception
        What could not be computed of that.
    """

    def __init__(self, output: Tensor, operands: Operands):
        self.output = output
        self._operands = operands
        self.adjoints: dict[Tensor, torch.Tensor | None] = {}
        self._handles: list[Any] = []
        self._leaf_handles: list[Any] = []
        parts: list[tuple[Tensor, Unseen]] = []
        self._nodes: dict[Any, list[tuple[int, Tensor]]] = {}
        leading = leading_to((output,), differentiable=True)
        for twin in leading:
            edge = edge_of(twin)
            if edge is not None:
                self._nodes.setdefault(edge[0], []).append((edge[1], twin))
                self.adjoints[twin] = None
                if isinstance(twin._values[-1], Unseen):
                    parts.append((twin, twin._values[-1]))
        of_this_pass = {twin for twin in leading if twin.op is None}
        for tensor, twin in operands.leaves():
            if twin in of_this_pass and tensor.requires_grad and tensor.grad_fn is None:
                self._nodes.setdefault(get_gradient_edge(tensor).node, []).append((0, twin))
                self.adjoints[twin] = None
                pending = tensor.grad
                twin.grad = None if pending is None else as_array(pending.detach().clone())  # what the pass adds to
        shared = Counter(part.edge[0] for _, part in parts)
        is_alone = lambda part: part.is_one_node and shared[part.edge[0]] == 1
        self._heard_parts = [(twin, part) for twin, part in parts if is_alone(part)]
        self._unseen = [(twin, part) for twin, part in parts if not is_alone(part)]
        self._received: list[list[torch.Tensor | None]] = []
        self.keeps = bool(self._unseen)
        self.is_last = False
        self.failures: list[Exception] = []

    def __enter__(self) -> Listener:
        for node, places in self._nodes.items():
            handle = node.register_prehook(self._heard(places))
            self._handles.append(handle)
            if places[0][1].op is None:  # what gathers the gradient of a leaf outlives the graph
                self._leaf_handles.append(handle)
        for _, part in self._heard_parts:
            handle, received = part.listen()
            self._handles.append(handle)
            self._received.append(received)
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._leaf_handles if self.is_last and error[0] is None else self._handles:
            handle.remove()
        self._nodes.clear()
        if error[0] is None:
            for (twin, part), received in zip(self._heard_parts, self._received, strict=True):
                if (adjoint := self.adjoints[twin]) is not None:
                    part.keep(as_array(adjoint.detach()), received)
            for twin, part in self._unseen:
                adjoint = self.adjoints[twin]
                if adjoint is not None:
                    try:
                        part.compute(as_array(adjoint.detach()))
                    except Exception as failure:  # the program's own pass has gone well
                        self.failures.append(failure)

    def _heard(self, places: list[tuple[int, Tensor]]) -> Any:
        adjoints = self.adjoints
        if len(places) == 1 and places[0][1].op is not None:
            [(number, twin)] = places

            def hear_one(gradients: tuple) -> None:
                adjoints[twin] = gradients[number]  # held: torch does not write to what others hold

            return hear_one

        def hear(gradients: tuple) -> None:
            for number, twin in places:
                gradient, before = gradients[number], adjoints[twin]
                if gradient is not None:
                    is_more = twin.op is None and before is not None  # a checkpoint runs passes of its own inside
                    adjoints[twin] = before + gradient.detach() if is_more else gradient.detach().clone()

        return hear

    def was_for(self, gradients: Mapping[torch.Tensor, torch.Tensor | None]) -> None:
        """Take what a pass returned that was for some tensors only; what torch left out there is then missing."""
        is_told = lambda twin, adjoint: adjoint is not None or (twin.op and isinstance(twin._values[-1], Unseen))
        self.adjoints = {twin: adjoint for twin, adjoint in self.adjoints.items() if is_told(twin, adjoint)}
        for tensor, gradient in gradients.items():
            twin = self._operands.leaf(tensor)
            if twin is not None:
                self.adjoints[twin] = gradient

    def arrays(self) -> dict[Tensor, Any]:
        """Return the adjoints as arrays."""
        return {twin: None if a is None else as_array(a.detach()) for twin, a in self.adjoints.items()}

"""A writer of what a kernel of torch's does inside, as ops of its own: so that one can step into it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch

from ..recording import foreign
from .calls import Call, Function
from .operands import Operand, copied

if TYPE_CHECKING:
    from .recorder import Recorder


class Writer:
    """Computes and records in one, beside what torch itself has computed; the program never gets these numbers."""

    def __init__(self, recorder: Recorder):
        self.recorder = recorder

    def do(
        self, function: Function, *args: Any, name: str | None = None, real: torch.Tensor | None = None, **kwargs: Any
    ) -> Operand:
        """Record a call at the line that asks for it.

        Parameters
        ----------
        function : callable
        *args, **kwargs
            Of which operands stand for their tensors.
        name : str, optional
            What the value is called.
        real : torch.Tensor, optional
            What torch itself gave: its value and its place in torch's graph.
        """
        operands: dict[int, Operand] = {}
        plain = tuple(_plain(x, operands) for x in args)
        with torch.no_grad():
            value = function(*plain, **kwargs) if real is None else copied(real)
        requires = any(x.twin is not None and x.twin.requires_grad for x in operands.values())
        if not requires:
            return Operand(value, None, 0)
        call = Call(function, plain, kwargs, lambda tensor: operands[id(tensor)])
        frame = sys._getframe(1)
        if real is not None and real.grad_fn is not None:
            made = self.recorder.put(call, real, frame)
        else:
            made = self.recorder.made(call, value, frame)
        assert made.twin is not None
        made.twin._name = name
        return made

    def given(self, operand: Operand, name: str) -> Operand:
        """Return a value from outside under a name of its own."""
        if operand.twin is None:
            return Operand(operand.tensor, foreign.leaf(operand.array, name=name), 0, operand.array)
        return operand


def _plain(x: Any, operands: dict[int, Operand]) -> Any:
    if isinstance(x, Operand):
        tensor = x.tensor if id(x.tensor) not in operands else x.tensor.detach()
        operands[id(tensor)] = x
        return tensor
    if isinstance(x, list):
        return [_plain(part, operands) for part in x]
    return x

"""A writer of what a kernel of torch's does inside, as ops of its own: so that one can step into it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch

from ..recording import foreign
from ..recording.tensor import Tensor
from .calls import Call, Function
from .operands import Operand

if TYPE_CHECKING:
    from .recorder import Recorder


class Writer:
    """Computes and records in one, beside what torch itself has computed; the program never gets these numbers.

    Attributes
    ----------
    twins : list of Tensor
        What it has recorded, in order.
    """

    def __init__(self, recorder: Recorder):
        self.recorder = recorder
        self.twins: list[Tensor] = []

    def do(
        self, function: Function, *args: Any, name: str | None = None, real: Operand | None = None, **kwargs: Any
    ) -> Operand:
        """Record a call at the line that asks for it.

        Parameters
        ----------
        function : callable
        *args, **kwargs
            Of which operands stand for their tensors.
        name : str, optional
            What the value is called.
        real : Operand, optional
            What torch itself gave: its value, and its twin, which becomes that of this call.

        Raises
        ------
        Differs
            If `real` is something else.
        """
        operands: dict[int, Operand] = {}
        plain = tuple(_plain(x, operands) for x in args)
        with torch.no_grad():
            value = function(*plain, **kwargs)
            if real is not None:
                refuse_other(value, real.tensor)
                value = real.tensor
        requires = any(x.twin is not None and x.twin.requires_grad for x in operands.values())
        if not requires:
            return Operand(value, None, 0)
        call = Call(function, plain, kwargs, lambda tensor: operands[id(tensor)])
        made = self.recorder.made(call, value, sys._getframe(1))
        assert made.twin is not None
        made.twin._name = name
        if real is not None and real.twin is not None:
            kernel = real.twin._values[-1]
            call.edge = kernel.edge
            foreign.become(real.twin, made.twin)
            if kernel.path:  # by which the program's text names it
                real.twin._attributes = {**(real.twin._attributes or {}), "output": kernel.path}
            made = real
        assert made.twin is not None
        self.twins.append(made.twin)
        return made

    def given(self, operand: Operand, name: str) -> Operand:
        """Return a value from outside under a name of its own."""
        if operand.twin is not None:
            return operand
        leaf = foreign.leaf(operand.array, name=name)
        self.twins.append(leaf)
        return Operand(operand.tensor, leaf, 0, operand.array)


class Differs(Exception):
    """What was written out gives other numbers than the kernel."""


_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-3}


def refuse_other(value: torch.Tensor, real: torch.Tensor) -> None:
    """Raise an error if two values differ by more than rounding."""
    tolerance = _TOLERANCE.get(real.dtype, 0.05)
    value = value.to(real.dtype)  # of mixed precision the ops of a cell promote where the kernel does not
    if not torch.allclose(value, real, rtol=tolerance, atol=tolerance, equal_nan=True):
        raise Differs


def _plain(x: Any, operands: dict[int, Operand]) -> Any:
    if isinstance(x, Operand):
        tensor = x.tensor if id(x.tensor) not in operands else x.tensor.detach()
        operands[id(tensor)] = x
        return tensor
    if isinstance(x, list):
        return [_plain(part, operands) for part in x]
    return x

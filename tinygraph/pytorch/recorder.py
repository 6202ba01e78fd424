"""Recorder: what a program computes with torch, as nodes of the engine's graph."""

from __future__ import annotations

from types import FrameType
from typing import Any

import torch

from ..recording import foreign
from ..recording.departures import note_departure
from ..recording.tensor import Tensor
from .buffers import see_to_statistics
from .calls import Call, Function, op_of
from .mode import is_random, is_updating, tensors_in
from .operands import Operand, Operands, as_array, copied
from .unseen import unseen

_unrecorded = torch._C.DisableTorchFunction


class Recorder:
    """What makes nodes of the calls that the mode sees.

    Attributes
    ----------
    operands : Operands
        The tensors that are known.
    failures : list of Exception
        What could not be recorded, and why. The program never hears of it.
    """

    def __init__(self) -> None:
        self.operands = Operands()
        self.failures: list[Exception] = []

    # -- what a call was given ----------------------------------------------------------------------------------------

    def operand(self, tensor: torch.Tensor, frame: FrameType) -> Operand:
        """Return a tensor as it is now."""
        known = self.operands.get(tensor)
        if known is not None and (known.twin is None) is not tensor.requires_grad:
            return known
        if not tensor.requires_grad:
            return self.operands.put(tensor, Operand(copied(tensor), None, tensor._version))
        if tensor.grad_fn is None:
            return self._leaf(tensor)
        base = tensor._base if tensor._is_view() else None
        if base is not None and known is None and self.operands.before(tensor) is not None and base.requires_grad:
            return self._view_of(base, tensor, frame)
        return unseen(self, tensor, frame)

    def _leaf(self, tensor: torch.Tensor) -> Operand:
        value = copied(tensor)
        array = as_array(value)
        twin = self.operands.leaf(tensor)
        if twin is None:
            twin = foreign.leaf(array, requires_grad=True)
            self.operands.put_leaf(tensor, twin)
        else:
            twin._value = array
        return self.operands.put(tensor, Operand(value, twin, tensor._version, array))

    def _view_of(self, base: torch.Tensor, view: torch.Tensor, frame: FrameType) -> Operand:
        """Record a view again, of what its base has become since."""
        place = tuple(view.shape), view.stride(), view.storage_offset() - base.storage_offset()
        call = Call(_view, (base, *place), {}, lambda tensor: self.operand(tensor, frame))
        return self.put(call, view, frame, name="view")

    # -- what a call gave ---------------------------------------------------------------------------------------------

    def capture(
        self,
        function: Function,
        args: tuple,
        kwargs: dict[str, Any],
        frame: FrameType,
        *,
        writes: bool = False,
        generator: torch.Tensor | None = None,
    ) -> Call:
        """Return a call with its tensors as they are now."""
        writes = writes or is_updating(function)
        call = Call(
            function, args, kwargs, lambda tensor: self.operand(tensor, frame), writes=writes, generator=generator
        )
        if writes:
            see_to_statistics(self, call, args, kwargs)
        return call

    def results(self, call: Call, result: Any, frame: FrameType) -> None:
        """Record what a call returned, each tensor of it that has a gradient."""
        if isinstance(result, torch.Tensor):
            if result.grad_fn is not None:
                self.put(call, result, frame)
            return
        for path, tensor in tensors_in(result):
            if tensor.grad_fn is not None:
                self.put(call.part(path), tensor, frame)

    def put(self, call: Call, tensor: torch.Tensor, frame: FrameType, name: str | None = None) -> Operand:
        """Record that a call gave `tensor`."""
        call.edge = (tensor.grad_fn, tensor.output_nr)
        return self.operands.put(tensor, self.made(call, copied(tensor), frame, name, tensor._version))

    def made(
        self, call: Call, value: torch.Tensor, frame: FrameType, name: str | None = None, version: int = 0
    ) -> Operand:
        """Make the node of a call that gave `value`, which nobody else writes to."""
        array = as_array(value)
        op = op_of(call, name)
        twin = foreign.record(
            op, array, call.inputs, frame, values=call.values, saved=call, attributes=call.attributes()
        )
        return Operand(value, twin, version, array)

    # -- what is written in place -------------------------------------------------------------------------------------

    def written(self, function: Function, args: tuple, kwargs: dict[str, Any], frame: FrameType) -> Any:
        """Call a function that may write to its first argument, and record what it then is."""
        target = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if target is None or not torch.is_grad_enabled() or not _any_gradient((args, kwargs)):
            result = function(*args, **kwargs)
            if target is not None and not target.requires_grad:
                self.operands.forget(target)
            return result
        call, base = None, None
        try:
            generator = torch.get_rng_state() if is_random(function) else None
            call = self.capture(function, args, kwargs, frame, writes=True, generator=generator)
            base = target._base if target._is_view() else None
            base_before = None if base is None else self.operand(base, frame)
        except Exception as error:
            self.failures.append(error)
        result = function(*args, **kwargs)
        if call is not None:
            try:
                if not (result is None or result is target):
                    call.writes = is_updating(function)
                    self.results(call, result, frame)
                elif target.grad_fn is None:
                    self.operands.forget(target)
                elif base is None:
                    self.put(call, target, frame)
                else:
                    self._written_through(call, base, base_before, target, frame)
            except Exception as error:
                self.failures.append(error)
        return result

    def _written_through(
        self, call: Call, base: torch.Tensor, before: Operand | None, view: torch.Tensor, frame: FrameType
    ) -> None:
        """Record what a tensor has become of which a view was written to."""
        twin = call.operands[0].twin
        while twin is not None and twin.op is not None and (before is None or twin is not before.twin):
            twin._values[-1].edge = None  # in torch's graph the gradient passes the views by
            twin = twin._inputs[0]
        part = self.made(call, copied(view), frame)
        place = tuple(view.shape), view.stride(), view.storage_offset() - base.storage_offset()
        given = {id(base): before, id(view): part}
        write = Call(_with_view, (base, view, *place), {}, lambda tensor: given[id(tensor)])  # type: ignore[arg-type,return-value]
        self.put(write, base, frame, name="setitem")

    # -- what leaves the graph ----------------------------------------------------------------------------------------

    def leaves(self, tensor: torch.Tensor, how: str, frame: FrameType) -> None:
        """Note that a value leaves the graph."""
        known = self.operands.get(tensor)
        if known is None or known.twin is None:
            return
        if known.twin.op is None:
            self.operands.forget(tensor)  # by .data one writes to it, and no version tells
        else:
            note_departure(known.twin, how, frame)

    def twin_of(self, tensor: torch.Tensor) -> Tensor | None:
        """Return the node that a tensor is now; None where it was not recorded."""
        known = self.operands.get(tensor)
        return None if known is None else known.twin


def _any_gradient(arguments: Any) -> bool:
    if isinstance(arguments, torch.Tensor):
        return arguments.requires_grad
    if isinstance(arguments, tuple | list):
        return any(map(_any_gradient, arguments))
    return isinstance(arguments, dict) and any(map(_any_gradient, arguments.values()))


def _view(base: torch.Tensor, size: tuple, stride: tuple, offset: int) -> torch.Tensor:
    return base.as_strided(size, stride, base.storage_offset() + offset)


def _with_view(base: torch.Tensor, part: torch.Tensor, size: tuple, stride: tuple, offset: int) -> torch.Tensor:
    whole = base.clone()
    whole.as_strided(size, stride, whole.storage_offset() + offset).copy_(part)
    return whole

"""Running statistics of normalising layers: in the graph where they enter the value, named as by ``named_buffers``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ..recording import foreign
from .calls import Call, Slot
from .names import op_name, parameter_names
from .operands import Operand

if TYPE_CHECKING:
    from .recorder import Recorder

_STATISTICS = ("running_mean", "running_var")
_UNUSED_IF = {"batch_norm": ("training", False), "instance_norm": ("use_input_stats", True)}  # and the default


def see_to_statistics(recorder: Recorder, call: Call, args: tuple, kwargs: dict[str, Any]) -> None:
    """Leave statistics out of the arguments of a call that only updates them; else give them a twin, and so a name."""
    if op_name(call.function) not in _UNUSED_IF:
        return
    flag, default = _UNUSED_IF[op_name(call.function)]
    names = parameter_names(call.function)
    arguments = dict(zip(names, args, strict=False)) | kwargs
    slots = dict(zip(names, call.args, strict=False)) | call.kwargs
    statistics = {slots[name].number: arguments[name] for name in _STATISTICS if type(slots.get(name)) is Slot}
    if arguments.get(flag, default):
        call.order = tuple(x for x in call.order if x.number not in statistics)
    else:
        for number, buffer in statistics.items():
            if not buffer.requires_grad:
                call.operands[number] = _with_twin(recorder, buffer, call.operands[number])


def _with_twin(recorder: Recorder, buffer: torch.Tensor, operand: Operand) -> Operand:
    twin = recorder.operands.leaf(buffer)
    if twin is None:
        twin = foreign.leaf(operand.array)
        recorder.operands.put_leaf(buffer, twin)
    else:
        twin._value = operand.array
    return Operand(operand.tensor, twin, operand.version, operand.array)

"""Calls of torch's functions as they were recorded, and an adjoint pulled back through one of them by torch itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import torch

from ..recording.foreign import ForeignOp
from ..recording.tensor import Tensor
from .names import is_arithmetic, is_reflected, op_name, parameter_names
from .operands import Operand, as_array

Function = Callable[..., Any]
Edge = tuple[Any, int]  # a node of torch's own graph, and which of its outputs


_NOWHERE = 99  # a place that no call has


class Slot:
    """The place of a tensor among the arguments of a call: a value of that number stands here."""

    __slots__ = ("number",)

    def __init__(self, number: int):
        self.number = number


class Autocast(NamedTuple):
    """The automatic mixed precision that a call ran under."""

    device: str
    dtype: torch.dtype


class Call:
    """One call of a function of torch's, on what its tensors were then.

    Attributes
    ----------
    function : callable
    operands : list of Operand
        Its tensors, in order.
    order : tuple of (int or number)
        The arguments of the op: a `Slot`, or a plain number.
    path : tuple of int
        Which part of what it returned is the value; empty if all.
    edge : Edge or None
        Where the value's gradient arrives in torch's own graph; None of what torch never computed itself.
    kernel : Kernel or None
        How to write it out, if it is one of a recurrent layer.
    """

    __slots__ = (
        *("args", "autocast", "edge", "function", "generator", "kernel", "kwargs", "operands", "order", "path"),
        "writes",
    )

    def __init__(
        self,
        function: Function,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        operand_of: Callable[[torch.Tensor], Operand],
        *,
        writes: bool = False,
        generator: torch.Tensor | None = None,
    ):
        self.function = function
        self.operands: list[Operand] = []
        slots = _Slots(self.operands, operand_of)
        self.args = tuple([slots.of(x) for x in args])
        self.kwargs = {name: slots.of(x) for name, x in kwargs.items()} if kwargs else kwargs
        self.order: tuple[Any, ...] = _slots(len(self.operands))
        if len(args) == 2:
            if len(self.operands) < 2 and is_arithmetic(function):
                self.order = self.args
            if is_reflected(function):
                self.order = self.order[::-1]
        self.writes = writes
        self.generator = generator
        self.autocast = _autocast()
        self.path: tuple[int, ...] = ()
        self.edge: Edge | None = None
        self.kernel: Any = None

    def part(self, path: tuple[int, ...]) -> Call:
        """Return the same call, as that of one part of what it returned."""
        part = object.__new__(Call)
        for name in Call.__slots__:
            setattr(part, name, getattr(self, name))
        part.path = path
        return part

    @property
    def inputs(self) -> tuple[Tensor | None, ...]:
        """The arguments of the op as the engine has them; None for constants."""
        return tuple([self.operands[x.number].twin if type(x) is Slot else None for x in self.order])

    @property
    def values(self) -> tuple[Any, ...]:
        """The arguments of the op as arrays and numbers."""
        return tuple([self.operands[x.number].array if type(x) is Slot else x for x in self.order])

    @property
    def places(self) -> tuple[int, ...] | None:
        """At which place of the call each operand stands, where others stand between them."""
        if len(self.args) == len(self.order) or (self.args and type(self.args[0]) in (list, tuple)):
            return None
        standing = {x.number: place for place, x in enumerate(self.args) if type(x) is Slot}
        places = tuple([standing.get(x.number, _NOWHERE) if type(x) is Slot else _NOWHERE for x in self.order])
        return None if places == tuple(range(len(places))) else places

    def attributes(self) -> dict[str, Any] | None:
        """Return the static arguments by name."""
        if op_name(self.function) == "getitem":
            return {"index": self._element(self.args[1])}
        if len(self.args) + len(self.kwargs) == len(self.order) and not self.path:
            return None
        names = parameter_names(self.function)
        named = dict(zip((*names, *map(str, range(len(names), len(self.args)))), self.args, strict=False)) | self.kwargs
        shown = {name: self._shown(x) for name, x in named.items() if x is not None and x not in self.order}
        if self.path:
            shown["output"] = self.path[0] if len(self.path) == 1 else self.path
        return {name: x for name, x in shown.items() if x is not Slot}

    def _element(self, index: Any) -> Any:
        """Return an index as NumPy has it."""
        if isinstance(index, tuple):
            return tuple(self._element(part) for part in index)
        return self.operands[index.number].array if type(index) is Slot else self._shown(index)

    def _shown(self, x: Any) -> Any:
        """Return a static argument as plain data; the class `Slot` for what is a tensor and nothing else."""
        if type(x) is Slot:
            return Slot
        if x is None or x is Ellipsis or isinstance(x, bool | int | float | str):
            return x
        if isinstance(x, slice):
            return slice(*(self._shown(bound) for bound in (x.start, x.stop, x.step)))
        if isinstance(x, list | tuple):
            parts = tuple(self.operands[part.number].array if type(part) is Slot else self._shown(part) for part in x)
            return Slot if parts and all(type(part) is Slot for part in x) else parts
        return str(x)

    # -- pulling back -------------------------------------------------------------------------------------------------

    def run(self, tensors: Sequence[torch.Tensor]) -> Any:
        """Call the function again, on other tensors."""
        if self.writes:
            tensors = [tensor.clone() for tensor in tensors]
        args, kwargs = self.filled(tensors)
        value = self.function(*args, **kwargs)
        if self.writes and not isinstance(value, torch.Tensor):
            return tensors[0]  # x[i] = y returns nothing
        for place in self.path:
            value = value[place]
        return value

    def filled(self, tensors: Sequence[torch.Tensor]) -> tuple[tuple, dict[str, Any]]:
        """Return the arguments with tensors in their places."""
        kwargs = {name: _filled(x, tensors) for name, x in self.kwargs.items()} if self.kwargs else {}
        return tuple([_filled(x, tensors) for x in self.args]), kwargs

    def pull(self, g: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """Return what an adjoint contributes to each of `inputs`, by torch's own rules on the recorded values."""
        wanted = [
            None if source is None or not source.requires_grad or type(x) is not Slot else x.number
            for source, x in zip(inputs, self.order, strict=True)
        ]
        with as_recorded(self.autocast, self.generator):
            tensors = [operand.tensor.detach() for operand in self.operands]
            for number in wanted:
                if number is not None:
                    tensors[number].requires_grad_()
            leaves = [tensors[number] for number in wanted if number is not None]
            value = self.run(tensors)
            gradients: Iterator[Any] = repeat(None)  # of arguments that the value does not depend on smoothly
            if value.requires_grad:
                adjoint = torch.from_numpy(np.array(g)).to(value.device, value.dtype)
                gradients = iter(torch.autograd.grad(value, leaves, adjoint, allow_unused=True))
            arrays = [None if number is None else _contribution(next(gradients), tensors[number]) for number in wanted]
        return tuple(arrays)


class _Slots:
    """What takes the tensors out of the arguments of a call."""

    def __init__(self, operands: list[Operand], operand_of: Callable[[torch.Tensor], Operand]):
        self.operands = operands
        self.operand_of = operand_of

    def of(self, x: Any) -> Any:
        if isinstance(x, torch.Tensor):
            self.operands.append(self.operand_of(x))
            return _slot(len(self.operands) - 1)
        kind = type(x)
        if kind is list or kind is tuple:
            return kind([self.of(part) for part in x])
        if kind is dict:
            return {key: self.of(part) for key, part in x.items()}
        return x


@cache
def _slot(number: int) -> Slot:
    return Slot(number)


@cache
def _slots(count: int) -> tuple[Slot, ...]:
    return tuple(map(_slot, range(count)))


def _filled(x: Any, tensors: Sequence[torch.Tensor]) -> Any:
    kind = type(x)
    if kind is Slot:
        return tensors[x.number]
    if kind is list or kind is tuple:
        return kind([_filled(part, tensors) for part in x])
    if kind is dict:
        return {key: _filled(part, tensors) for key, part in x.items()}
    return x


def _contribution(gradient: torch.Tensor | None, tensor: torch.Tensor) -> np.ndarray:
    return as_array((torch.zeros_like(tensor) if gradient is None else gradient).detach())


def _autocast() -> Autocast | None:
    if not torch._C._is_any_autocast_enabled():
        return None
    device = next((name for name in ("cpu", "cuda") if torch.is_autocast_enabled(name)), None)
    return None if device is None else Autocast(device, torch.get_autocast_dtype(device))


@contextmanager
def as_recorded(autocast: Autocast | None, generator: torch.Tensor | None) -> Any:
    """Compute with gradients, unrecorded, as a call did that ran under these circumstances."""
    state = None if generator is None else torch.get_rng_state()
    with ExitStack() as stack:
        stack.enter_context(torch._C.DisableTorchFunction())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        if autocast is not None:
            stack.enter_context(torch.autocast(autocast.device, dtype=autocast.dtype, cache_enabled=False))
        if generator is not None:
            torch.set_rng_state(generator)
        try:
            yield
        finally:
            if state is not None:
                torch.set_rng_state(state)


_ops: dict[tuple[str, int, tuple[int, ...] | None], ForeignOp] = {}


def op_of(call: Call, name: str | None = None) -> ForeignOp:
    """Return the op that a call is, of as many arguments as it has."""
    key = (name or op_name(call.function), len(call.order), call.places)
    if key not in _ops:
        _ops[key] = ForeignOp(key[0], _pull, [""] * key[1], places=key[2])
    return _ops[key]


def _pull(g: Any, y: Any, values: tuple, inputs: tuple, attributes: Any) -> tuple:
    return values[-1].pull(g, inputs)

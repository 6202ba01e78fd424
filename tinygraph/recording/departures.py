"""Departures: what left the graph while a program was recorded, ``h.data`` or ``float(t)``, and where.

A departure is noted where a Tensor turns into a plain number or array, never where an op runs. It holds neither Tensor
nor array: only the place, and a fingerprint by which the value is known again where it came back.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from .calls import Call, next_index
from .context import context
from .questions import tell_asked
from .source import users_frame

if TYPE_CHECKING:
    from .tensor import Tensor

Made = tuple[Call | None, int, str | None]  # the call and the instruction that made a Tensor, and its given name

_MOST = 4096  # departures that are remembered, in whichever passes
_NEAR = 64  # Tensors before what left that are searched for parameters
_SAMPLES = 16  # elements that a fingerprint is made of


class Departure:
    """A Tensor that left the graph.

    Attributes
    ----------
    how : str
        What the program wrote: ``".data"``, ``"float()"``, ``"detach()"``.
    index : int
        Its place in the running order of nodes and calls.
    code, lasti : CodeType, int
        The instruction of the program at which it left.
    timestep : int or None
        What `tg.timestep` said.
    tensor : weak reference to Tensor
    number : int
        The Tensor's place in that order.
    op_name : str or None
        The op whose value it is; None of a leaf.
    call, made_at : Call or None, int
        The call and the instruction that made it.
    parameters : tuple of (Call or None, int, str or None)
        Where the nearest that led to it were made, and the names that they were given.
    label : str or None
        The name it was given.
    fingerprint : int or None
        Of its value; None where that would be found anywhere, as that of a zero, and of leaves, which are asked.
    thread : int
    """

    __slots__ = (
        *(
            "call",
            "code",
            "fingerprint",
            "how",
            "index",
            "label",
            "lasti",
            "made_at",
            "number",
            "op_name",
            "parameters",
        ),
        *("tensor", "thread", "timestep", "value"),
    )

    def __init__(self, tensor: Tensor, how: str, frame: FrameType):
        user = users_frame(frame)
        self.how = how
        self.index = next_index()
        self.code: CodeType = user.f_code
        self.lasti = user.f_lasti
        self.timestep = context().timestep
        self.tensor = ref(tensor)
        self.number = tensor._index
        self.op_name = None if tensor.op is None else tensor.op.name
        self.call: Call | None = tensor._call
        self.made_at = tensor._lasti
        self.label = tensor._name
        self.parameters: tuple[Made, ...] = tuple([(x._call, x._lasti, x._name) for x in _nearest_parameters(tensor)])
        self.value = None if tensor.op is not None or type(tensor._value) is not np.ndarray else ref(tensor._value)
        self.fingerprint = fingerprint(tensor._value) if self.value is None else None
        self.thread = threading.get_ident()

    def is_of_the_past(self) -> bool:
        """Tell whether it was a leaf whose value has been replaced since: it was read in order to be updated."""
        tensor = self.tensor()
        return self.value is not None and (tensor is None or self.value() is not tensor._value)

    def mark(self) -> int | None:
        """Return the fingerprint of what left."""
        tensor = self.tensor()
        return self.fingerprint if self.value is None or tensor is None else fingerprint(tensor._value)


def _nearest_parameters(tensor: Tensor) -> list[Tensor]:
    tensors = [tensor]
    seen = {tensor}
    for current in tensors:  # the list grows under the loop
        for source in current._inputs:
            if source is not None and source.requires_grad and source not in seen:
                seen.add(source)
                tensors.append(source)
        if len(tensors) > _NEAR:
            break
    return [tensor for tensor in tensors if tensor.op is None]


_latest: deque[Departure | int] = deque(maxlen=_MOST)  # integers say when backward passes began


def note_departure(tensor: Tensor, how: str, frame: FrameType) -> Departure | None:
    """Note that a Tensor leaves the graph in `frame`; of one that no gradient passes there is nothing to note.

    Nor is there of a loss whose gradient has been taken: programs look at it after every step.
    """
    tell_asked(tensor, how)
    if tensor._differentiated or (not tensor.requires_grad and tensor._cut is None):
        return None
    departure = Departure(tensor, how, frame)
    _latest.append(departure)
    return departure


def note_pass() -> None:
    """Note that a backward pass begins, or is recorded."""
    _latest.append(next_index())


def latest_departures() -> tuple[Departure | int, ...]:
    """Return what left the graph of late, and between it the running numbers at which backward passes began.

    Examples
    --------
    >>> import tinygraph as tg
    >>> w = tg.parameter(2.0)
    >>> scale = float(w * w)
    >>> latest_departures()[-1].how
    'float()'
    """
    return tuple(_latest)


def departures_between(latest: Sequence[Departure | int], first: int, last: int) -> list[Departure]:
    """Return what left before the running number `last`, in this thread, since the pass before the number `first`."""
    thread, began = threading.get_ident(), pass_before(latest, first)
    departures = (departure for departure in latest if not isinstance(departure, int))
    return [each for each in departures if began < each.index < last and each.thread == thread]


def pass_before(latest: Sequence[Departure | int], first: int) -> int:
    """Return the running number at which the last pass before the number `first` began, −1 if there was none."""
    return max((number for number in latest if isinstance(number, int) and number < first), default=-1)


def fingerprint(value: Any) -> int | None:
    """Return what a value is known by when it is met again; None for one that is found anywhere.

    Examples
    --------
    >>> x = np.array([0.25, 0.5])
    >>> fingerprint(x) == fingerprint(x.astype(np.float32)), fingerprint(np.zeros(3)), fingerprint(1.0)
    (True, None, None)
    """
    array = np.asarray(value)
    if array.dtype.kind != "f" or not array.size:
        return None
    if array.size == 1:  # a loss, in every training step
        number = float(array.item())
        return None if (number * 64).is_integer() else hash((array.shape, np.float64(number).tobytes()))
    some = array.flat[:: -(-array.size // _SAMPLES)].astype(float)
    if (some == some[0]).all():
        return None
    return hash((array.shape, some.tobytes()))

"""Recurrent layers of torch, written out cell by cell: layers, directions, projections, packed sequences, dropout.

That is done when somebody looks: a kernel runs in a tenth of the time that its cells take one by one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

import torch

from ..recording import foreign
from .calls import Call, as_recorded
from .cells import CELLS, Cell, State, Weights
from .names import function_name
from .operands import Operand
from .writer import Differs, Writer

if TYPE_CHECKING:
    from .recorder import Recorder

_TAKE = torch.Tensor.__getitem__


class Layers(NamedTuple):
    """A call of a recurrent layer, read.

    Attributes
    ----------
    xs : sequence of Operand
        The input of each time step.
    sizes : list of int or None
        Of packed sequences, how many go on at each time step.
    states : list of State
        The first ones, by layer and direction.
    weights : list of Weights
    """

    xs: Sequence[Operand]
    sizes: list[int] | None
    states: list[State]
    weights: list[Weights]
    directions: int
    dropout: float
    batch_first: bool


class Kernel:
    """A call of a recurrent kernel, recorded as one op for each of its outputs until somebody looks.

    Parameters
    ----------
    call : Call
    outputs : sequence of Operand or None
        None for what nobody holds any more, as the last state that was never used.
    """

    def __init__(self, call: Call):
        self.call = call
        self.is_whole = True
        self._outputs: list[tuple[Any, torch.Tensor]] = []

    def add_output(self, operand: Operand | None) -> None:
        """Take in what the kernel gave next; None for what requires no gradient."""
        missing = lambda: None
        tensor = torch.empty(0) if operand is None else operand.tensor
        self._outputs.append((missing if operand is None else ref(operand.twin), tensor))

    def write_out(self, recorder: Recorder) -> None:
        """Record instead the ops of its cells, if they give its numbers; those of all outputs that are alive."""
        if not self.is_whole:
            return
        self.is_whole = False
        twins = [(twin(), tensor) for twin, tensor in self._outputs]
        reals = [None if twin is None else Operand(tensor, twin, 0, twin._value) for twin, tensor in twins]
        alive = [real.twin for real in reals if real is not None and real.twin is not None]
        first = min(twin._index for twin in alive)
        writer = Writer(recorder)
        try:
            with as_recorded(self.call.autocast, None), foreign.inside(alive[0], sys._getframe()):
                self._write(writer, reals)
        except Differs:
            return
        foreign.order_before(writer.twins, first)

    def _write(self, writer: Writer, reals: Sequence[Operand | None]) -> None:
        name = function_name(self.call.function)
        tensors = [operand.tensor for operand in self.call.operands]
        operands = {id(tensor): operand for tensor, operand in zip(tensors, self.call.operands, strict=True)}
        of = lambda tensor: None if tensor is None else operands[id(tensor)]
        args, kwargs = self.call.filled(tensors)
        if name.endswith("_cell"):
            _write_cell(writer, CELLS[name.removesuffix("_cell")], of, args, kwargs, reals)
            return
        layers = _read(writer, name, of, args)
        assert self.call.generator is not None
        outputs, last = _run(writer, CELLS[name], layers, self.call.generator)
        _finish(writer, layers, outputs, last, reals)


def _write_cell(
    writer: Writer, cell: Cell, of: Callable[[Any], Any], args: tuple, kwargs: dict[str, Any], reals: Sequence[Any]
) -> None:
    x, hidden, *weights = args
    hidden = hidden if isinstance(hidden, tuple | list) else (hidden,)
    weights += [kwargs.get(name) for name in ("w_ih", "w_hh", "b_ih", "b_hh")[len(weights) :]]
    state = tuple(writer.given(of(part), name) for part, name in zip(hidden, "hc", strict=False))
    cell(writer, writer.given(of(x), "x"), state, Weights(*map(of, weights)), (*reals, None))


def _read(writer: Writer, name: str, of: Callable[[Any], Any], args: tuple) -> Layers:
    packed = isinstance(args[1], torch.Tensor) and args[1].dtype == torch.int64
    x, hidden = args[0], args[2 if packed else 1]
    parameters, has_biases, layers, dropout, train, bidirectional = args[3:9] if packed else args[2:8]
    batch_first = not packed and bool(args[8])
    hidden = tuple(hidden) if isinstance(hidden, tuple | list) else (hidden,)
    directions = 1 + bidirectional
    projected = name == "lstm" and hidden[0].shape[-1] != hidden[1].shape[-1]
    count = 2 + 2 * has_biases + projected
    weights = [_weights(list(map(of, parameters[k : k + count])), has_biases) for k in range(0, len(parameters), count)]
    states = [
        tuple(_initial(writer, of(part), k, called) for part, called in zip(hidden, "hc", strict=False))
        for k in range(layers * directions)
    ]
    sizes = args[1].tolist() if packed else None
    steps: list[Any] = _rows(sizes) if sizes is not None else list(range(x.shape[1 if batch_first else 0]))
    if batch_first:
        steps = [(slice(None), t) for t in steps]
    xs = _Steps(writer, of(x), steps)
    return Layers(xs, sizes, states, weights, directions, dropout if train else 0.0, batch_first)


def _weights(parameters: list[Operand], has_biases: bool) -> Weights:
    biases = parameters[2:4] if has_biases else [None, None]
    return Weights(*parameters[:2], *biases, *parameters[2 + 2 * has_biases :])


def _rows(sizes: list[int]) -> list[slice]:
    ends = [sum(sizes[: t + 1]) for t in range(len(sizes))]
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def _initial(writer: Writer, hidden: Operand, k: int, name: str) -> Operand:
    if hidden.twin is None:
        return writer.given(Operand(hidden.tensor[k], None, 0), name)
    return writer.do(_TAKE, hidden, k, name=f"{name}_0")


class _Steps(Sequence[Operand]):
    """The input of each time step, taken from all of it when the step is there."""

    def __init__(self, writer: Writer, x: Operand, indices: list[Any]):
        self._writer = writer
        self._x = x
        self._indices = indices
        self._known: dict[int, Operand] = {}

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, t: Any) -> Any:
        if t not in self._known:
            index = self._indices[t]
            if self._x.twin is None:
                self._known[t] = self._writer.given(Operand(self._x.tensor[index], None, 0), "x")
            else:
                self._known[t] = self._writer.do(_TAKE, self._x, index, name="x")
        return self._known[t]


def _run(writer: Writer, cell: Cell, layers: Layers, generator: torch.Tensor) -> tuple[list[Operand], list[State]]:
    """Return the outputs of the last layer, and the last state of each layer and direction."""
    masks = _masks(layers, generator)
    xs: Sequence[Operand] = layers.xs
    last: list[State] = []
    for layer in range(len(layers.weights) // layers.directions):
        if layer and masks:
            scales = [writer.given(mask, "mask") for mask in masks[layer - 1]]
            xs = [writer.do(torch.mul, x, mask) for x, mask in zip(xs, scales, strict=True)]
        first = layer * layers.directions
        hs, state = _forward(writer, cell, xs, layers.states[first], layers.weights[first], layers.sizes)
        last.append(state)
        if layers.directions == 2:
            back, state = _reverse(writer, cell, xs, layers.states[first + 1], layers.weights[first + 1], layers.sizes)
            last.append(state)
            hs = [writer.do(torch.cat, [h, h_back], dim=-1) for h, h_back in zip(hs, back, strict=True)]
        xs = hs
    return list(xs), last


def _forward(
    writer: Writer, cell: Cell, xs: Sequence[Operand], state: State, weights: Weights, sizes: list[int] | None
) -> tuple[list[Operand], State]:
    hs, ended = [], []
    for t in range(len(xs)):
        if sizes is not None and state[0].tensor.shape[0] > sizes[t]:
            ended.append(tuple(writer.do(_TAKE, part, slice(sizes[t], part.tensor.shape[0])) for part in state))
            state = tuple(writer.do(_TAKE, part, slice(0, sizes[t])) for part in state)
        state = cell(writer, xs[t], state, weights, (None, None))
        hs.append(state[0])
    parts = [state, *ended[::-1]]
    joined = tuple(writer.do(torch.cat, list(part)) for part in zip(*parts, strict=True)) if ended else state
    return hs, joined


def _reverse(
    writer: Writer, cell: Cell, xs: Sequence[Operand], first: State, weights: Weights, sizes: list[int] | None
) -> tuple[list[Operand], State]:
    hs: list[Operand] = []
    state = first if sizes is None else tuple(writer.do(_TAKE, part, slice(0, sizes[-1])) for part in first)
    for t in reversed(range(len(xs))):
        rows = state[0].tensor.shape[0]
        if sizes is not None and sizes[t] > rows:
            begun = [writer.do(_TAKE, part, slice(rows, sizes[t])) for part in first]
            state = tuple(writer.do(torch.cat, [part, new]) for part, new in zip(state, begun, strict=True))
        state = cell(writer, xs[t], state, weights, (None, None))
        hs.append(state[0])
    return hs[::-1], state


def _masks(layers: Layers, generator: torch.Tensor) -> list[list[Operand]]:
    """Return what dropout multiplies the output of each layer but the last by, at each time step."""
    if not layers.dropout:
        return []
    now = torch.get_rng_state()
    torch.set_rng_state(generator)
    features = layers.weights[0].hh.tensor.shape[1] * layers.directions
    like = layers.weights[0].hh.tensor
    rows = layers.sizes or [layers.states[0][0].tensor.shape[0]] * len(layers.xs)
    shape = (sum(rows), features) if layers.sizes is not None else (len(rows), rows[0], features)
    masks = []
    for _ in range(len(layers.weights) // layers.directions - 1):
        mask = torch.dropout(torch.ones(shape, dtype=like.dtype, device=like.device), layers.dropout, True)
        parts = mask.split(rows) if layers.sizes is not None else mask.unbind()
        masks.append([Operand(part.contiguous(), None, 0) for part in parts])
    torch.set_rng_state(now)
    return masks


def _finish(
    writer: Writer, layers: Layers, outputs: list[Operand], last: list[State], reals: Sequence[Operand | None]
) -> None:
    """Let the tensors that torch gave be those that were written out."""
    output, *finals = reals
    if output is not None and layers.sizes is not None:
        writer.do(torch.cat, outputs, real=output)
    elif output is not None:
        writer.do(torch.stack, outputs, 1 if layers.batch_first else 0, real=output)
    for k, final in enumerate(finals):
        if final is not None:
            writer.do(torch.stack, [state[k] for state in last], real=final)

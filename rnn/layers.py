"""Layers made of cells: several cells deep (row B11 of the lectures), or in both directions (row B8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

import tinygraph as tg

from .cells import Cell, State
from .checks import Lengths
from .module import Module
from .unrolling import each_timestep, unroll


class Stacked(Cell):
    """Several recurrent layers as one cell: layer l reads layer l−1, in the same time step.

    Its state is the tuple of the layers' states. In a state dict it is PyTorch's RNN, LSTM or GRU with
    as many layers.

    Parameters
    ----------
    *cells : Cell
        Each reads as many features as the one before it shows.

    Examples
    --------
    >>> import rnn
    >>> deep = Stacked(rnn.ElmanCell(3, 8, rng=0), rnn.GRUCell(8, 5, rng=1), rnn.LSTMCell(5, 4, rng=2))
    >>> deep.num_parameters() == 96 + 210 + 160
    True
    """

    def __init__(self, *cells: Cell) -> None:
        check_chain(cells, "Stacked")
        self.cells = list(cells)
        mark_layers(cells)
        sizes = tuple(cell.state_sizes for cell in cells)
        super().__init__(cells[0].input_size, sizes, cells[-1].output_size)

    def initial_state(self, batch: tuple[int, ...] = ()) -> State:
        """Return the initial states of the layers."""
        return tuple(cell.initial_state(batch) for cell in self.cells)

    def output(self, state: State) -> ArrayLike:
        """Return the output of the last layer."""
        return self.cells[-1].output(state[-1])

    def __call__(self, state: State, x: ArrayLike) -> State:
        """Return the next states of all layers."""
        states = []
        for layer, (cell, before) in enumerate(zip(self.cells, state, strict=True), start=1):
            with tg.scope(f"layer {layer}"):
                after = cell(before, x)
                x = cell.output(after)
            states.append(after)
        return tuple(states)

    def torch_key(self, child: str, key: str) -> str:
        """Return PyTorch's name of a layer's parameter."""
        return f"{key}_l{child.removeprefix('cells.')}"


class Bidirectional(Module):
    """Two cells over the same sequence, one in each direction of time.

    The outputs are the forward and the backward output side by side. In a state dict it is PyTorch's
    ``bidirectional=True``.

    Parameters
    ----------
    forward, backward : Cell
        Both read the same features.

    Examples
    --------
    >>> import numpy as np, rnn
    >>> both = Bidirectional(rnn.ElmanCell(3, 5, rng=0), rnn.GRUCell(3, 4, rng=1))
    >>> outputs, (h, g) = both(np.zeros((6, 3)))
    >>> len(outputs), outputs[0].shape, h.shape, g.shape
    (6, (9,), (5,), (4,))
    """

    def __init__(self, forward: Cell, backward: Cell) -> None:
        for cell in (forward, backward):
            if not isinstance(cell, Cell):
                raise TypeError(f"Bidirectional takes two cells, one a direction of time, not {cell!r}")
        if forward is backward:
            raise ValueError(
                "Bidirectional takes two cells; one and the same for both directions would share its weights"
            )
        if forward.input_size != backward.input_size:
            raise ValueError(
                f"both directions should read the same features, not {forward.input_size} and {backward.input_size}"
            )
        self.forward, self.backward = forward, backward
        forward.mark("F")
        backward.mark("B")
        self.input_size = forward.input_size
        self.output_size = forward.output_size + backward.output_size

    def directions(
        self, xs: ArrayLike, state: State = None, lengths: Lengths = None
    ) -> tuple[list[tg.Tensor], list[tg.Tensor], State]:
        """Return h⁽¹⁾ … h⁽ᵀ⁾, (N, H) each, of the forward cell, the backward cell's g⁽ᵗ⁾, and both last states."""
        start = (None, None) if state is None else state
        with tg.scope("forward"):
            h, h_end = unroll(self.forward, xs, start[0], lengths)
        with tg.scope("backward"):
            g, g_end = unroll(self.backward, xs, start[1], lengths, reverse=True)
        if self.backward.state_names == Cell.state_names:  # a state that the cell calls h
            for state in g:
                state.name = "g"
        return h, g, (h_end, g_end)

    def __call__(self, xs: ArrayLike, state: State = None, lengths: Lengths = None) -> tuple[list[tg.Tensor], State]:
        """Return the list of T outputs, (N, H + G) each, and the pair of last states."""
        h, g, ends = self.directions(xs, state, lengths)
        return each_timestep(side_by_side, h, g), ends

    def output(self, state: State) -> tg.Tensor:
        """Return what both directions show when they have read all: h⁽ᵀ⁾ and g⁽¹⁾ side by side, (N, H + G)."""
        return side_by_side(self.forward.output(state[0]), self.backward.output(state[1]))

    def torch_key(self, child: str, key: str) -> str:
        """Return PyTorch's name of a parameter of one direction."""
        return f"{key}_l0" if child == "forward" else f"{key}_l0_reverse"


def side_by_side(h: tg.Tensor, g: tg.Tensor) -> tg.Tensor:
    """Return both directions' outputs of one time step as one, (N, H + G) or (H + G,)."""
    hg = tg.concatenate([h, g], axis=-1)
    return hg


class Layers(Module):
    """Layers that each run over the whole sequence before the next begins.

    For cells alone `Stacked` computes the same, time step by time step.

    Parameters
    ----------
    *layers : Cell, Bidirectional, or a module that is called with the whole sequence
        Such as `Embedding`, `Dropout`, `LayerNorm` and `Readout`. Each reads as many features as the one before
        it shows.

    Examples
    --------
    >>> import numpy as np, rnn
    >>> both = Bidirectional(rnn.ElmanCell(3, 5, rng=0), rnn.GRUCell(3, 4, rng=1))
    >>> outputs, ends = Layers(both, rnn.Dropout(0.2, rng=2), rnn.LSTMCell(9, 2, rng=2))(np.zeros((6, 3)))
    >>> len(outputs), outputs[0].shape, len(ends)
    (6, (2,), 2)
    """

    def __init__(self, *layers: Any) -> None:
        check_chain(layers, "Layers")
        self.layers = list(layers)
        mark_layers([layer for layer in layers if is_recurrent(layer)])
        self.input_size = next((layer.input_size for layer in layers if hasattr(layer, "input_size")), None)
        sized = [layer for layer in layers if hasattr(layer, "output_size")]
        self.output_size = sized[-1].output_size if sized else None

    def __call__(self, xs: Any, state: State = None, lengths: Lengths = None) -> tuple[list[tg.Tensor], State]:
        """Return the last layer's T outputs, and the last states of the recurrent layers."""
        recurrent = sum(map(is_recurrent, self.layers))
        starts = iter([None] * recurrent if state is None else state)
        ends: list[State] = []
        for layer in self.layers:
            if is_recurrent(layer):
                with tg.scope(f"layer {len(ends) + 1}"):
                    xs, end = run(layer, xs, next(starts), lengths)
                ends.append(end)
            else:
                xs = layer(xs)
        return xs, tuple(ends)

    def output(self, state: State) -> Any:
        """Return what the last layer shows in the end, from the last states of the recurrent layers."""
        position = max(number for number, layer in enumerate(self.layers) if is_recurrent(layer))
        output = self.layers[position].output(state[-1])
        for layer in self.layers[position + 1 :]:
            output = layer(output)
        return output

    def torch_key(self, child: str, key: str) -> str:
        """Return PyTorch's name of a layer's parameter: recurrent layers are counted by themselves."""
        position = int(child.removeprefix("layers."))
        if not isinstance(self.layers[position], (Cell, Bidirectional)):
            return f"{child}.{key}"
        number = sum(map(is_recurrent, self.layers[:position]))
        return key.replace("_l0", f"_l{number}") if "_l0" in key else f"{key}_l{number}"


def is_recurrent(layer: object) -> bool:
    """Tell whether a layer carries a state through time: a cell, or a layer that runs cells."""
    return isinstance(layer, (Cell, Bidirectional, Layers)) or hasattr(layer, "run")


def run(layer: Any, xs: ArrayLike, state: State = None, lengths: Lengths = None) -> tuple[list[tg.Tensor], State]:
    """Run a cell, or a layer that runs itself, over a sequence."""
    if isinstance(layer, (Bidirectional, Layers)):
        return layer(xs, state, lengths)
    if hasattr(layer, "run"):
        return layer.run(xs, state, lengths)
    return unroll(layer, xs, state, lengths)


def mark_layers(parts: Sequence[Module]) -> None:
    """Number the parameters of several layers, as they are drawn: W_1, W_2."""
    for number, part in enumerate(parts, start=1):
        if len(parts) > 1:
            part.mark(str(number))


def check_chain(parts: Sequence[Any], what: str) -> None:
    """Raise unless there are parts, each a module that reads as many features as the one before it shows."""
    if not parts:
        raise ValueError("a stack needs at least one layer")
    size = None
    for number, part in enumerate(parts, start=1):
        if isinstance(part, (list, tuple)):
            raise TypeError(
                f"{what} takes its layers one by one, not a {type(part).__name__} of {len(part)}: "
                f"write rnn.{what}(first, second), or rnn.{what}(*layers)"
            )
        if not isinstance(part, Cell if what == "Stacked" else Module):
            raise TypeError(f"{what} takes {'cells' if what == 'Stacked' else 'layers'}, not {part!r}")
        reads = getattr(part, "input_size", None)
        if None not in (size, reads) and reads != size:
            raise ValueError(f"layer {number} reads {reads} features, but the layer before it has {size}")
        size = getattr(part, "output_size", size)

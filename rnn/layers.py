"""Layers made of cells: several cells deep (row B11 of the lectures), or in both directions (row B8)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from numpy.typing import ArrayLike

import tinygraph as tg

from .cells import Cell, State
from .checks import Lengths, Step
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
        check_chain(cells)
        self.cells = list(cells)
        mark_layers(cells)
        self.input_size = cells[0].input_size
        self.output_size = cells[-1].output_size
        self.state_sizes = tuple(cell.state_sizes for cell in cells)

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
        return each_timestep(lambda h, g: tg.concatenate([h, g], axis=-1), h, g), ends

    def torch_key(self, child: str, key: str) -> str:
        """Return PyTorch's name of a parameter of one direction."""
        return f"{key}_l0" if child == "forward" else f"{key}_l0_reverse"


class Layers(Module):
    """Layers that each run over the whole sequence before the next begins: cells or `Bidirectional`.

    For cells alone `Stacked` computes the same, time step by time step.

    Parameters
    ----------
    *layers : Cell or Bidirectional
        Each reads as many features as the one before it shows.

    Examples
    --------
    >>> import numpy as np, rnn
    >>> both = Bidirectional(rnn.ElmanCell(3, 5, rng=0), rnn.GRUCell(3, 4, rng=1))
    >>> outputs, ends = Layers(both, rnn.LSTMCell(9, 2, rng=2))(np.zeros((6, 3)))
    >>> len(outputs), outputs[0].shape, len(ends)
    (6, (2,), 2)
    """

    def __init__(self, *layers: Cell | Bidirectional) -> None:
        check_chain(layers)
        self.layers = list(layers)
        mark_layers(layers)
        self.input_size = layers[0].input_size
        self.output_size = layers[-1].output_size

    def __call__(self, xs: ArrayLike, state: State = None, lengths: Lengths = None) -> tuple[list[tg.Tensor], State]:
        """Return the last layer's T outputs, and the last states of all layers."""
        starts = [None] * len(self.layers) if state is None else state
        outputs: Any = xs
        ends = []
        for number, (layer, start) in enumerate(zip(self.layers, starts, strict=True), start=1):
            with tg.scope(f"layer {number}"):
                outputs, end = run(layer, outputs, start, lengths)
            ends.append(end)
        return outputs, tuple(ends)

    def torch_key(self, child: str, key: str) -> str:
        """Return PyTorch's name of a layer's parameter."""
        number = child.removeprefix("layers.")
        return key.replace("_l0", f"_l{number}") if "_l0" in key else f"{key}_l{number}"


def run(
    layer: Step | Bidirectional | Layers, xs: ArrayLike, state: State = None, lengths: Lengths = None
) -> tuple[list[tg.Tensor], State]:
    """Run a cell, or a layer that runs itself, over a sequence."""
    if isinstance(layer, (Bidirectional, Layers)):
        return layer(xs, state, lengths)
    return unroll(layer, xs, state, lengths)


def mark_layers(parts: Sequence[Cell | Bidirectional]) -> None:
    """Number the parameters of several layers, as they are drawn: W_1, W_2."""
    for number, part in enumerate(parts, start=1):
        if len(parts) > 1:
            part.mark(str(number))


def check_chain(parts: Sequence[Cell | Bidirectional]) -> None:
    """Raise ValueError unless each part reads as many features as the one before it shows."""
    if not parts:
        raise ValueError("a stack needs at least one layer")
    for number, (before, after) in enumerate(pairwise(parts), start=2):
        if after.input_size != before.output_size:
            raise ValueError(
                f"layer {number} reads {after.input_size} features, but the layer before it has {before.output_size}"
            )

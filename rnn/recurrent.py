"""PyTorch's recurrent layers, by its names, arguments and state dicts: made of the cells, and drawn as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg

from .cells import Cell, ElmanCell, Nonlinearity, State
from .checks import Lengths
from .dropout import Dropout
from .gated import GRUCell, LSTMCell
from .init import Rng, generator
from .layers import Bidirectional, Layers
from .module import Module
from .packing import PackedSequence, pack_padded_sequence, pad_packed_sequence


class Recurrent(Module):
    """Base of `RNN`, `LSTM` and `GRU`: layers of cells that are called as PyTorch's.

    ``output, h_n = layer(input, h_0)``: `output` holds what the last layer shows in all time steps, `h_n` the last
    states of all layers and directions. An LSTM has ``(h_n, c_n)``, and takes ``(h_0, c_0)``. The cells have both of
    PyTorch's biases, so that with its weights a training takes its steps, too.
    """

    several_states = False  # whether a state is the pair (h, c)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        if not isinstance(num_layers, (int, np.integer)) or num_layers < 1:
            raise ValueError(f"num_layers should be a positive integer, not {num_layers!r}")
        rng = generator(rng)
        self.batch_first, self.bidirectional, self.num_layers = batch_first, bidirectional, num_layers
        layers: list[Any] = []
        for number in range(num_layers):
            if number and dropout:
                layers.append(Dropout(dropout, rng=rng))
            size = input_size if number == 0 else hidden_size * (2 if bidirectional else 1)
            options: dict[str, Any] = {"bias": bias, "recurrent_bias": bias, "rng": rng, "dtype": dtype}
            cells = [self.cell(size, hidden_size, **options) for _ in range(1 + bidirectional)]
            layers.append(Bidirectional(*cells) if bidirectional else cells[0])
        self.layers = Layers(*layers)
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, self.layers.output_size

    def cell(self, input_size: int, hidden_size: int, **options: Any) -> Cell:
        """Return a new cell of one layer in one direction."""
        raise NotImplementedError(f"{type(self).__name__} has no cell: use rnn.RNN, rnn.LSTM or rnn.GRU")

    def __call__(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Return the output and the last states.

        Parameters
        ----------
        input : (T, N, I), (N, T, I) with `batch_first`, (T, I), or PackedSequence
        hx : (layers · directions, N, H), or a pair of them for an LSTM, optional
            The first states; zeros when not given.

        Returns
        -------
        output : (T, N, directions · H), (N, T, …) with `batch_first`, (T, …), or PackedSequence
        h_n : (layers · directions, N, H), or a pair of them for an LSTM
        """
        if not isinstance(input, PackedSequence):
            xs = time_first(input, self.batch_first)
            outputs, ends = self.run(xs, None if hx is None else self._states(hx))
            return time_first(tg.stack(outputs), self.batch_first), self._stacked(ends)
        xs, lengths = pad_packed_sequence(input)
        outputs, ends = self.run(xs, None if hx is None else self._states(hx), lengths)
        return pack_padded_sequence(tg.stack(outputs), lengths, enforce_sorted=False), self._stacked(ends)

    def run(self, xs: ArrayLike, state: State = None, lengths: Lengths = None) -> tuple[list[tg.Tensor], State]:
        """Return the last layer's T outputs as a list, and the last states of all layers, as `Layers` does."""
        return self.layers(xs, state, lengths)

    def output(self, state: State) -> tg.Tensor:
        """Return what the last layer shows in the end, from the last states as `run` returns them."""
        return self.layers.output(state)

    def _stacked(self, ends: State) -> Any:
        states = [state for end in ends for state in (end if self.bidirectional else (end,))]
        if not self.several_states:
            return tg.stack(states)
        return tuple(tg.stack(parts) for parts in zip(*states, strict=True))

    def _states(self, hx: Any) -> State:
        directions = 1 + self.bidirectional
        count = self.num_layers * directions
        parts = hx if self.several_states else (hx,)
        if (
            not isinstance(parts, (tuple, list))
            or len(parts) != 1 + self.several_states
            or any(len(p) != count for p in parts)
        ):
            shape = f"({count}, N, {self.hidden_size})"
            expected = f"a pair (h_0, c_0) of shape {shape} each" if self.several_states else f"h_0 of shape {shape}"
            raise ValueError(f"hx of {self!r} should be {expected}")
        states = [tuple(p[i] for p in parts) if self.several_states else parts[0][i] for i in range(count)]
        if not self.bidirectional:
            return tuple(states)
        return tuple((states[i], states[i + 1]) for i in range(0, count, 2))

    def torch_key(self, child: str, key: str) -> str:
        """Return PyTorch's name of a parameter: that of the layers."""
        return key

    def __repr__(self) -> str:
        several = f", num_layers={self.num_layers}" if self.num_layers > 1 else ""
        both = ", bidirectional=True" if self.bidirectional else ""
        return f"{type(self).__name__}({self.input_size}, {self.hidden_size}{several}{both})"


class RNN(Recurrent):
    """PyTorch's RNN: layers of `ElmanCell`.

    Parameters
    ----------
    input_size, hidden_size, num_layers : int
    nonlinearity : {"tanh", "relu"}
    bias, batch_first : bool
        With `batch_first` sequences are (N, T, I), and (T, N, I) without.
    dropout : float
        Probability to drop a number between the layers, while training.
    bidirectional : bool
    rng : numpy.random.Generator or int
        Draws the parameters, and what is dropped.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> output, h_n = RNN(3, 5, batch_first=True, rng=0)(np.zeros((2, 7, 3)))
    >>> output.shape, h_n.shape
    ((2, 7, 5), (1, 2, 5))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Nonlinearity = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.nonlinearity = nonlinearity
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, rng=rng, dtype=dtype
        )

    def cell(self, input_size: int, hidden_size: int, **options: Any) -> ElmanCell:
        """Return a new `ElmanCell`."""
        return ElmanCell(input_size, hidden_size, self.nonlinearity, **options)


class LSTM(Recurrent):
    """PyTorch's LSTM: layers of `LSTMCell`.

    Its parameters are those of `RNN`, without `nonlinearity`.

    Examples
    --------
    >>> output, (h_n, c_n) = LSTM(3, 5, num_layers=2, bidirectional=True, rng=0)(np.zeros((7, 2, 3)))
    >>> output.shape, h_n.shape, c_n.shape
    ((7, 2, 10), (4, 2, 5), (4, 2, 5))
    """

    several_states = True

    def cell(self, input_size: int, hidden_size: int, **options: Any) -> LSTMCell:
        """Return a new `LSTMCell`."""
        return LSTMCell(input_size, hidden_size, **options)


class GRU(Recurrent):
    """PyTorch's GRU: layers of `GRUCell` with `reset_after`.

    Its parameters are those of `RNN`, without `nonlinearity`.

    Examples
    --------
    >>> output, h_n = GRU(3, 5, rng=0)(np.zeros((7, 2, 3)))
    >>> output.shape, h_n.shape
    ((7, 2, 5), (1, 2, 5))
    """

    def cell(self, input_size: int, hidden_size: int, **options: Any) -> GRUCell:
        """Return a new `GRUCell` in PyTorch's form."""
        return GRUCell(input_size, hidden_size, reset_after=True, **options)


def time_first(values: Any, batch_first: bool) -> Any:
    """Return sequences (N, T, …) as (T, N, …), or back, where the batch comes first; others as they are.

    Examples
    --------
    >>> time_first(np.zeros((2, 7, 3)), batch_first=True).shape
    (7, 2, 3)
    """
    values = values if isinstance(values, tg.Tensor) else np.asarray(values)
    return values.swapaxes(0, 1) if batch_first and values.ndim == 3 else values

"""Models for the task shapes of the lectures: rows B1 to B8. All lists run over the time steps 1 … T."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg

from .cells import Cell, ConditionedCell, Nonlinearity, State, check_sizes
from .checks import Lengths, has_tensors, of_dtype
from .init import Rng, drawing, generator, glorot, zeros
from .layers import Bidirectional, is_recurrent, run
from .module import Module
from .unrolling import Feed, decode, each_timestep, unroll


class Readout(Module):
    """What a state says: ``o = c + V h``, with V K×H and c K (row B1).

    In a state dict it is PyTorch's Linear.

    Parameters
    ----------
    hidden_size, output_size : int
    bias : bool
        Whether there is c.
    rng : numpy.random.Generator or int
        Draws V (Glorot); c starts at zero.
    dtype : dtype
        Of the parameters.
    """

    names_in_torch = MappingProxyType({"V": "weight", "c": "bias"})

    def __init__(
        self, hidden_size: int, output_size: int, bias: bool = True, *, rng: Rng = None, dtype: DTypeLike = np.float64
    ) -> None:
        check_sizes(hidden_size=hidden_size, output_size=output_size)
        self.input_size, self.output_size = hidden_size, output_size
        draw = drawing(rng, dtype)
        self.V = draw(glorot, output_size, hidden_size)
        self.c = draw(zeros, output_size) if bias else None

    def __call__(self, h: Any) -> Any:
        """Return o, (…, K), for h, (…, H); of a list over the time steps, a list."""
        if isinstance(h, (list, tuple)) and has_tensors(h):
            return each_timestep(self, h)
        o = tg.linear(h, self.V, self.c)
        return o


class ManyToMany(Module):
    """Synchronous many-to-many: an output in every time step (rows B1 and B14).

    Parameters
    ----------
    layer : Cell, Bidirectional, Layers, or RNN, LSTM or GRU
    output_size : int
    rng : numpy.random.Generator or int
        Draws V.

    Examples
    --------
    >>> import numpy as np, rnn
    >>> model = ManyToMany(rnn.ElmanCell(3, 5, rng=0), 2, rng=1)
    >>> model.num_parameters() == 5 * 5 + 5 * 3 + 2 * 5 + 5 + 2
    True
    >>> [o.shape for o in model(np.zeros((4, 3)))]
    [(2,), (2,), (2,), (2,)]
    """

    def __init__(self, layer: Any, output_size: int, *, rng: Rng = None) -> None:
        self.layer = checked_layer(layer, "ManyToMany")
        self.readout = Readout(layer.output_size, output_size, rng=rng, dtype=layer.dtype)

    @property
    def cell(self) -> Any:
        """The layer, by the name that it has in `ManyToOne`."""
        return self.layer

    def __call__(self, xs: ArrayLike, state: State = None, lengths: Lengths = None) -> list[tg.Tensor]:
        """Return the T outputs o⁽ᵗ⁾, (N, K) or (K,) each."""
        return self.run(xs, state, lengths)[0]

    def run(self, xs: ArrayLike, state: State = None, lengths: Lengths = None) -> tuple[list[tg.Tensor], State]:
        """Return the T outputs and the last state, from which a next stretch may go on."""
        cell = self.layer
        if isinstance(cell, Cell):
            return unroll(cell, xs, state, lengths, readout=lambda s: self.readout(cell.output(s)))
        hs, end = run(self.layer, xs, state, lengths)
        return each_timestep(self.readout, hs), end


class ManyToOne(Module):
    """Many-to-one, a sequence in and one output: only the last state h⁽ᶻ⁾ is read (row B6).

    Of a `Bidirectional` the last state is that of both directions, h⁽ᶻ⁾ and g⁽¹⁾; of `Layers` the last layer's.

    Parameters
    ----------
    cell : Cell, Bidirectional, Layers, or RNN, LSTM or GRU
    output_size : int
    rng : numpy.random.Generator or int
        Draws V.

    Examples
    --------
    >>> import numpy as np, rnn
    >>> model = ManyToOne(rnn.ElmanCell(20, 8, rng=0), 2, rng=1)
    >>> model(np.zeros((10, 4, 20)), lengths=[10, 3, 7, 1]).shape
    (4, 2)
    """

    def __init__(self, cell: Any, output_size: int, *, rng: Rng = None) -> None:
        self.cell = checked_layer(cell, "ManyToOne")
        self.readout = Readout(cell.output_size, output_size, rng=rng, dtype=cell.dtype)

    @property
    def layer(self) -> Any:
        """The cell, by the name that it has in `ManyToMany`."""
        return self.cell

    def __call__(self, xs: ArrayLike, state: State = None, lengths: Lengths = None) -> tg.Tensor:
        """Return the output, (N, K) or (K,)."""
        if isinstance(self.cell, Cell):
            _, state = unroll(self.cell, xs, state, lengths, readout=lambda s: None)
        else:
            _, state = run(self.cell, xs, state, lengths)
        return self.readout(self.cell.output(state))


class OneToMany(Module):
    """One-to-many, a vector in and a sequence out, as for captions: ``h = φ(W h + U y⁽ᵗ⁻¹⁾ + R x + b)`` (row B7).

    Parameters
    ----------
    context_size, hidden_size, output_size : int
        Features of the vector x, of h, and of each y.
    feed : function, optional
        Makes the next y of an output when running free; the output itself when not given.
    hoisted : bool
        Compute R x once, before the loop, where it is computed in every time step otherwise.
    rng : numpy.random.Generator or int

    Examples
    --------
    >>> import numpy as np
    >>> H, a, m = 8, 3, 6
    >>> model = OneToMany(m, H, a, rng=0)
    >>> model.num_parameters() == H * H + 2 * a * H + H * m + H + a
    True
    >>> len(model(np.ones(m), steps=5))
    5
    """

    def __init__(
        self,
        context_size: int,
        hidden_size: int,
        output_size: int,
        nonlinearity: Nonlinearity = "tanh",
        *,
        feed: Feed | None = None,
        hoisted: bool = True,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = generator(rng)
        self.cell = ConditionedCell(output_size, hidden_size, context_size, nonlinearity, rng=rng, dtype=dtype)
        self.readout = Readout(hidden_size, output_size, rng=rng, dtype=dtype)
        self.feed, self.hoisted = feed, hoisted

    def __call__(self, x: ArrayLike, targets: ArrayLike | None = None, steps: int | None = None) -> list[tg.Tensor]:
        """Return the outputs, (N, K) or (K,) each, for the vector x, (N, m) or (m,).

        There are as many as `targets` with teacher forcing, or `steps` running free.
        """
        vector = of_dtype(x, self.cell.dtype, "the vector")
        vector = vector if isinstance(vector, tg.Tensor) else tg.tensor(vector, name="x")
        batch = vector.shape[:-1]
        start = np.zeros((*batch, self.cell.input_size), self.cell.dtype)
        Rx = self.cell.look(vector) if self.hoisted else None

        def step(h: ArrayLike, y: ArrayLike) -> tg.Tensor:
            return self.cell(h, y, self.cell.look(vector) if Rx is None else Rx)

        h0 = self.cell.initial_state(batch)
        return decode(step, self.readout, h0, start, targets=targets, steps=steps, feed=self.feed)


class BidirectionalNetwork(Module):
    """Outputs that see past and future: ``ŷ⁽ᵗ⁾ = V_F h⁽ᵗ⁾ + V_B g⁽ᵗ⁾ + b`` (row B8).

    Parameters
    ----------
    layer : Bidirectional
        Its forward cell gives h, its backward cell g.
    output_size : int
    rng : numpy.random.Generator or int
        Draws V_F and V_B.

    Examples
    --------
    >>> import numpy as np, rnn
    >>> halves = rnn.Bidirectional(rnn.ElmanCell(3, 5, rng=0), rnn.ElmanCell(3, 4, rng=1))
    >>> [ŷ.shape for ŷ in BidirectionalNetwork(halves, 2, rng=2)(np.zeros((2, 3)))]
    [(2,), (2,)]
    """

    def __init__(self, layer: Bidirectional, output_size: int, *, rng: Rng = None) -> None:
        if not isinstance(layer, Bidirectional):
            raise TypeError(f"BidirectionalNetwork takes a Bidirectional of two cells, not {layer!r}")
        self.layer = layer
        draw = drawing(rng, layer.dtype)
        self.V_F = draw(glorot, output_size, layer.forward.output_size)
        self.V_B = draw(glorot, output_size, layer.backward.output_size)
        self.b = draw(zeros, output_size)

    def __call__(self, xs: ArrayLike, state: State = None, lengths: Lengths = None) -> list[tg.Tensor]:
        """Return the T outputs ŷ⁽ᵗ⁾, (N, K) or (K,) each."""
        h, g, _ = self.layer.directions(xs, state, lengths)
        return each_timestep(self._answer, h, g)

    def _answer(self, h: tg.Tensor, g: tg.Tensor) -> tg.Tensor:
        ŷ = tg.linear(h, self.V_F) + tg.linear(g, self.V_B, self.b)
        return ŷ


def checked_layer(layer: Any, model: str) -> Any:
    """Return what a model runs over its sequence; raise TypeError when it is no cell and no layer."""
    if not is_recurrent(layer) or not hasattr(layer, "output"):
        several = isinstance(layer, (list, tuple))
        hint = "; several are one as rnn.Stacked(*cells)" if several else ""
        raise TypeError(f"{model} runs a cell, a Bidirectional or Layers over its sequence, not {layer!r}{hint}")
    return layer

"""Forecasting a series by its windows: the lectures' worked example (rows B2 to B5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg

from .cells import ElmanCell, JordanCell, Nonlinearity, State
from .checks import Lengths
from .init import Rng, generator
from .models import Readout
from .module import Module
from .unrolling import Forced, unroll


class Forecast(Readout):
    """A readout whose output is the forecast itself: ``ŷ = c + V h``, σ₂ being linear."""

    def __call__(self, h: ArrayLike) -> tg.Tensor:
        """Return ŷ, (N, horizon) or (horizon,)."""
        ŷ = tg.linear(h, self.V, self.c)
        return ŷ


class Forecaster(Module):
    """The next values of a series, from a window of its last ones and a state carried along.

    Time step t reads the window x⁽ᵗ⁾; the forecast is ``ŷ⁽ᵗ⁾ = c + V h⁽ᵗ⁾``. The parameters are W, U, b, V
    and c, the letters of row B1; the worked example writes b₁ and b₂ for b and c.

    Parameters
    ----------
    window, hidden_size : int
    horizon : int
        How many values ahead ŷ holds.
    recurrence : {"hidden", "output"}
        What is fed back: h (the first model) or ŷ (the second, row B4).
    nonlinearity : {"tanh", "relu", "logistic", "linear"} or function
    rng : numpy.random.Generator or int
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> Forecaster(4, 20).num_parameters(), Forecaster(4, 20, horizon=2).num_parameters()
    (521, 542)
    >>> Forecaster(4, 20, recurrence="output").num_parameters()
    141
    """

    def __init__(
        self,
        window: int,
        hidden_size: int,
        horizon: int = 1,
        recurrence: str = "hidden",
        nonlinearity: Nonlinearity = "tanh",
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = generator(rng)
        self.window, self.horizon, self.recurrence = window, horizon, recurrence
        if recurrence == "hidden":
            self.cell: ElmanCell | JordanCell = ElmanCell(window, hidden_size, nonlinearity, rng=rng, dtype=dtype)
            self.readout = Forecast(hidden_size, horizon, rng=rng, dtype=dtype)
        elif recurrence == "output":
            self.cell = JordanCell(window, hidden_size, horizon, nonlinearity, rng=rng, dtype=dtype)
        else:
            raise ValueError(f"recurrence should be 'hidden' or 'output', not {recurrence!r}")

    @property
    def layer(self) -> ElmanCell | JordanCell:
        """The cell, by the name that it has in `ManyToMany`."""
        return self.cell

    def __call__(
        self, xs: ArrayLike, state: State = None, lengths: Lengths = None, *, forced: Forced = None
    ) -> list[tg.Tensor]:
        """Return ŷ⁽¹⁾ … ŷ⁽ᵀ⁾, (horizon,) or (N, horizon) each, for windows (T, window) or (T, N, window).

        `forced` holds the targets y⁽¹⁾ … y⁽ᵀ⁾ that are fed back instead of ŷ (teacher forcing, row B5).
        """
        return self.run(xs, state, lengths, forced=forced)[0]

    def run(
        self, xs: ArrayLike, state: State = None, lengths: Lengths = None, *, forced: Forced = None
    ) -> tuple[list[tg.Tensor], State]:
        """Return the forecasts and the last state."""
        if forced is not None and self.recurrence == "hidden":
            raise ValueError("teacher forcing needs recurrence='output': the hidden state has no targets")
        readout = self.readout if self.recurrence == "hidden" else self.cell.output
        return unroll(self.cell, xs, state, lengths, readout=readout, forced=forced)

    def predict(self, xs: ArrayLike, state: State = None) -> np.ndarray:
        """Return the forecasts for windows (T, window) as an array (T, horizon), recording nothing."""
        with tg.no_grad():
            return np.stack([ŷ.data for ŷ in self(xs, state)])

    def forecast(self, series: ArrayLike, steps: int) -> np.ndarray:
        """Return the next `steps` values of the series, each forecast re-entering the window.

        With the series 8, 10, 12, 10, 8, 12, 10, 12 the first new value is ŷ⁽⁵⁾, from the window
        [8 12 10 12], and the next ŷ⁽⁶⁾, from [12 10 12 ŷ⁽⁵⁾].
        """
        values = [float(value) for value in np.asarray(series)]
        if len(values) < self.window:
            raise ValueError(f"a forecast needs at least {self.window} values, not {len(values)}")
        known = np.lib.stride_tricks.sliding_window_view(np.array(values), self.window)
        with tg.no_grad():
            outputs, state = self.run(known.astype(self.dtype))
            for _ in range(steps):
                values.append(float(outputs[-1].data[0]))
                window = np.array([values[-self.window :]], self.dtype)
                outputs, state = self.run(window, state)
        return np.array(values[len(values) - steps :])

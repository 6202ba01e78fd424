"""Dropout: in each time step by itself, with one mask for a whole sequence, or of the state that is fed back.

A mask is a constant of the graph: what is replayed or stepped through has the mask that was drawn.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .cells import Cell, State, first
from .checks import has_tensors
from .init import Rng, generator
from .module import Module
from .order import as_state
from .unrolling import each_timestep


class Dropout(Module):
    """Set each number to 0 with probability p while training, and divide the others by 1 − p.

    Of a list over the time steps, each time step has a mask of its own. After ``eval()`` nothing is dropped.

    Parameters
    ----------
    p : float
        From 0 to 1.
    rng : numpy.random.Generator or int
        Draws the masks.

    Examples
    --------
    >>> dropout = Dropout(0.5, rng=0)
    >>> dropout(np.ones(6))
    array([2., 0., 0., 0., 2., 2.])
    >>> dropout.eval()(np.ones(6))
    array([1., 1., 1., 1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, rng: Rng = None) -> None:
        self.p = _probability(p)
        self.rng = generator(rng)

    def __call__(self, xs: Any) -> Any:
        """Return xs, an array, a Tensor or a list of them over the time steps, with some numbers dropped."""
        if not self.training or not self.p:
            return xs
        if isinstance(xs, (list, tuple)):
            return each_timestep(self._dropped, xs)
        return self._dropped(xs if isinstance(xs, tg.Tensor) else np.asarray(xs))

    def _dropped(self, x: Any) -> Any:
        m: Any = mask_like(x, x.shape, self.p, self.rng)
        if isinstance(x, tg.Tensor):
            m = tg.tensor(m, name="m")
        return _masked(m, x)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.p:g})"


class VariationalDropout(Dropout):
    """Dropout with one mask for all time steps of a sequence (Gal and Ghahramani 2016).

    Its parameters are those of `Dropout`.

    Examples
    --------
    >>> VariationalDropout(0.5, rng=0)(np.ones((3, 4)))
    array([[2., 0., 0., 0.],
           [2., 0., 0., 0.],
           [2., 0., 0., 0.]])
    """

    def __call__(self, xs: Any) -> Any:
        """Return xs, (T, N, I) or (T, I) or a list of T, with the same features dropped in all time steps."""
        if not self.training or not self.p:
            return xs
        xs = xs if has_tensors(xs) else np.asarray(xs)
        m: Any = mask_like(xs[0], xs[0].shape, self.p, self.rng)
        if not isinstance(xs, np.ndarray):
            m = tg.tensor(m, name="m")
        if isinstance(xs, (list, tuple)):
            return each_timestep(partial(_masked, m), xs)
        return _masked(m, xs)


class RecurrentDropout(Cell):
    """A cell of whose state, as it is fed back, some units are dropped: the same for the whole sequence.

    The mask is drawn with the initial state and is a part of the state: ``m ⊙ h⁽ᵗ⁻¹⁾`` is what the cell
    reads (Gal and Ghahramani 2016). Of a state that is a tuple it drops the first, which the cell shows; what an
    LSTM keeps in s stays.

    Parameters
    ----------
    cell : Cell
    p : float
        Probability to drop a unit.
    rng : numpy.random.Generator or int
        Draws the masks.

    Examples
    --------
    >>> import rnn
    >>> cell = RecurrentDropout(rnn.LSTMCell(3, 4, rng=0), 0.25, rng=1)
    >>> outputs, ((b_c, s), m) = rnn.unroll(cell, np.zeros((5, 2, 3)))
    >>> len(outputs), b_c.shape, m.shape
    (5, (2, 4), (2, 4))
    """

    def __init__(self, cell: Cell, p: float = 0.5, *, rng: Rng = None) -> None:
        self.cell = cell
        self.p = _probability(p)
        self.rng = generator(rng)
        super().__init__(cell.input_size, (cell.state_sizes, first(cell.state_sizes)), cell.output_size)

    def initial_state(self, batch: tuple[int, ...] = ()) -> State:
        """Return the cell's initial state, and the mask for the sequences that begin."""
        state = self.cell.initial_state(batch)
        shape = (*batch, self.state_sizes[1])
        keeps_all = not self.training or not self.p
        m = np.ones(shape, self.dtype) if keeps_all else mask_like(first(state), shape, self.p, self.rng)
        return state, tg.tensor(m, name="m")

    def output(self, state: State) -> Any:
        """Return what the cell shows of its state."""
        return self.cell.output(state[0])

    def __call__(self, state: State, x: ArrayLike) -> State:
        """Return the cell's next state, and the mask as it is."""
        before, m = state
        return self.cell(as_state(_with_first(before, m)) if self.training and self.p else before, x), m

    def torch_key(self, child: str, key: str) -> str:
        """Return the cell's own name of a parameter."""
        return key


def mask_like(x: Any, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> np.ndarray:
    """Return a mask of a shape: 0 with probability p, else 1 / (1 − p), in the floating-point type of x."""
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(float)
    keeps = rng.random(shape) >= p
    return keeps.astype(dtype) / dtype.type(1 - p if p < 1 else 1)


def _masked(m: Any, x: Any) -> Any:
    x̃ = m * x
    return x̃


def _with_first(state: State, m: tg.Tensor) -> State:
    if isinstance(state, tuple):
        return (_with_first(state[0], m), *state[1:])
    return _masked(m, state)


def _probability(p: float) -> float:
    if not 0 <= p <= 1:
        raise ValueError(f"p should be a probability, from 0 to 1, not {p!r}")
    return p

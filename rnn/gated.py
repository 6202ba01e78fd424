"""Cells with gates: the LSTM with peepholes (row B12 of the lectures) and the GRU (row B13)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg

from .cells import Cell, State, check_pair, check_sizes
from .init import Rng, drawing, generator, glorot, orthogonal, stacked, uniform, zeros
from .module import Arrays
from .order import as_state, check_order
from .torch_layouts import affine_from_torch, affine_to_torch, gru_from_torch, gru_to_torch

GATES = (0, 1, 3, 2)  # between our order (ι, φ, ω, cell) and PyTorch's (i, f, g, o), both ways


class LSTMCell(Cell):
    """Long short-term memory in Graves' notation: gates ι (input), φ (forget) and ω (output).

    The state is the pair (b_c, s): what the cell shows, and what it keeps. U is 4H×I, W 4H×H and
    b 4H, in blocks ι, φ, ω, cell. With peepholes p_ι, p_φ and p_ω (H each) the gates also see s; the
    output gate sees the new one. Without peepholes it is PyTorch's LSTM.

    Parameters
    ----------
    input_size, hidden_size : int
    peepholes, bias : bool
    recurrent_bias : bool
        A second bias d beside b, as PyTorch has: it computes the same, but is trained as one of twice the rate.
    forget_bias : float
        Start of φ's bias; 1 keeps s at first (Gers et al. 2000).
    learned_state : bool
        Learn the initial state (parameters b_c0 and s0).
    rng : numpy.random.Generator or int
        Draws U (Glorot) and W (orthogonal), each gate by itself, and the peepholes.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> LSTMCell(3, 5, peepholes=True, bias=False).num_parameters() == 4 * 5 * (3 + 5) + 3 * 5
    True
    """

    state_names = ("b_c0", "s0")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        peepholes: bool = False,
        bias: bool = True,
        recurrent_bias: bool = False,
        forget_bias: float = 1.0,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(hidden_size=hidden_size)
        super().__init__(input_size, (hidden_size, hidden_size))
        self.peepholes = peepholes
        draw = drawing(rng, dtype)
        self.U = draw(stacked(glorot, 4), 4 * hidden_size, input_size)
        self.W = draw(stacked(orthogonal, 4), 4 * hidden_size, hidden_size)
        start = np.repeat([0.0, forget_bias, 0.0, 0.0], hidden_size)
        self.b = tg.parameter(start.astype(dtype)) if bias else None
        self.d = draw(zeros, 4 * hidden_size) if recurrent_bias else None
        if peepholes:
            self.p_ι = draw(uniform, hidden_size)
            self.p_φ = draw(uniform, hidden_size)
            self.p_ω = draw(uniform, hidden_size)
        if learned_state:
            self.learn_initial_state(dtype)

    def __call__(self, state: tuple[State, State], x: ArrayLike) -> tuple[tg.Tensor, tg.Tensor]:
        """Return the next b_c and s, (N, H) or (H,) each."""
        check_pair(self, state)
        b_c, s = state
        a = tg.linear(x, self.U, self.b) + tg.linear(b_c, self.W, self.d)
        return self._with_peepholes(a, s) if self.peepholes else self._without_peepholes(a, s)

    def _without_peepholes(self, a: tg.Tensor, s: State) -> tuple[tg.Tensor, tg.Tensor]:
        H = self.output_size
        b = tg.sigmoid(a[..., : 3 * H])
        b_ι = b[..., :H]
        b_φ = b[..., H : 2 * H]
        b_ω = b[..., 2 * H :]
        s = b_φ * s + b_ι * tg.tanh(a[..., 3 * H :])
        b_c = b_ω * tg.tanh(s)
        return b_c, s

    def _with_peepholes(self, a: tg.Tensor, s: State) -> tuple[tg.Tensor, tg.Tensor]:
        H = self.output_size
        b_ι = tg.sigmoid(a[..., :H] + self.p_ι * s)
        b_φ = tg.sigmoid(a[..., H : 2 * H] + self.p_φ * s)
        s = b_φ * s + b_ι * tg.tanh(a[..., 3 * H :])
        b_ω = tg.sigmoid(a[..., 2 * H : 3 * H] + self.p_ω * s)
        b_c = b_ω * tg.tanh(s)
        return b_c, s

    def to_torch(self, own: Arrays) -> Arrays:
        """Return the parameters of PyTorch's LSTMCell, and the peepholes."""
        return affine_to_torch(own, GATES)

    def from_torch(self, arrays: Arrays) -> Arrays:
        """Undo `to_torch`."""
        return affine_from_torch(arrays, GATES, two_biases=self.d is not None)


class LSTMBlockCell(Cell):
    """LSTM blocks of C cells each that share their gates, with peepholes over all C (Graves 2012, eqs. 4.2 to 4.11).

    ``a_ι = Σᵢ w x + Σₕ w b_h + Σ_c w s_c``, a sum over the cells c of the block; likewise φ, and ω with the new s.
    With one cell a block it is `LSTMCell` with peepholes. The state is the pair (b_c, s), (N, B·C) each, block by
    block. U is (3B + BC)×I, W (3B + BC)×BC and b 3B + BC, in blocks ι, φ, ω, cell; p_ι, p_φ and p_ω are B×C.

    Parameters
    ----------
    input_size, blocks, cells : int
        Features of x, B, and C.
    bias : bool
    forget_bias : float
        Start of φ's bias.
    rng : numpy.random.Generator or int
        Draws U, W (Glorot) and the peepholes.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> cell = LSTMBlockCell(3, blocks=4, cells=2, rng=0)
    >>> cell.output_size, cell.num_parameters() == (3 * 4 + 8) * (3 + 8 + 1) + 3 * 4 * 2
    (8, True)
    """

    state_names = ("b_c0", "s0")

    def __init__(
        self,
        input_size: int,
        blocks: int,
        cells: int,
        bias: bool = True,
        *,
        forget_bias: float = 1.0,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(blocks=blocks, cells=cells)
        super().__init__(input_size, (blocks * cells, blocks * cells))
        self.blocks, self.cells = blocks, cells
        draw = drawing(rng, dtype)
        rows = 3 * blocks + blocks * cells
        self.U = draw(glorot, rows, input_size)
        self.W = draw(glorot, rows, blocks * cells)
        start = np.repeat([0.0, forget_bias, 0.0], [blocks, blocks, rows - 2 * blocks])
        self.b = tg.parameter(start.astype(dtype)) if bias else None
        self.p_ι = draw(uniform, blocks, cells)
        self.p_φ = draw(uniform, blocks, cells)
        self.p_ω = draw(uniform, blocks, cells)

    def __call__(self, state: tuple[State, State], x: ArrayLike) -> tuple[tg.Tensor, tg.Tensor]:
        """Return the next b_c and s, (N, B·C) or (B·C,) each."""
        check_pair(self, state)
        b_c, s = state
        B = self.blocks
        a = tg.linear(x, self.U, self.b) + tg.linear(b_c, self.W)
        s = self._by_block(s)
        b_ι = tg.sigmoid(a[..., :B] + tg.sum(self.p_ι * s, axis=-1))
        b_φ = tg.sigmoid(a[..., B : 2 * B] + tg.sum(self.p_φ * s, axis=-1))
        s = b_φ[..., None] * s + b_ι[..., None] * tg.tanh(self._by_block(a[..., 3 * B :]))
        b_ω = tg.sigmoid(a[..., 2 * B : 3 * B] + tg.sum(self.p_ω * s, axis=-1))
        b_c = self._flat(b_ω[..., None] * tg.tanh(s))
        s = self._flat(s)
        return b_c, s

    def _by_block(self, values: Any) -> Any:
        return tg.reshape(values, (*values.shape[:-1], self.blocks, self.cells))

    def _flat(self, values: Any) -> Any:
        return tg.reshape(values, (*values.shape[:-2], self.blocks * self.cells))


class GRUCell(Cell):
    """Gated recurrent unit, in the lectures' form or in PyTorch's.

    The lectures concatenate: ``z = σ(W_z[h, x])``, ``r = σ(W_r[h, x])``, ``h̃ = tanh(W[r⊙h, x])``,
    ``h = (1−z)⊙h + z⊙h̃``, each matrix H×(H+I). With `reset_after` it is PyTorch's:
    ``h̃ = tanh(U x + b + r⊙(W h + d))``, ``h = (1−z)⊙h̃ + z⊙h``.

    Parameters
    ----------
    input_size, hidden_size : int
    reset_after, bias : bool
    recurrent_bias : bool
        With `reset_after`, biases d_z and d_r beside b_z and b_r, as PyTorch has: they compute the same, but are
        trained as one of twice the rate.
    learned_state : bool
        Learn h⁽⁰⁾ (the parameter h0).
    rng : numpy.random.Generator or int
        Draws the matrices: what reads h orthogonal, what reads x by Glorot.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> GRUCell(3, 5, bias=False).num_parameters() == 3 * 5 * (3 + 5)
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        reset_after: bool = False,
        bias: bool = True,
        recurrent_bias: bool = False,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(hidden_size=hidden_size)
        if recurrent_bias and not reset_after:
            raise ValueError("recurrent_bias needs reset_after=True: the lectures' form has one product a gate")
        super().__init__(input_size, hidden_size)
        self.reset_after = reset_after
        H, both = hidden_size, hidden_size + input_size
        draw = drawing(rng, dtype)
        self.W_z = draw(_state_and_input, H, both)
        self.W_r = draw(_state_and_input, H, both)
        self.b_z = draw(zeros, H) if bias else None
        self.b_r = draw(zeros, H) if bias else None
        self.d_z = draw(zeros, H) if recurrent_bias else None
        self.d_r = draw(zeros, H) if recurrent_bias else None
        if reset_after:
            self.U = draw(glorot, H, input_size)
            self.d = draw(zeros, H) if bias else None
        self.W = draw(orthogonal, H, H) if reset_after else draw(_state_and_input, H, both)
        self.b = draw(zeros, H) if bias else None
        if learned_state:
            self.learn_initial_state(dtype)

    def __call__(self, h: State, x: ArrayLike) -> tg.Tensor:
        """Return the next h, (N, H) or (H,)."""
        check_order(self, h, x)
        hx = tg.concatenate([h, x], axis=-1)
        z = tg.sigmoid(_plus(tg.linear(hx, self.W_z, self.b_z), self.d_z))
        r = tg.sigmoid(_plus(tg.linear(hx, self.W_r, self.b_r), self.d_r))
        if self.reset_after:
            h̃ = tg.tanh(tg.linear(x, self.U, self.b) + r * tg.linear(h, self.W, self.d))
            h = (1 - z) * h̃ + z * h
        else:
            h̃ = tg.tanh(tg.linear(tg.concatenate([r * h, x], axis=-1), self.W, self.b))
            h = (1 - z) * h + z * h̃
        return as_state(h, self)

    def to_torch(self, own: Arrays) -> Arrays:
        """Return the parameters of PyTorch's GRUCell where the equations are PyTorch's."""
        return gru_to_torch(own) if self.reset_after else own

    def from_torch(self, arrays: Arrays) -> Arrays:
        """Undo `to_torch`."""
        return gru_from_torch(arrays, two_biases=self.d_z is not None) if self.reset_after else arrays


def _plus(a: tg.Tensor, d: tg.Tensor | None) -> tg.Tensor:
    return a if d is None else a + d


def _state_and_input(shape: tuple[int, ...], rng: Rng) -> np.ndarray:
    """Return a matrix H×(H+I) whose part for h is orthogonal and whose part for x is Glorot's."""
    rng, (size, both) = generator(rng), shape
    return np.hstack([orthogonal((size, size), rng), glorot((size, both - size), rng)])

"""Cells with gates: the LSTM with peepholes (row B12 of the lectures) and the GRU (row B13)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import tinygraph as tg

from .cells import Cell, check_sizes
from .init import Rng, draw, generator, glorot, orthogonal, stacked, uniform, zeros
from .module import Arrays
from .torch_layouts import export_affine, export_gru, import_affine, import_gru

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
    forget_bias : float
        Start of φ's bias; 1 keeps s at first (Gers et al. 2000).
    learned_state : bool
        Learn the initial state (parameters b_c0 and s0).
    rng : numpy.random.Generator or int

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
        peepholes: bool = False,
        bias: bool = True,
        *,
        forget_bias: float = 1.0,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        rng = generator(rng)
        self.input_size, self.output_size = input_size, hidden_size
        self.state_sizes = (hidden_size, hidden_size)
        self.peepholes = peepholes
        self.U = draw(stacked(glorot, 4), (4 * hidden_size, input_size), rng, dtype)
        self.W = draw(stacked(orthogonal, 4), (4 * hidden_size, hidden_size), rng, dtype)
        start = np.repeat([0.0, forget_bias, 0.0, 0.0], hidden_size)
        self.b = tg.parameter(start.astype(dtype)) if bias else None
        if peepholes:
            self.p_ι = draw(uniform, (hidden_size,), rng, dtype)
            self.p_φ = draw(uniform, (hidden_size,), rng, dtype)
            self.p_ω = draw(uniform, (hidden_size,), rng, dtype)
        if learned_state:
            self._learn_initial_state(dtype)

    def output(self, state: tuple[Any, Any]) -> Any:
        """Return b_c."""
        return state[0]

    def __call__(self, state: tuple[Any, Any], x: Any) -> tuple[Any, Any]:
        """Return the next b_c and s."""
        b_c, s = state
        a = tg.linear(x, self.U, self.b) + tg.linear(b_c, self.W)
        return self._with_peepholes(a, s) if self.peepholes else self._without_peepholes(a, s)

    def _without_peepholes(self, a: Any, s: Any) -> tuple[Any, Any]:
        H = self.output_size
        b = tg.sigmoid(a[..., : 3 * H])
        b_ι = b[..., :H]
        b_φ = b[..., H : 2 * H]
        b_ω = b[..., 2 * H :]
        s = b_φ * s + b_ι * tg.tanh(a[..., 3 * H :])
        b_c = b_ω * tg.tanh(s)
        return b_c, s

    def _with_peepholes(self, a: Any, s: Any) -> tuple[Any, Any]:
        H = self.output_size
        b_ι = tg.sigmoid(a[..., :H] + self.p_ι * s)
        b_φ = tg.sigmoid(a[..., H : 2 * H] + self.p_φ * s)
        s = b_φ * s + b_ι * tg.tanh(a[..., 3 * H :])
        b_ω = tg.sigmoid(a[..., 2 * H : 3 * H] + self.p_ω * s)
        b_c = b_ω * tg.tanh(s)
        return b_c, s

    def _export(self, own: Arrays) -> Arrays:
        return export_affine(own, GATES)

    def _import(self, arrays: Arrays) -> Arrays:
        return import_affine(arrays, GATES)


class GRUCell(Cell):
    """Gated recurrent unit, in the lectures' form or in PyTorch's.

    The lectures concatenate: ``z = σ(W_z[h, x])``, ``r = σ(W_r[h, x])``, ``h̃ = tanh(W[r⊙h, x])``,
    ``h = (1−z)⊙h + z⊙h̃``, each matrix H×(H+I). With `reset_after` it is PyTorch's:
    ``h̃ = tanh(U x + b + r⊙(W h + d))``, ``h = (1−z)⊙h̃ + z⊙h``.

    Parameters
    ----------
    input_size, hidden_size : int
    reset_after, bias : bool
    learned_state : bool
        Learn h⁽⁰⁾ (the parameter h0).
    rng : numpy.random.Generator or int

    Examples
    --------
    >>> GRUCell(3, 5, bias=False).num_parameters() == 3 * 5 * (3 + 5)
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        reset_after: bool = False,
        bias: bool = True,
        *,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        rng = generator(rng)
        H, both = hidden_size, hidden_size + input_size
        self.input_size = input_size
        self.state_sizes = self.output_size = hidden_size
        self.reset_after = reset_after
        self.W_z = draw(_state_and_input, (H, both), rng, dtype)
        self.W_r = draw(_state_and_input, (H, both), rng, dtype)
        self.b_z = draw(zeros, (H,), rng, dtype) if bias else None
        self.b_r = draw(zeros, (H,), rng, dtype) if bias else None
        if reset_after:
            self.U = draw(glorot, (H, input_size), rng, dtype)
            self.d = draw(zeros, (H,), rng, dtype) if bias else None
        self.W = draw(*((orthogonal, (H, H)) if reset_after else (_state_and_input, (H, both))), rng, dtype)
        self.b = draw(zeros, (H,), rng, dtype) if bias else None
        if learned_state:
            self._learn_initial_state(dtype)

    def __call__(self, h: Any, x: Any) -> Any:
        """Return the next h."""
        hx = tg.concatenate([h, x], axis=-1)
        z = tg.sigmoid(tg.linear(hx, self.W_z, self.b_z))
        r = tg.sigmoid(tg.linear(hx, self.W_r, self.b_r))
        if self.reset_after:
            h̃ = tg.tanh(tg.linear(x, self.U, self.b) + r * tg.linear(h, self.W, self.d))
            h = (1 - z) * h̃ + z * h
        else:
            h̃ = tg.tanh(tg.linear(tg.concatenate([r * h, x], axis=-1), self.W, self.b))
            h = (1 - z) * h + z * h̃
        return h

    def _export(self, own: Arrays) -> Arrays:
        return export_gru(own) if self.reset_after else own

    def _import(self, arrays: Arrays) -> Arrays:
        return import_gru(arrays) if self.reset_after else arrays


def _state_and_input(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    size = shape[0]
    return np.hstack([orthogonal((size, size), rng), glorot((size, shape[1] - size), rng)])

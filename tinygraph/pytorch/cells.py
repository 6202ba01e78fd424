"""The cells of torch, written out as their kernels compute them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F

from .operands import Operand
from .writer import Writer

State = tuple[Operand, ...]  # h, and of an LSTM c
Real = Sequence[Operand | None]


class Weights(NamedTuple):
    """The parameters of one layer in one direction."""

    ih: Operand
    hh: Operand
    b_ih: Operand | None = None
    b_hh: Operand | None = None
    hr: Operand | None = None


Cell = Callable[[Writer, Operand, State, Weights, Real], State]
_NONE: Real = (None, None)
_TAKE = torch.Tensor.__getitem__


def elman(nonlinearity: Callable[[torch.Tensor], torch.Tensor]) -> Cell:
    """Return the cell of `nn.RNN`."""

    def cell(w: Writer, x: Operand, state: State, weights: Weights, real: Real = _NONE) -> State:
        a_h = w.do(F.linear, state[0], weights.hh, weights.b_hh, name="a_h")
        a_x = w.do(F.linear, x, weights.ih, weights.b_ih, name="a_x")
        a = w.do(torch.add, a_h, a_x, name="a")
        return (w.do(nonlinearity, a, name="h", real=real[0]),)

    return cell


def lstm(w: Writer, x: Operand, state: State, weights: Weights, real: Real = _NONE) -> State:
    """Return the next state of `nn.LSTM`, with a projection where there is one."""
    h, c = state
    a_h = w.do(F.linear, h, weights.hh, weights.b_hh, name="a_h")
    a_x = w.do(F.linear, x, weights.ih, weights.b_ih, name="a_x")
    a = w.do(torch.add, a_h, a_x, name="a")
    n = a.tensor.shape[-1] // 4
    i = w.do(torch.sigmoid, w.do(_TAKE, a, _columns(0, n)), name="i")
    f = w.do(torch.sigmoid, w.do(_TAKE, a, _columns(n, 2 * n)), name="f")
    g = w.do(torch.tanh, w.do(_TAKE, a, _columns(2 * n, 3 * n)), name="g")
    o = w.do(torch.sigmoid, w.do(_TAKE, a, _columns(3 * n, 4 * n)), name="o")
    kept = w.do(torch.mul, f, c)
    new = w.do(torch.mul, i, g)
    c = w.do(torch.add, kept, new, name="c", real=real[1])
    squashed = w.do(torch.tanh, c)
    if weights.hr is None:
        return w.do(torch.mul, o, squashed, name="h", real=real[0]), c
    m = w.do(torch.mul, o, squashed, name="m")
    return w.do(F.linear, m, weights.hr, name="h", real=real[0]), c


def gru(w: Writer, x: Operand, state: State, weights: Weights, real: Real = _NONE) -> State:
    """Return the next state of `nn.GRU`."""
    (h,) = state
    a_x = w.do(F.linear, x, weights.ih, weights.b_ih, name="a_x")
    a_h = w.do(F.linear, h, weights.hh, weights.b_hh, name="a_h")
    n = a_x.tensor.shape[-1] // 3
    r_x, r_h = w.do(_TAKE, a_x, _columns(0, n)), w.do(_TAKE, a_h, _columns(0, n))
    r = w.do(torch.sigmoid, w.do(torch.add, r_h, r_x), name="r")
    z_x, z_h = w.do(_TAKE, a_x, _columns(n, 2 * n)), w.do(_TAKE, a_h, _columns(n, 2 * n))
    z = w.do(torch.sigmoid, w.do(torch.add, z_h, z_x), name="z")
    new_x, new_h = w.do(_TAKE, a_x, _columns(2 * n, 3 * n)), w.do(_TAKE, a_h, _columns(2 * n, 3 * n))
    reset = w.do(torch.mul, new_h, r)
    new = w.do(torch.tanh, w.do(torch.add, new_x, reset), name="n")
    change = w.do(torch.mul, w.do(torch.sub, h, new), z)
    return (w.do(torch.add, change, new, name="h", real=real[0]),)


def _columns(start: int, stop: int) -> tuple:
    return (..., slice(start, stop))


CELLS: dict[str, Cell] = {
    "rnn_tanh": elman(torch.tanh),
    "rnn_relu": elman(torch.relu),
    "lstm": lstm,
    "gru": gru,
}

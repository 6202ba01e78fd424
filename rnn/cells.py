"""Recurrent cells: one time step each, in the equations and the names of the lectures.

A cell is called as ``cell(state, x)`` and returns the next state. Rows are examples: x is (N, I) for
a batch and (I,) for a single sequence. ``U`` reads the input, ``W`` the state, as in ``a = b + W h + U x``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

import tinygraph as tg

from .init import Rng, draw, generator, glorot, orthogonal, zeros
from .module import Arrays, Module
from .torch_layouts import export_affine, import_affine

State = Any  # a tensor or an array; a tuple of them where a cell keeps several


def linear(a: Any) -> Any:
    """Return `a` itself."""
    return a


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": tg.tanh,
    "relu": tg.relu,
    "logistic": tg.sigmoid,
    "linear": linear,
}


def activation(name: str | Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the function of that name: tanh, relu, logistic or linear; a function is returned as it is."""
    if callable(name):
        return name
    if name not in ACTIVATIONS:
        raise ValueError(f"nonlinearity should be one of {sorted(ACTIVATIONS)}, not {name!r}")
    return ACTIVATIONS[name]


class Cell(Module):
    """Base of cells: sizes, the initial state, and what of the state others see.

    Attributes
    ----------
    input_size : int
        Features of x.
    state_sizes : int or tuple
        Features of the state; a tuple where the state is one.
    output_size : int
        Features of `output`.
    """

    input_size: int
    output_size: int
    state_sizes: Any
    state_names: tuple[str, ...] = ("h0",)

    def __call__(self, state: State, x: Any) -> State:
        """Return the state after one time step."""
        raise NotImplementedError(f"{type(self).__name__} has no equations")

    def output(self, state: State) -> Any:
        """Return the part of the state that a readout or the next layer sees."""
        return state

    def initial_state(self, batch: tuple[int, ...] = ()) -> State:
        """Return the state before the first time step: zeros, or the learned one for each example."""
        if isinstance(self.state_sizes, tuple):
            names = self.state_names
            return tuple(self._initial(n, s, batch) for n, s in zip(names, self.state_sizes, strict=True))
        return self._initial(self.state_names[0], self.state_sizes, batch)

    def _initial(self, name: str, size: int, batch: tuple[int, ...]) -> Any:
        learned = getattr(self, name, None)
        blank = np.zeros((*batch, size), self.dtype)
        return blank if learned is None else learned + blank if batch else learned

    def _learn_initial_state(self, dtype: DTypeLike) -> None:
        sizes = self.state_sizes if isinstance(self.state_sizes, tuple) else (self.state_sizes,)
        for name, size in zip(self.state_names, sizes, strict=True):
            setattr(self, name, draw(zeros, (size,), generator(0), dtype))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.input_size}, {self.state_sizes})"


def check_sizes(**sizes: int) -> None:
    """Raise ValueError unless every size is a positive integer."""
    for name, size in sizes.items():
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"{name} should be a positive integer, not {size!r}")


class ElmanCell(Cell):
    """The first model: the hidden state is fed back (rows B1 and B2 of the lectures).

    ``a = b + W h + U x``, ``h = tanh a``, with U H×I, W H×H, b H.

    Parameters
    ----------
    input_size, hidden_size : int
    nonlinearity : {"tanh", "relu", "logistic", "linear"}
    bias : bool
    learned_state : bool
        Learn h⁽⁰⁾ (the parameter h0) where it is zero otherwise.
    rng : numpy.random.Generator or int
        Draws U (Glorot) and W (orthogonal); b starts at zero.

    Examples
    --------
    >>> cell = ElmanCell(4, 20, rng=0)
    >>> cell.num_parameters(), cell(cell.initial_state(), [8.0, 10.0, 12.0, 10.0]).shape
    (500, (20,))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: str | Callable[[Any], Any] = "tanh",
        bias: bool = True,
        *,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size)
        rng = generator(rng)
        self.input_size = input_size
        self.state_sizes = self.output_size = hidden_size
        self.phi = activation(nonlinearity)
        self.U = draw(glorot, (hidden_size, input_size), rng, dtype)
        self.W = draw(orthogonal, (hidden_size, hidden_size), rng, dtype)
        self.b = draw(zeros, (hidden_size,), rng, dtype) if bias else None
        if learned_state:
            self._learn_initial_state(dtype)

    def __call__(self, h: Any, x: Any) -> Any:
        """Return the next h."""
        a = tg.linear(x, self.U, self.b) + tg.linear(h, self.W)
        h = self.phi(a)
        return h

    def _export(self, own: Arrays) -> Arrays:
        return export_affine(own)

    def _import(self, arrays: Arrays) -> Arrays:
        return import_affine(arrays)


class JordanCell(Cell):
    """The second model: the output is fed back, so the state is ŷ (row B4).

    ``a = b + W ŷ + U x``, ``h = φ a``, ``o = c + V h``, ``ŷ = σ₂(o)``, with W H×K and V K×H.
    Under teacher forcing (row B5) the target y⁽ᵗ⁻¹⁾ is given as the state: see `unroll`.

    Examples
    --------
    >>> JordanCell(4, 20, 1).num_parameters(), JordanCell(4, 20, 2).num_parameters()
    (141, 182)
    """

    state_names = ("y0",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        nonlinearity: str | Callable[[Any], Any] = "tanh",
        output_nonlinearity: str | Callable[[Any], Any] = "linear",
        *,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size, output_size=output_size)
        rng = generator(rng)
        self.input_size = input_size
        self.state_sizes = self.output_size = output_size
        self.phi = activation(nonlinearity)
        self.sigma = activation(output_nonlinearity)
        self.U = draw(glorot, (hidden_size, input_size), rng, dtype)
        self.W = draw(glorot, (hidden_size, output_size), rng, dtype)
        self.b = draw(zeros, (hidden_size,), rng, dtype)
        self.V = draw(glorot, (output_size, hidden_size), rng, dtype)
        self.c = draw(zeros, (output_size,), rng, dtype)
        if learned_state:
            self._learn_initial_state(dtype)

    def __call__(self, ŷ: Any, x: Any) -> Any:
        """Return the next ŷ."""
        a = tg.linear(x, self.U, self.b) + tg.linear(ŷ, self.W)
        h = self.phi(a)
        ŷ = self._answer(h)
        return ŷ

    def _answer(self, h: Any) -> Any:
        if self.sigma is linear:  # ŷ is the affine map itself, and is drawn as ŷ
            return tg.linear(h, self.V, self.c)
        o = tg.linear(h, self.V, self.c)
        return self.sigma(o)


class ConditionedCell(Cell):
    """The cell of vector to sequence: what it wrote last, and a picture seen at every step (row B7).

    ``h = φ(W h + U y⁽ᵗ⁻¹⁾ + R x + b)``; `look` computes R x once, `__call__` takes it as `Rx`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        context_size: int,
        nonlinearity: str | Callable[[Any], Any] = "tanh",
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(input_size=input_size, hidden_size=hidden_size, context_size=context_size)
        rng = generator(rng)
        self.input_size = input_size
        self.state_sizes = self.output_size = hidden_size
        self.phi = activation(nonlinearity)
        self.W = draw(orthogonal, (hidden_size, hidden_size), rng, dtype)
        self.U = draw(glorot, (hidden_size, input_size), rng, dtype)
        self.R = draw(glorot, (hidden_size, context_size), rng, dtype)
        self.b = draw(zeros, (hidden_size,), rng, dtype)

    def look(self, x: Any) -> Any:
        """Return R x for the vector x, (N, m) or (m,)."""
        Rx = tg.linear(x, self.R)
        return Rx

    def __call__(self, h: Any, y: Any, Rx: Any = 0.0) -> Any:
        """Return the next h, from what was written last and R x."""
        a = tg.linear(y, self.U, self.b) + tg.linear(h, self.W) + Rx
        h = self.phi(a)
        return h

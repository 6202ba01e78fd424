"""Recurrent cells: one time step each, in the equations and the names of the lectures.

A cell is called as ``cell(state, x)`` and returns the next state: PyTorch's take x first. Rows are examples: x is
(N, I) for a batch and (I,) for a single sequence. ``U`` reads the input, ``W`` the state, as in ``a = b + W h + U x``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg

from .init import Initializer, Rng, drawing, glorot, orthogonal, zeros
from .module import Arrays, Module
from .order import as_state, check_order
from .torch_layouts import affine_from_torch, affine_to_torch

State = Any  # a Tensor or an array; a tuple of them where a cell keeps several
Nonlinearity = str | Callable[[Any], Any]


def itself(x: Any) -> Any:
    """Return `x` itself."""
    return x


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": tg.tanh,
    "relu": tg.relu,
    "logistic": tg.sigmoid,
    "linear": itself,
}


def activation(nonlinearity: Nonlinearity) -> Callable[[Any], Any]:
    """Return the function of that name: tanh, relu, logistic or linear; a function is returned as it is."""
    if callable(nonlinearity):
        return nonlinearity
    if nonlinearity not in ACTIVATIONS:
        raise ValueError(f"nonlinearity should be one of {sorted(ACTIVATIONS)}, not {nonlinearity!r}")
    return ACTIVATIONS[nonlinearity]


def check_sizes(**sizes: int) -> None:
    """Raise ValueError unless every size is a positive integer."""
    for name, size in sizes.items():
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"{name} should be a positive integer, not {size!r}")


class Cell(Module):
    """Base of cells, also of your own: sizes, the initial state, and what of the state others see.

    A cell of one's own has parameters, and the equations of one time step. With `tg.linear` they hold for a
    single vector and for a batch.

    The state comes first, ``cell(h, x)``, where PyTorch's cells are called ``cell(x, h)``. What is called so where
    both have one size ends in an error as soon as the cell is given a state that it returned, in the second time
    step; a single call with arrays of one's own cannot be told from a right one.

    Parameters
    ----------
    input_size : int
        Features of x.
    state_sizes : int or tuple of int
        Features of the state; a tuple where the state is one.
    output_size : int, optional
        Features of `output`; those of the state, or of its first part, when not given.

    Attributes
    ----------
    state_names : tuple of str
        Names of the parameters that hold a learned initial state.

    Examples
    --------
    >>> import rnn
    >>> class Leaky(rnn.Cell):
    ...     def __init__(self, input_size, hidden_size, rng):
    ...         super().__init__(input_size, hidden_size)
    ...         self.U = tg.parameter(rng.normal(size=(hidden_size, input_size)))
    ...         self.W = tg.parameter(rng.normal(size=(hidden_size, hidden_size)))
    ...
    ...     def __call__(self, h, x):
    ...         h = 0.9 * h + 0.1 * np.tanh(tg.linear(x, self.U) + tg.linear(h, self.W))
    ...         return h
    >>> model = rnn.ManyToOne(Leaky(3, 8, np.random.default_rng(0)), 2, rng=0)
    >>> model(np.zeros((5, 4, 3))).shape, model(np.zeros((5, 3))).shape
    ((4, 2), (2,))
    """

    input_size: int
    output_size: int
    state_sizes: Any
    state_names: tuple[str, ...] = ("h0",)

    def __init__(self, input_size: int | None = None, state_sizes: Any = None, output_size: int | None = None) -> None:
        if input_size is None or state_sizes is None:
            return  # told where a size is asked for
        state_sizes = tuple(state_sizes) if isinstance(state_sizes, (list, tuple)) else state_sizes
        shown = first(state_sizes) if output_size is None else output_size
        check_sizes(input_size=input_size, state_sizes=first(state_sizes), output_size=shown)
        self.input_size, self.state_sizes, self.output_size = input_size, state_sizes, shown

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            kind = type(self).__name__
            if name in ("input_size", "state_sizes", "output_size"):
                remedy = "begin its __init__ with super().__init__(input_size, state_sizes)"
                raise AttributeError(f"{kind} has no {name}: {remedy}", name=name, obj=self)
            return super().__getattr__(name)

    def __call__(self, state: State, x: ArrayLike) -> State:
        """Return the state after one time step."""
        raise NotImplementedError(
            f"{type(self).__name__} has no equations: "
            "give it def __call__(self, state, x), which returns the next state"
        )

    def output(self, state: State) -> Any:
        """Return the part of the state that a readout or the next layer sees: of a tuple the first."""
        return first(state)

    def initial_state(self, batch: tuple[int, ...] = ()) -> State:
        """Return the state before the first time step: zeros, or the learned one for each example."""
        names, sizes = self._initial_names(), self.state_sizes
        if isinstance(sizes, tuple):
            return tuple(self._initial(n, s, batch) for n, s in zip(names, sizes, strict=True))
        return as_state(self._initial(names[0], sizes, batch))

    def _initial_names(self) -> tuple[str, ...]:
        parts = len(self.state_sizes) if isinstance(self.state_sizes, tuple) else 1
        if len(self.state_names) == parts:
            return self.state_names
        return tuple(f"{self.state_names[0]}_{part}" for part in range(1, parts + 1))

    def _initial(self, name: str, size: int, batch: tuple[int, ...]) -> tg.Tensor | np.ndarray:
        learned = getattr(self, name, None)
        blank = np.zeros((*batch, size), self.dtype)
        return blank if learned is None else learned + blank if batch else learned

    def learn_initial_state(self, dtype: DTypeLike) -> None:
        """Make the initial state a parameter, zero at first."""
        sizes = self.state_sizes if isinstance(self.state_sizes, tuple) else (self.state_sizes,)
        for name, size in zip(self._initial_names(), sizes, strict=True):
            setattr(self, name, tg.parameter(np.zeros(size, dtype)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.input_size}, {self.state_sizes})"


def check_pair(cell: Cell, state: State) -> None:
    """Raise TypeError unless the state of an LSTM is a pair: an array of two rows would pass for one."""
    if not isinstance(state, (tuple, list)) or len(state) != 2:
        given = f"a {type(state).__name__} of shape {np.shape(state)}"
        raise TypeError(f"{type(cell).__name__} is called with its state (b_c, s) first, and then x, not with {given}")


def first(state: State) -> Any:
    """Return the first part of a state that is a tuple, or the state itself."""
    return first(state[0]) if isinstance(state, tuple) else state


class ElmanCell(Cell):
    """The first model: the hidden state is fed back (rows B1 and B2 of the lectures).

    ``a = b + W h + U x``, ``h = tanh a``, with U H×I, W H×H, b H.

    Parameters
    ----------
    input_size, hidden_size : int
    nonlinearity : {"tanh", "relu", "logistic", "linear"} or function
    bias : bool
    recurrent_bias : bool
        A second bias d beside b, as PyTorch has: it computes the same, but is trained as one of twice the rate.
    learned_state : bool
        Learn h⁽⁰⁾ (the parameter h0) where it is zero otherwise.
    initial_W : function of (shape, rng)
        Makes the first W: `orthogonal` when not given; `identity` with relu is the IRNN of Le et al. (2015).
    rng : numpy.random.Generator or int
        Draws U (Glorot) and W; b and d start at zero.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> cell = ElmanCell(4, 20, rng=0)
    >>> cell.num_parameters(), cell(cell.initial_state(), [8.0, 10.0, 12.0, 10.0]).shape
    (500, (20,))
    >>> import rnn
    >>> ElmanCell(4, 2, "relu", initial_W=rnn.identity, rng=0).W.data
    array([[1., 0.],
           [0., 1.]])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: Nonlinearity = "tanh",
        bias: bool = True,
        *,
        recurrent_bias: bool = False,
        learned_state: bool = False,
        initial_W: Initializer = orthogonal,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(hidden_size=hidden_size)
        super().__init__(input_size, hidden_size)
        self.phi = activation(nonlinearity)
        draw = drawing(rng, dtype)
        self.U = draw(glorot, hidden_size, input_size)
        self.W = draw(initial_W, hidden_size, hidden_size)
        self.b = draw(zeros, hidden_size) if bias else None
        self.d = draw(zeros, hidden_size) if recurrent_bias else None
        if learned_state:
            self.learn_initial_state(dtype)

    def __call__(self, h: State, x: ArrayLike) -> tg.Tensor:
        """Return the next h, (N, H) or (H,)."""
        check_order(self, h, x)
        if self.phi is itself:  # h is the affine map itself, and is drawn as h
            h = tg.linear(x, self.U, self.b) + tg.linear(h, self.W, self.d)
            return as_state(h, self)
        a = tg.linear(x, self.U, self.b) + tg.linear(h, self.W, self.d)
        h = self.phi(a)
        return as_state(h, self)

    def to_torch(self, own: Arrays) -> Arrays:
        """Return the parameters of PyTorch's RNNCell."""
        return affine_to_torch(own)

    def from_torch(self, arrays: Arrays) -> Arrays:
        """Undo `to_torch`."""
        return affine_from_torch(arrays, two_biases=self.d is not None)


class TiedCell(Cell):
    """The cell with one matrix for input and state: ``h = φ(W (x + h) + b)`` (the notes' ``f(xW + sW + b)``).

    Parameters
    ----------
    size : int
        Features of x, and of the state.
    nonlinearity : {"tanh", "relu", "logistic", "linear"} or function
    bias : bool
    rng : numpy.random.Generator or int
        Draws W (orthogonal); b starts at zero.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> cell = TiedCell(5, rng=0)
    >>> cell.num_parameters() == 5 * 5 + 5
    True
    """

    def __init__(
        self,
        size: int,
        nonlinearity: Nonlinearity = "tanh",
        bias: bool = True,
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(size=size)
        super().__init__(size, size)
        self.phi = activation(nonlinearity)
        draw = drawing(rng, dtype)
        self.W = draw(orthogonal, size, size)
        self.b = draw(zeros, size) if bias else None

    def __call__(self, h: State, x: ArrayLike) -> tg.Tensor:
        """Return the next h, (N, D) or (D,): x and h may change places."""
        a = tg.linear(x + h, self.W, self.b)
        h = self.phi(a)
        return h


class JordanCell(Cell):
    """The second model: the output is fed back, so the state is ŷ (row B4).

    ``a = b + W ŷ + U x``, ``h = φ a``, ``o = c + V h``, ``ŷ = σ₂(o)``, with W H×K and V K×H.
    Under teacher forcing (row B5) the target y⁽ᵗ⁻¹⁾ is given as the state: see `unroll`.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
    nonlinearity, output_nonlinearity : {"tanh", "relu", "logistic", "linear"} or function
        φ and σ₂.
    learned_state : bool
        Learn ŷ⁽⁰⁾ (the parameter y0) where it is zero otherwise.
    rng : numpy.random.Generator or int
        Draws U, W and V (Glorot); b and c start at zero.
    dtype : dtype
        Of the parameters.

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
        nonlinearity: Nonlinearity = "tanh",
        output_nonlinearity: Nonlinearity = "linear",
        *,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(hidden_size=hidden_size)
        super().__init__(input_size, output_size)
        self.phi = activation(nonlinearity)
        self.sigma = activation(output_nonlinearity)
        draw = drawing(rng, dtype)
        self.U = draw(glorot, hidden_size, input_size)
        self.W = draw(glorot, hidden_size, output_size)
        self.b = draw(zeros, hidden_size)
        self.V = draw(glorot, output_size, hidden_size)
        self.c = draw(zeros, output_size)
        if learned_state:
            self.learn_initial_state(dtype)

    def __call__(self, ŷ: State, x: ArrayLike) -> tg.Tensor:
        """Return the next ŷ, (N, K) or (K,)."""
        check_order(self, ŷ, x)
        a = tg.linear(x, self.U, self.b) + tg.linear(ŷ, self.W)
        h = self.phi(a)
        ŷ = self._answer(h)
        return as_state(ŷ, self)

    def _answer(self, h: tg.Tensor) -> tg.Tensor:
        if self.sigma is itself:  # ŷ is the affine map itself, and is drawn as ŷ
            return tg.linear(h, self.V, self.c)
        o = tg.linear(h, self.V, self.c)
        return self.sigma(o)


class ConditionedCell(Cell):
    """The cell of one-to-many: what it wrote last, and a vector seen at every time step (row B7).

    ``h = φ(W h + U y⁽ᵗ⁻¹⁾ + R x + b)``; `look` computes R x once, `__call__` takes it as `Rx`.

    Parameters
    ----------
    input_size, hidden_size, context_size : int
        Features of y, of h, and of the vector x.
    nonlinearity : {"tanh", "relu", "logistic", "linear"} or function
    rng : numpy.random.Generator or int
        Draws W (orthogonal), U and R (Glorot); b starts at zero.
    dtype : dtype
        Of the parameters.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        context_size: int,
        nonlinearity: Nonlinearity = "tanh",
        *,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(hidden_size=hidden_size, context_size=context_size)
        super().__init__(input_size, hidden_size)
        self.phi = activation(nonlinearity)
        draw = drawing(rng, dtype)
        self.W = draw(orthogonal, hidden_size, hidden_size)
        self.U = draw(glorot, hidden_size, input_size)
        self.R = draw(glorot, hidden_size, context_size)
        self.b = draw(zeros, hidden_size)

    def look(self, x: ArrayLike) -> tg.Tensor:
        """Return R x, (N, H) or (H,), for the vector x, (N, m) or (m,)."""
        return tg.linear(x, self.R)

    def __call__(self, h: State, y: ArrayLike, Rx: ArrayLike = 0.0) -> tg.Tensor:
        """Return the next h, (N, H) or (H,), from what was written last and R x."""
        check_order(self, h, y)
        a = tg.linear(y, self.U, self.b) + tg.linear(h, self.W) + Rx
        h = self.phi(a)
        return as_state(h, self)

"""Layer normalisation, and cells that normalise what they sum up (Ba, Kiros and Hinton 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg

from .cells import Cell, ElmanCell, Nonlinearity, State, check_pair, check_sizes
from .gated import LSTMCell
from .init import Rng, drawing, glorot, orthogonal, stacked
from .module import Arrays, Module
from .order import as_state, check_order
from .unrolling import each_timestep


class LayerNorm(Module):
    """Normalise the features of each example: ``y = g ⊙ (x − μ) / √(σ² + ε) + b``.

    It is PyTorch's LayerNorm, in a state dict too.

    Parameters
    ----------
    normalized_shape : int or tuple of int
        Lengths of the last axes, over which mean and variance are taken.
    eps : float
        ε.
    elementwise_affine : bool
        Whether there are a gain g and a bias b, which start at one and at zero.
    bias : bool
        Whether there is b beside g.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> LayerNorm(4)(np.array([[1.0, 2.0, 3.0, 4.0]])).data.round(3)
    array([[-1.342, -0.447,  0.447,  1.342]])
    """

    names_in_torch = MappingProxyType({"g": "weight", "b": "bias"})

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: DTypeLike = np.float64,
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, (int, np.integer)) else tuple(normalized_shape)
        if not shape or min(shape) < 1:
            raise ValueError(f"normalized_shape should hold positive integers, not {normalized_shape!r}")
        self.shape, self.eps = shape, eps
        self.input_size = self.output_size = shape[-1]
        self.g = tg.parameter(np.ones(shape, dtype)) if elementwise_affine else None
        self.b = tg.parameter(np.zeros(shape, dtype)) if elementwise_affine and bias else None

    def __call__(self, xs: Any) -> Any:
        """Return y, in the shape of xs; of a list over the time steps, a list."""
        if isinstance(xs, (list, tuple)):
            return each_timestep(self, xs)
        if xs.shape[-len(self.shape) :] != self.shape:
            raise ValueError(f"{self!r} normalises features of shape {self.shape}, not the last of {xs.shape}")
        axes = tuple(range(-len(self.shape), 0))
        μ = tg.mean(xs, axis=axes, keepdims=True)
        σ = tg.sqrt(tg.var(xs, axis=axes, keepdims=True) + self.eps)
        x̂ = (xs - μ) / σ
        if self.g is None:
            return x̂
        y = self.g * x̂ if self.b is None else self.g * x̂ + self.b
        return y

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shape[0] if len(self.shape) == 1 else self.shape})"


class LayerNormElmanCell(ElmanCell):
    """The first model with its sum normalised: ``a = LN(U x + W h)``, ``h = φ(a)`` (eq. 4 of the paper).

    Parameters
    ----------
    input_size, hidden_size : int
    nonlinearity : {"tanh", "relu", "logistic", "linear"} or function
    learned_state : bool
        Learn h⁽⁰⁾ (the parameter h0).
    rng : numpy.random.Generator or int
        Draws U (Glorot) and W (orthogonal).
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> cell = LayerNormElmanCell(3, 5, rng=0)
    >>> list(cell.parameters())
    ['U', 'W', 'norm.g', 'norm.b']
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: Nonlinearity = "tanh",
        *,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__(
            input_size, hidden_size, nonlinearity, bias=False, learned_state=learned_state, rng=rng, dtype=dtype
        )
        self.norm = LayerNorm(hidden_size, dtype=dtype)

    def __call__(self, h: State, x: ArrayLike) -> tg.Tensor:
        """Return the next h, (N, H) or (H,)."""
        check_order(self, h, x)
        a = self.norm(tg.linear(x, self.U) + tg.linear(h, self.W))
        h = self.phi(a)
        return as_state(h, self)


class LayerNormLSTMCell(LSTMCell):
    """The LSTM with its sums and its memory normalised (eqs. 20 to 22 of the paper).

    ``a = LN(U x) + LN(W b_c)``, ``b_c = b_ω ⊙ tanh(LN(s))``. The state and the blocks of U and W are those of
    `LSTMCell`; the biases are those of the normalisations.

    Parameters
    ----------
    input_size, hidden_size : int
    forget_bias : float
        Start of φ's bias; 1 keeps s at first.
    learned_state : bool
        Learn the initial state (parameters b_c0 and s0).
    rng : numpy.random.Generator or int
        Draws U (Glorot) and W (orthogonal), each gate by itself.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> cell = LayerNormLSTMCell(3, 5, rng=0)
    >>> cell.num_parameters() == 4 * 5 * (3 + 5) + 2 * (20 + 20 + 5)
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 1.0,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__(input_size, hidden_size, bias=False, learned_state=learned_state, rng=rng, dtype=dtype)
        self.norm_x = LayerNorm(4 * hidden_size, dtype=dtype)
        self.norm_h = LayerNorm(4 * hidden_size, dtype=dtype)
        self.norm_s = LayerNorm(hidden_size, dtype=dtype)
        start = np.repeat([0.0, forget_bias, 0.0, 0.0], hidden_size)
        self.norm_x.b = tg.parameter(start.astype(dtype))
        for name in "xhs":
            getattr(self, f"norm_{name}").mark(name)

    def __call__(self, state: tuple[State, State], x: ArrayLike) -> tuple[tg.Tensor, tg.Tensor]:
        """Return the next b_c and s, (N, H) or (H,) each."""
        check_pair(self, state)
        b_c, s = state
        H = self.output_size
        a = self.norm_x(tg.linear(x, self.U)) + self.norm_h(tg.linear(b_c, self.W))
        b = tg.sigmoid(a[..., : 3 * H])
        b_ι = b[..., :H]
        b_φ = b[..., H : 2 * H]
        b_ω = b[..., 2 * H :]
        s = b_φ * s + b_ι * tg.tanh(a[..., 3 * H :])
        b_c = b_ω * tg.tanh(self.norm_s(s))
        return b_c, s

    def to_torch(self, own: Arrays) -> Arrays:
        """Return the parameters as they are: PyTorch has no such cell."""
        return own

    def from_torch(self, arrays: Arrays) -> Arrays:
        """Undo `to_torch`."""
        return arrays


class LayerNormGRUCell(Cell):
    """The GRU with its sums normalised (eqs. 23 to 25 of the paper).

    ``z, r = σ(LN(U₁ x) + LN(W₁ h))``, ``h̃ = tanh(LN(U₂ x) + r ⊙ LN(W₂ h))``, ``h = (1−z)⊙h + z⊙h̃``; U₁ and W₁ are
    the first 2H rows of U (3H×I) and W (3H×H).

    Parameters
    ----------
    input_size, hidden_size : int
    learned_state : bool
        Learn h⁽⁰⁾ (the parameter h0).
    rng : numpy.random.Generator or int
        Draws U (Glorot) and W (orthogonal), each gate by itself.
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> LayerNormGRUCell(3, 5, rng=0).num_parameters() == 3 * 5 * (3 + 5) + 4 * 3 * 5
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        learned_state: bool = False,
        rng: Rng = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        check_sizes(hidden_size=hidden_size)
        super().__init__(input_size, hidden_size)
        draw = drawing(rng, dtype)
        self.U = draw(stacked(glorot, 3), 3 * hidden_size, input_size)
        self.W = draw(stacked(orthogonal, 3), 3 * hidden_size, hidden_size)
        self.norm_x, self.norm_h = (LayerNorm(2 * hidden_size, dtype=dtype) for _ in range(2))
        self.norm_x̃, self.norm_h̃ = (LayerNorm(hidden_size, dtype=dtype) for _ in range(2))
        for name in ("x", "h", "x̃", "h̃"):
            getattr(self, f"norm_{name}").mark(name)
        if learned_state:
            self.learn_initial_state(dtype)

    def __call__(self, h: State, x: ArrayLike) -> tg.Tensor:
        """Return the next h, (N, H) or (H,)."""
        check_order(self, h, x)
        H = self.output_size
        Ux, Wh = tg.linear(x, self.U), tg.linear(h, self.W)
        gates = tg.sigmoid(self.norm_x(Ux[..., : 2 * H]) + self.norm_h(Wh[..., : 2 * H]))
        z = gates[..., :H]
        r = gates[..., H:]
        h̃ = tg.tanh(self.norm_x̃(Ux[..., 2 * H :]) + r * self.norm_h̃(Wh[..., 2 * H :]))
        h = (1 - z) * h + z * h̃
        return as_state(h, self)

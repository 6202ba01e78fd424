"""Three networks whose weights are set by hand (section D of the lectures)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .cells import ElmanCell, JordanCell, Nonlinearity
from .models import ManyToMany
from .module import Module
from .unrolling import each_timestep, unroll

threshold = tg.op(lambda a: np.heaviside(a, 0.0), vjp=lambda g, y, a: g * np.zeros_like(a), name="threshold")


def summing_network() -> ManyToMany:
    """Return the network whose linear unit sums its inputs: all weights are 1.

    Examples
    --------
    >>> [float(o.data[0]) for o in summing_network()([[2.0], [-0.5], [1.0], [1.0]])]
    [2.0, 1.5, 2.5, 3.5]
    """
    cell = ElmanCell(1, 1, "linear", rng=0)
    network = ManyToMany(cell, 1, rng=0)
    _set(cell, U=[[1.0]], W=[[1.0]])
    _set(network.readout, V=[[1.0]])
    return network


class ComparingNetwork(Module):
    """Which of two inputs has the larger total so far: near 1 the first, near 0 the second.

    Examples
    --------
    >>> outputs = ComparingNetwork()([[2.0, -2.0], [0.0, 3.5], [1.0, 2.2]])
    >>> [round(float(ŷ.data[0]), 2) for ŷ in outputs]
    [1.0, 0.92, 0.03]
    """

    def __init__(self) -> None:
        cell = ElmanCell(2, 1, "linear", rng=0)
        self.network = ManyToMany(cell, 1, rng=0)
        _set(cell, U=[[1.0, -1.0]], W=[[1.0]])
        _set(self.network.readout, V=[[5.0]])

    def __call__(self, xs: ArrayLike) -> list[tg.Tensor]:
        """Return ŷ⁽ᵗ⁾ = logistic(5 h⁽ᵗ⁾), (1,) each, for numbers (T, 2)."""
        return each_timestep(self._answer, self.network(xs))

    def _answer(self, o: tg.Tensor) -> tg.Tensor:
        ŷ = tg.sigmoid(o)
        return ŷ


class ParityNetwork(Module):
    """Whether the ones so far are odd in number: h₁ = AND and h₂ = OR of the bit and the last answer.

    ``h₁ = φ(x + ŷ⁽ᵗ⁻¹⁾ − 1.5)``, ``h₂ = φ(x + ŷ⁽ᵗ⁻¹⁾ − 0.5)``, ``ŷ = φ(h₂ − h₁ − 0.5)``.

    Parameters
    ----------
    gain : float, optional
        Logistic units of that gain, ``φ(a) = logistic(gain · a)``; threshold units when not given.

    Examples
    --------
    >>> ParityNetwork().parity([1, 0, 1, 1])
    [1, 1, 0, 1]
    """

    def __init__(self, gain: float | None = None) -> None:
        phi: Nonlinearity = threshold if gain is None else lambda a: tg.sigmoid(gain * a)
        self.cell = JordanCell(1, 2, 1, phi, phi, rng=0)
        _set(self.cell, U=[[1.0], [1.0]], W=[[1.0], [1.0]], b=[-1.5, -0.5], V=[[-1.0, 1.0]], c=[-0.5])

    def __call__(self, xs: ArrayLike) -> list[tg.Tensor]:
        """Return ŷ⁽ᵗ⁾, (1,) each, for bits (T, 1)."""
        return unroll(self.cell, xs)[0]

    def parity(self, bits: ArrayLike) -> list[int]:
        """Return the parity of the bits up to each place, from the outputs rounded."""
        with tg.no_grad():
            outputs = self(np.asarray(bits, dtype=float).reshape(-1, 1))
        return [int(ŷ.item() > 0.5) for ŷ in outputs]


def _set(module: Module, **values: ArrayLike) -> None:
    """Set some parameters; biases are 0 where nothing else is said."""
    for name, value in values.items():
        getattr(module, name).data = value

"""Dynamical systems that are unrolled like networks: linear ones (row A1), Euler's method (row A5)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import tinygraph as tg

from .cells import ElmanCell, State
from .module import Module


def evolve(f: Callable[[State, int], State], s: State, steps: int) -> list[State]:
    """Return s⁽⁰⁾, s⁽¹⁾, … after so many time steps, with ``s⁽ᵗ⁾ = f(s⁽ᵗ⁻¹⁾, t − 1)`` (row A2).

    Examples
    --------
    >>> evolve(lambda s, t: 2 * s + t, 1, 3)
    [1, 2, 5, 12]
    """
    states = [s]
    for t in range(1, steps + 1):
        with tg.timestep(t):
            s = f(s, t - 1)
        states.append(s)
    return states


class LinearSystem(Module):
    """The system ``s⁽ᵗ⁺¹⁾ = W s⁽ᵗ⁾ + b``: D² + D parameters for any number of time steps (row A1).

    Parameters
    ----------
    W : (D, D) array_like
    b : (D,) array_like
    dtype : dtype
        Of the parameters.

    Examples
    --------
    >>> system = LinearSystem([[0.5, 0.0], [0.0, 2.0]], [1.0, 0.0])
    >>> system.run(np.array([2.0, 1.0]), 2)[-1].data
    array([2., 4.])
    >>> system.power(2)
    (array([[0.25, 0.  ],
           [0.  , 4.  ]]), array([1.5, 0. ]))

    W and b are learned from the states that the system went through:

    >>> import rnn
    >>> states = np.array([s.data for s in system.run(tg.tensor([2.0, 1.0]), 4)])
    >>> learned = LinearSystem(np.zeros((2, 2)), np.zeros(2))
    >>> def unrolled(model, batch):
    ...     return model.run(batch.inputs, len(batch.targets))[1:]
    >>> history = rnn.fit(learned, (states[0], states[1:]), epochs=300, forward=unrolled,
    ...                   optimizer=rnn.Adam(learned, lr=0.05), quiet=True)
    >>> history.train[-1] < 1e-3 * history.train[0]
    True
    """

    def __init__(self, W: ArrayLike, b: ArrayLike, dtype: DTypeLike = np.float64) -> None:
        self.W = tg.parameter(np.asarray(W, dtype))
        self.b = tg.parameter(np.asarray(b, dtype))

    def __call__(self, s: State, t: int = 0) -> tg.Tensor:
        """Return W s + b, (D,), whatever the time."""
        s = tg.linear(s, self.W, self.b)
        return s

    def run(self, s: State, steps: int) -> list[State]:
        """Return s⁽⁰⁾, s⁽¹⁾, … after so many time steps, (D,) each."""
        return evolve(self, s, steps)

    def power(self, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Return W̃ (D, D) and b̃ (D,) of so many time steps at once: Wᵗ and Σₖ₌₀..ₜ₋₁ Wᵏ b."""
        W, b = self.W.data, self.b.data
        power, offset = np.eye(len(W), dtype=W.dtype), np.zeros_like(b)
        for _ in range(steps):
            power, offset = W @ power, W @ offset + b
        return power, offset


def euler(g: Callable[[State, float], State], s: State, step: float, steps: int) -> list[State]:
    """Return the solution of ``ds/dt = g(s, t)`` by Euler's method: ``s⁽ⁿ⁺¹⁾ = s⁽ⁿ⁾ + h g(s⁽ⁿ⁾, n h)`` (row A5).

    Time is n h; the notes print the number of the step where the time is meant.

    Parameters
    ----------
    g : function of the state and the time
    s : s⁽⁰⁾
    step : float
        h.
    steps : int

    Examples
    --------
    >>> euler(lambda s, t: s, 1.0, 0.5, 2)
    [1.0, 1.5, 2.25]
    """
    return evolve(lambda s, n: s + step * g(s, n * step), s, steps)


class ForcedOscillator(Module):
    """The oscillator ``s″ = −k s + A cos t``, with k for the notes' k/m and A for A/m; the state is (s, v).

    Parameters
    ----------
    k, A : float
        Starting values of the parameters.

    Examples
    --------
    >>> oscillator = ForcedOscillator(k=4.0, A=1.0)
    >>> states = oscillator.run(step=0.01, steps=1_000)
    >>> round(abs(float(states[-1].data[0]) - oscillation(10.0, 4.0, 1.0)), 4)
    0.0289
    """

    def __init__(self, k: float, A: float) -> None:
        self.k = tg.parameter(float(k))
        self.A = tg.parameter(float(A))

    def __call__(self, state: State, t: float) -> tg.Tensor:
        """Return ds/dt and dv/dt at the time t, (2,)."""
        s, v = state[0], state[1]
        a = self.A * np.cos(t) - self.k * s
        return tg.stack([v, a])

    def run(self, step: float, steps: int, start: ArrayLike = (0.0, 0.0)) -> list[State]:
        """Return the states (s, v) at the times 0, h, 2h, …, (2,) each."""
        return euler(self, np.asarray(start, dtype=float), step, steps)

    def cell(self, step: float) -> ElmanCell:
        """Return Euler's step as a linear recurrent cell that reads cos(n h)."""
        cell = ElmanCell(1, 2, "linear", bias=False, rng=0)
        cell.W.data = np.array([[1.0, step], [-step * self.k.item(), 1.0]])
        cell.U.data = np.array([[0.0], [step * self.A.item()]])
        return cell


def oscillation(t: float, k: float, A: float) -> float:
    """Return the exact s(t) of the forced oscillator from rest, ``A (cos t − cos ω₀t) / (ω₀² − 1)``, ω₀ = √k.

    Examples
    --------
    >>> round(oscillation(10.0, 4.0, 1.0), 5)
    -0.41572
    """
    if k == 1:
        return float(A * t * np.sin(t) / 2)
    return float(A * (np.cos(t) - np.cos(np.sqrt(k) * t)) / (k - 1))

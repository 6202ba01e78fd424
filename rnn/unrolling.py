"""The loops over time: a cell that reads a sequence, and one that writes a sequence, in labelled time steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import tinygraph as tg

from .cells import Cell, State, itself
from .checks import Lengths, Step, check_next_state, initial_state, mask, of_dtype, sequence
from .order import as_state

Feed = Callable[[Any], Any]  # from an output to the next input
Forced = Sequence[State] | np.ndarray | None  # T targets that are fed back


def unroll(
    cell: Step,
    xs: ArrayLike,
    state: State = None,
    lengths: Lengths = None,
    *,
    readout: Callable[[State], Any] | None = None,
    forced: Forced = None,
    reverse: bool = False,
) -> tuple[list[Any], State]:
    """Run a cell over a sequence: ``state = cell(state, x⁽ᵗ⁾)`` for t = 1 … T.

    Parameters
    ----------
    cell : Cell or function
        Any function (state, x) → state will do.
    xs : array, tensor or list of T of them
        (T, N, I) for N sequences, (T, I) for a single one.
    state : optional
        The state before the first time step. May be left out where `cell` is a `Cell`.
    lengths : array of N integers, optional
        Sequence n has its values at t ≤ lengths[n]. In the masked time steps after that its state stays
        as it is, and nothing flows into or out of its padding.
    readout : function, optional
        Makes the output of the state, in each time step; ``cell.output`` when not given.
    forced : sequence of T states, optional
        Teacher forcing (row B5): time step t starts from forced[t−2], the target of t−1.
    reverse : bool
        Go from T down to 1 (row B8).

    Returns
    -------
    outputs : list of T outputs, outputs[t−1] of time step t
    state : the state at the end

    Raises
    ------
    ValueError, TypeError
        When sizes, lengths, dtypes or states do not fit the cell.

    Examples
    --------
    >>> import numpy as np
    >>> outputs, state = unroll(lambda s, x: 0.5 * s + x, np.ones((3, 1)), np.zeros(1))
    >>> [float(s[0]) for s in outputs]
    [1.0, 1.5, 1.75]
    """
    inputs = sequence(cell, xs)
    T, batch = len(inputs), inputs[0].shape[:-1]
    state = _recorded(initial_state(cell, state, batch))
    as_state(state)
    active = None if lengths is None else mask(lengths, T, batch)
    if active is not None:
        inputs = _without_padding(inputs, active)
    if forced is not None and isinstance(cell, Cell):
        forced = of_dtype(forced, cell.dtype, "the forced states")
    if forced is not None and (len(forced) != T or reverse):
        raise ValueError(f"forced should hold {T} states, in the order of time; it holds {len(forced)}")
    read = getattr(cell, "output", itself) if readout is None else readout
    outputs: list[Any] = [None] * T
    first = T if reverse else 1
    for t in range(T, 0, -1) if reverse else range(1, T + 1):
        with tg.timestep(t):
            if forced is not None and t > 1:
                state = forced[t - 2]
            x = inputs[t - 1]
            new = cell(state, x)
            if t == first:
                check_next_state(cell, state, new)
            state = new if active is None else _where(active[t - 1], new, state)
            as_state(state)
            outputs[t - 1] = read(state)
    return outputs, state


def _recorded(state: State) -> State:
    """Return an initial state as Tensors: what is made of it and another array, such as ``[h, x]``, is recorded too."""
    if isinstance(state, tuple):
        return tuple(map(_recorded, state))
    return tg.tensor(state) if isinstance(state, np.ndarray) and state.dtype.kind == "f" else state


def _where(active: np.ndarray, new: State, old: State) -> State:
    if new is old:  # what does not change needs no mask
        return new
    if isinstance(new, tuple):
        return tuple(_where(active, n, o) for n, o in zip(new, old, strict=True))
    state = tg.where(active, new, old)
    if isinstance(new, tg.Tensor) and new.name:  # it is drawn as the state, and what only some have as new
        state.name, new.name = new.name, f"{new.name}_new"
    return state


def _without_padding(xs: Any, active: np.ndarray) -> Any:
    """Put zeros into the padding, so that not even a NaN that stands there can reach a gradient."""
    if isinstance(xs, list):
        return [_without_padding(x, a) for x, a in zip(xs, active, strict=True)]
    return tg.where(active, xs, np.zeros((), xs.dtype))


def decode(
    step: Step,
    readout: Callable[[State], Any],
    state: State,
    start: ArrayLike,
    *,
    targets: ArrayLike | None = None,
    steps: int | None = None,
    feed: Feed | None = None,
) -> list[Any]:
    """Write a sequence: ``state = step(state, y⁽ᵗ⁻¹⁾)``, ``o⁽ᵗ⁾ = readout(state)`` (rows B5, B7, B9).

    Parameters
    ----------
    step : function of (state, y)
        Makes the next state.
    readout : function of state
        Makes the output.
    state
        The state before the first time step.
    start : (N, K) or (K,)
        y⁽⁰⁾.
    targets : (T, N, K) or (T, K), optional
        Teacher forcing: y⁽ᵗ⁻¹⁾ is the target of the time step before.
    steps : int, optional
        Without targets, how many time steps to run free: y⁽ᵗ⁻¹⁾ is ``feed(o⁽ᵗ⁻¹⁾)``.
    feed : function, optional
        The output itself when not given.

    Returns
    -------
    list of outputs, one a time step

    Raises
    ------
    ValueError, TypeError
        When there are both targets and steps, or neither, or targets of another dtype than `start`.

    Examples
    --------
    >>> decode(lambda s, y: s + y, lambda s: 2 * s, 1, 0, steps=3)
    [2, 6, 18]
    >>> [int(o) for o in decode(lambda s, y: s + y, lambda s: 2 * s, 1, 0, targets=[5, 5, 5])]
    [2, 12, 22]
    """
    if (targets is None) == (steps is None):
        raise ValueError("give either targets (teacher forcing) or a number of steps (running free)")
    forced = None if targets is None else of_dtype(targets, np.asarray(start).dtype, "the targets fed back")
    feed = itself if feed is None else feed
    state = _recorded(state)
    as_state(state)
    outputs: list[Any] = []
    y = start
    for t in range(1, 1 + ((steps or 0) if forced is None else len(forced))):
        with tg.timestep(t):
            state = step(state, y)
            o = readout(state)
            outputs.append(o)
            y = feed(o) if forced is None else forced[t - 1]
    return outputs


def each_timestep(function: Callable[..., Any], *sequences: Sequence[Any]) -> list[Any]:
    """Return ``function(x⁽ᵗ⁾, …)`` for t = 1 … T, computed in time step t.

    Examples
    --------
    >>> each_timestep(lambda h, g: 10 * h + g, [1, 2], [3, 4])
    [13, 24]
    """
    steps = {len(sequence) for sequence in sequences}
    if len(steps) > 1:
        raise ValueError(f"sequences of {' and '.join(map(str, sorted(steps)))} time steps do not run side by side")
    results = []
    for t in range(1, steps.pop() + 1):
        with tg.timestep(t):
            results.append(function(*[sequence[t - 1] for sequence in sequences]))
    return results

"""forward: the values of the forward pass by time step and scope, and the weights that carry the state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..numeric import norm
from ..recording.node import Node
from ..tracing.trace import Trace
from .symptoms.units import LITTLE_SLOPE, NO_SLOPE, slope

_PRODUCTS = {"matmul", "dot", "linear", "linear_bias", "einsum"}


class Values(NamedTuple):
    """What a value is like.

    Attributes
    ----------
    name, scope : str
    timestep : int or None
    norm, mean, low, high : float
        Of all elements; ``low`` and ``high`` are the extremes.
    zero : float
        The share of elements that are exactly 0.
    saturated : float or None
        The share of elements with next to no slope, in the squashing function that made the value, or in a nameless
        one that reads it; None where there is none.
    """

    name: str
    scope: str
    timestep: int | None
    norm: float
    mean: float
    low: float
    high: float
    zero: float
    saturated: float | None


class RecurrentWeight(NamedTuple):
    """A parameter that multiplies the state of the time step before.

    Attributes
    ----------
    name : str
    shape : tuple of int
    radius : float or None
        The spectral radius, the largest |eigenvalue|; None where the matrix is not square.
    gain : float
        The largest singular value: by how much it can lengthen a state.
    """

    name: str
    shape: tuple[int, ...]
    radius: float | None
    gain: float


class Forward(NamedTuple):
    """The forward pass in numbers."""

    values: list[Values]
    weights: list[RecurrentWeight]


def forward(trace: Trace, name: str | None = None) -> Forward:
    """Return what the values of a forward pass are like, by time step and scope.

    Parameters
    ----------
    trace : Trace
        A recorded pass.
    name : str, optional
        Only the values of that name: in all time steps, or ``"h[3]"`` in one.

    Raises
    ------
    LookupError
        If there is none.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> W, h = tg.parameter([[0.5, 0.0], [0.0, 3.0]], name="W"), tg.tensor([0.0, 1.0], name="h")
    >>> for t in (1, 2):
    ...     with tg.timestep(t):
    ...         h = np.tanh(W @ h)
    >>> of_h = forward(tg.trace(h.sum()), "h")
    >>> [(row.timestep, round(row.norm, 3), row.zero, row.saturated) for row in of_h.values]
    [(1, 0.995, 0.5, 0.0), (2, 0.995, 0.5, 0.0)]
    >>> of_h.weights
    [RecurrentWeight(name='W', shape=(2, 2), radius=3.0, gain=3.0)]
    """
    symbols = trace.symbols
    nodes = symbols.all(name) if name else [node for node in trace.graph.nodes if symbols.of(node).name != "v"]
    chosen = [node for node in nodes if node.kind == "op" and node.dtype.kind == "f"]
    if name and not chosen:
        chosen = [trace.node(name)]
    chosen.sort(key=lambda node: (symbols.of(node).name, node.scope, node.timestep or 0, node.index))
    return Forward([_values(trace, node) for node in chosen], _recurrent_weights(trace))


def _values(trace: Trace, node: Node) -> Values:
    x = node.data
    finite = x[np.isfinite(x)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (np.nan, np.nan)
    squashed = node if slope(node, x) is not None else _squashed(trace, node)
    slopes = None if squashed is None else slope(squashed, squashed.data)
    least = LITTLE_SLOPE if squashed is not None and squashed is not node and str(squashed.op) == "tanh" else NO_SLOPE
    return Values(
        trace.symbols.of(node).name,
        node.scope,
        node.timestep,
        norm(x),
        float(np.mean(x)) if x.size else np.nan,
        low,
        high,
        float(np.mean(x == 0)) if x.size else 0.0,
        None if slopes is None or not slopes.size else float(np.mean(slopes < least)),
    )


def _squashed(trace: Trace, node: Node) -> Node | None:
    """Return what a tanh or sigmoid makes of a value, if that has no name and no numbers of its own."""
    readers = (reader for reader, _ in trace.graph.consumers(node) if reader.name is None)
    return next((reader for reader in readers if slope(reader, reader.data) is not None), None)


def _recurrent_weights(trace: Trace) -> list[RecurrentWeight]:
    return [
        _measured(str(trace.symbols.of(node)), node.data)
        for node in trace.graph.parameters
        if node.data.ndim == 2 and any(_carries_state(trace, reader) for reader, _ in trace.graph.consumers(node))
    ]


def _carries_state(trace: Trace, reader: Node) -> bool:
    """Tell whether an op, or what it hands a transposed weight to, takes in a value of the time step before."""
    readers = [reader] if str(reader.op) in _PRODUCTS else [next_ for next_, _ in trace.graph.consumers(reader)]
    return any(
        source.kind == "op" and None not in (source.timestep, each.timestep) and source.timestep != each.timestep
        for each in readers
        if str(each.op) in _PRODUCTS
        for source in each.inputs
    )


def _measured(name: str, W: np.ndarray) -> RecurrentWeight:
    if not W.size or not np.isfinite(W).all():
        return RecurrentWeight(name, W.shape, None, float("nan"))
    square = W.shape[0] == W.shape[1]
    radius = float(np.abs(np.linalg.eigvals(W.astype(float))).max()) if square else None
    return RecurrentWeight(name, W.shape, radius, float(np.linalg.norm(W.astype(float), 2)))

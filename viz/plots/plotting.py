"""`viz.plot`: numbers of one network or of several by time step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import tinygraph as tg

from ..api import graph_of
from ..scenes.overlays import trace_of
from ..scenes.scale import Scale
from .charts import NORM, SHARE, Chart, contributions_chart, flow_chart, numbers_chart
from .plot import Plot

Recorded = tg.Tensor | tg.Graph | tg.Trace
Of = str | tg.Tensor | tg.Node | None


def plot(
    x: Recorded | Mapping[str, Recorded] | Mapping[str, Sequence[float]],
    of: Of | Mapping[str, Of] = None,
    *,
    show: str = NORM,
    limits: tuple[float, float] | Plot | None = None,
    title: str | None = None,
) -> Plot:
    """Plot the gradient by time step: how it flows back through the state, or what a parameter's is the sum of.

    Time runs from left to right, so the backward pass from right to left. What is exactly zero is hollow; NaN, infinity
    and what no gradient reaches have a row of their own.

    Parameters
    ----------
    x : Tensor, Graph or Trace, or dict of them or of numbers
        A loss that was recorded; several networks by label are compared in one plot. Columns of plain numbers are drawn
        as lines, as those of ``rnn.fit``'s ``history.data()``; a first one that counts up is the horizontal axis.
    of : str, Tensor or Node, or dict of them by label, optional
        A variable (``"h"``): ‖∂L/∂h⁽ᵗ⁾‖ on a logarithmic axis, and dashed that of the last loss alone where each time
        step has a loss. A parameter (``"W"``): what its uses in each time step contribute to its gradient. By default
        the state, of an LSTM its hidden state and its memory; of several networks one each, where there is one the
        memory, which the next time step takes over as it is or times a gate.
    show : "norm" or "share"
        Of the contributions to a parameter: the norm of each, or its share of the total, below zero where it pulls
        against the total.
    limits : (float, float) or Plot, optional
        Where the vertical axis begins and ends, or a plot that has such an axis; what lies beyond is marked above or
        below. By default it holds all numbers.
    title : str, optional

    Returns
    -------
    Plot
        Like a drawing it shows itself in a notebook and has ``save`` and ``svg``.

    Raises
    ------
    TypeError
        If `x` is nothing that was recorded.
    LookupError
        If nothing is called `of`, or nothing is carried through time.
    ValueError
        If `show` is neither, or ``show="share"`` is asked of a variable, or `limits` are none.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg, viz
    >>> def network(w):
    ...     W, h = tg.parameter([[w]], name="W"), tg.tensor([1.0])
    ...     for t in range(3):
    ...         h = W @ h
    ...     return h.sum()
    >>> plot(network(0.5)).chart.series[0].values
    {1: 0.25, 2: 0.5, 3: 1.0}
    >>> [series.label for series in plot({"weak": network(0.5), "strong": network(2.0)}).chart.series]
    ['weak, h; ×0.5 a step back', 'strong, h; ×2 a step back']
    >>> plot(network(0.5), "W").chart.series[0].values
    {1: 0.25, 2: 0.25, 3: 0.25}
    >>> plot({"epoch": [1, 2, 3], "train": [0.9, 0.5, 0.3], "validation": [0.9, 0.6, 0.7]})
    <Plot 'train and validation': 2 series, 3 places>
    """
    if show not in (NORM, SHARE):
        raise ValueError(f"show must be 'norm' or 'share', not {show!r}")
    networks: Mapping[str, Any] = x if isinstance(x, Mapping) else {"": x}
    if not networks:
        raise ValueError("plot: no network was given")
    if isinstance(x, Mapping) and all(isinstance(column, Sequence | np.ndarray) for column in x.values()):
        if of is not None or show != NORM:
            raise ValueError("plot: of= and show= are of networks, not of columns of numbers")
        return _plot(numbers_chart(networks), title, limits)
    traces = {str(label): _trace(network) for label, network in networks.items()}
    wanted = {label: of.get(label) if isinstance(of, Mapping) else of for label in traces}
    parameters = {label: _parameter(trace, wanted[label]) for label, trace in traces.items()}
    nodes = {label: node for label, node in parameters.items() if node is not None}
    if len(nodes) == len(traces):
        chart = contributions_chart(traces, nodes, show)
    elif show == SHARE:
        raise ValueError("show='share' is of the contributions to a parameter: say which, as in of='W'")
    else:
        chart = flow_chart(traces, {label: _name(trace, wanted[label]) for label, trace in traces.items()})
    return _plot(chart, title, limits)


def _plot(chart: Chart, title: str | None, limits: tuple[float, float] | Plot | None) -> Plot:
    chart = chart if title is None else replace(chart, title=title)
    return Plot(chart, None if limits is None else _axis(limits, chart.logarithmic, chart.kind == "bars"))


def _axis(limits: tuple[float, float] | Plot, logarithmic: bool, bars: bool) -> tuple[float, float]:
    """Return where an axis begins and ends."""
    scale = Scale.between(limits.limits if isinstance(limits, Plot) else limits, logarithmic)
    if bars and not scale.low <= 0 <= scale.high:
        raise ValueError(f"bars stand on 0, which limits must include: not {scale.low:g} to {scale.high:g}")
    return scale.low, scale.high


def check_limits(limits: tuple[float, float], show: str | None) -> None:
    """Refuse limits that no plot of a network has, before there is one; `show` is None where it is not known yet.

    Raises
    ------
    ValueError
        If they are none, or none of what is shown.
    """
    _axis(limits, logarithmic=show == NORM, bars=show == SHARE)


def _trace(x: Recorded) -> tg.Trace:
    return x if isinstance(x, tg.Trace) else tg.trace(x) if isinstance(x, tg.Tensor) else trace_of(graph_of(x))


def _parameter(trace: tg.Trace, of: Of) -> tg.Node | None:
    """Return the leaf that is meant; None where it is a variable."""
    if isinstance(of, str):
        symbols = {node: trace.symbols.of(node) for node in trace.graph.parameters}
        return next((node for node, symbol in symbols.items() if of in (symbol.name, str(symbol), node.name)), None)
    if of is None:
        return None
    node = trace.node(of)
    return None if node.kind == "op" else node


def _name(trace: tg.Trace, of: Of) -> str | None:
    return of if of is None or isinstance(of, str) else trace.symbols.of(trace.node(of)).name

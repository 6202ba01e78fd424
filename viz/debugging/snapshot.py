"""Snapshot: what there is to see at one step of a backward pass, as data; a pure function of (trace, step)."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Any

import numpy as np

from tinygraph.numeric import norm
from tinygraph.recording.node import Node
from tinygraph.recording.source import Source, is_of_a_library, program_source
from tinygraph.tracing.steps import TracedStep
from tinygraph.tracing.trace import Trace

_WHOLE = 36  # arrays of at most so many elements are given whole


def take_snapshot(trace: Trace, k: int) -> dict[str, Any]:
    """Return what there is to see at step `k`, as data that JSON can hold.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter(0.5)
    >>> y = np.square(x)
    >>> first = take_snapshot(tg.trace(y), 0)
    >>> first["op"], first["name"], first["formulas"][0]["text"], first["terms"][0]["term"]["values"]
    ('square', 'y', 'x̄ = ȳ · 2 · x', 1.0)
    """
    step = trace[k]
    node = step.node
    symbol = trace.symbols.of(node)
    return {
        "step": k,
        "steps": len(trace),
        "timestep": node.timestep,
        "timesteps": trace.graph.timesteps,
        "op": str(node.op),
        "name": str(symbol),
        "bar": symbol.bar,
        "scope": node.scope,
        "index": node.index,
        "source": _source(node.source),
        "called_from": _source(_caller(node)),
        "formulas": [formula._asdict() for formula in trace.formulas(k)],
        "adjoint": array_data(step.adjoint),
        "value": array_data(node.data),
        "terms": [_term(trace, step, argument) for argument, term in enumerate(step.contributions) if term is not None],
        "inputs": [_neighbour(trace, source) for source in node.inputs],
        "users": [_neighbour(trace, user) for user, _ in trace.graph.consumers(node)],
    }


def _term(trace: Trace, step: TracedStep, argument: int) -> dict[str, Any]:
    source = step.node.inputs[argument]
    symbol, writes, before = trace.symbols.of(source), trace.writes(source), step.before[argument]
    return {
        "to": str(symbol),
        "bar": symbol.bar,
        "argument": argument,
        "number": bisect_left(writes, (step.index, argument)) + 1,
        "of": len(writes),
        "leaf": source.kind != "op",
        "term": array_data(step.contributions[argument]),
        "before": None if before is None else array_data(before),
        "after": array_data(step.after[argument]),
    }


def _neighbour(trace: Trace, node: Node) -> dict[str, Any]:
    return {
        "name": str(trace.symbols.of(node)),
        "op": None if node.op is None else str(node.op),
        "kind": node.kind,
        "expression": node.expression,
        "step": trace.step_of(node),
        "gradient": node.requires_grad,
    }


def _caller(node: Node) -> Source | None:
    """Return the program's own expression, where `node` was made in a library that it calls."""
    source = node.source
    if source is None or node.call is None or not is_of_a_library(source.filename):
        return None
    caller = program_source(node.call, node.lasti)
    return None if caller == source else caller


def _source(source: Source | None) -> dict[str, Any] | None:
    """Return a place in the program as data."""
    if source is None:
        return None
    return {
        "file": source.filename,
        "line": source.lineno,
        "end_line": source.end_lineno,
        "column": source.column,
        "end_column": source.end_column,
        "text": source.text,
        "expression": source.expression,
        "function": source.function,
    }


def array_data(x: Any) -> dict[str, Any]:
    """Return an array as data: whole if it is small, and its size, norm and extremes."""
    x = np.asarray(x)
    finite = x[np.isfinite(x)]
    return {
        "shape": list(x.shape),
        "dtype": str(x.dtype),
        "norm": json_data(norm(x)),
        "min": json_data(np.min(finite)) if finite.size else None,
        "max": json_data(np.max(finite)) if finite.size else None,
        "nonfinite": int(x.size - finite.size),
        "values": json_data(x) if x.size <= _WHOLE else None,
    }


def json_data(x: Any) -> Any:
    """Return numbers, arrays and what is made of them as JSON knows them; NaN and infinities as words.

    Examples
    --------
    >>> json_data(np.array([1.0, np.nan])), json_data(float("inf"))
    ([1.0, 'nan'], 'inf')
    """
    if isinstance(x, np.ndarray | np.generic):
        return json_data(x.tolist())
    if isinstance(x, list | tuple):
        return [json_data(part) for part in x]
    if isinstance(x, dict):
        return {str(key): json_data(part) for key, part in x.items()}
    if isinstance(x, complex) or (isinstance(x, float) and not math.isfinite(x)):
        return str(x)
    return x

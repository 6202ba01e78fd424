"""A trace as the data of a page: values, steps, terms, formulas, source lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tinygraph.backward.replay import view
from tinygraph.diagnosing.lag_matrix import lag
from tinygraph.diagnosing.loss_terms import entries
from tinygraph.diagnosing.values_by_time import state, variables
from tinygraph.plain_text import clean
from tinygraph.recording.node import Node
from tinygraph.tracing.trace import Trace

from ..scenes.hues import parameter_hues
from ..scenes.labels import symbol
from .arrays import Arrays, short
from .excerpt import ENDS, Excerpt, Gap, GapTerm, Timesteps, in_words, window_of
from .figures import Views
from .formulas import Templates
from .program import Program
from .tables import Distinct, table

MOST_LAGS = 24  # time steps: a lag matrix of more is not readable
EXACT_BYTES = 150_000  # of forward values: up to here every number is kept as it was recorded
_PRODUCTS = ("matmul", "linear", "outer", "dot")


Stop = tuple[str, str] | tuple[str, str, str]  # where, a sentence, and the answer if that is a question


class Contents(NamedTuple):
    """What a page holds: JSON-ready data, and the numbers of all arrays."""

    data: dict[str, Any]
    numbers: bytes


def contents(trace: Trace, title: str, tour: Iterable[Stop] = (), timesteps: Timesteps | None = None) -> Contents:
    """Return the data of a page.

    Parameters
    ----------
    trace : Trace
    title : str
    tour : iterable of tuples
        Stops, each where (``"h[3]"``, or the number of a step), a sentence, and perhaps its answer.
    timesteps : slice, int or iterable of int, optional
        Which time steps to show; see `window_of`.
    """
    window = window_of(trace, timesteps)
    views = Views(trace.graph, window)
    excerpt = Excerpt(trace, window, views.drawn)
    arrays = Arrays(exact=excerpt.forward_bytes <= EXACT_BYTES)
    writer = _Writer(excerpt, arrays)
    steps, terms = writer.steps()
    values = [writer.value(node) for node in excerpt.nodes] + [writer.gap_value(gap) for gap in excerpt.places_of_gaps]
    numbers, entries, rounded = arrays.pack()
    data = {
        "title": clean(title),
        "values": table(values, ["array", "gradient", "step"]),
        "steps": table(steps, ["node"]),
        "terms": table(terms, ["step", "array"]),
        "output": excerpt.places[trace.output.index],
        "parameters": [excerpt.places[node.index] for node in trace.graph.parameters],
        "hues": [(excerpt.places[index], hue) for index, hue in parameter_hues(trace.graph.nodes).items()],
        "variables": writer.variables,
        "timesteps": trace.graph.timesteps if window is None else sorted(window),
        **writer.program.data(),
        "texts": writer.texts.values,
        "arrays": entries,
        "rounded": rounded,
        "figures": views.data(excerpt.places),
        "lag": _lag(trace) if window is None else None,
        "tour": [_stop(excerpt, *stop) for stop in tour],
    }
    if window is not None:
        data |= {"window": _window_in_words(excerpt), "beyond": writer.norms_beyond()}
        data["rounded"] = f"{rounded} The timeline shows of each stretch of the others the largest norm.".strip()
    return Contents(data, numbers)


def _window_in_words(excerpt: Excerpt) -> str:
    """Return which time steps a page shows, what it does with the others, and how to see them."""
    timesteps, window = excerpt.trace.graph.timesteps, excerpt.window or set()
    left_out = sorted(set(timesteps) - window)
    middle = left_out[len(left_out) // 2]
    return (
        f"Time steps {in_words(window.intersection(timesteps))} of {len(timesteps):,}. The others are one step here, ⋯,"
        " which brings each value the exact sum of all that it receives there."
        f" To see others: viz.export(…, timesteps=slice({middle}, {middle + 2 * ENDS}))."
    )


class _Writer:
    def __init__(self, excerpt: Excerpt, arrays: Arrays) -> None:
        self.excerpt = excerpt
        self.trace = excerpt.trace
        self.arrays = arrays
        self.texts = Distinct()
        self.templates = Templates(excerpt.trace)
        self.program = Program(excerpt.trace)
        by_time = variables(self.trace)
        self.variables = [
            {"name": clean(symbol(str(variable))), "where": clean(variable.where)} for variable in by_time
        ]
        self._variable_of = {node: place for place, of in enumerate(by_time) for node in of.nodes.values()}
        self._values: dict[Node, np.ndarray] = {}
        self._parts: dict[Node, list[np.ndarray]] = {}  # the terms of which the adjoint of a computed value is the sum

    # -- values -------------------------------------------------------------------------------------------------------

    def value(self, node: Node) -> dict[str, Any]:
        """Return what is known of a value: its name, its place in time and in the program, its numbers, its inputs."""
        symbol = self.trace.symbols.of(node)
        name = symbol._replace(number=None, timestep=None)
        gradient, step = self._gradient(node), self.trace.step_of(node)
        places = self.excerpt.places
        optional = {
            "number": symbol.number,
            "raised": symbol.timestep,
            "t": node.timestep,
            "variable": self._variable_of.get(node),
            "scope": self._text(node.scope) if node.scope else None,
            "expression": self._text(node.expression) if node.expression else None,
            "source": self.program.place(node),
            "step": None if step is None else self.excerpt.place_of_step(step),
            "gradient": gradient,
        }
        return {
            "name": self._text(str(name)),
            "bar": self._text(name.bar),
            "kind": self._text(node.kind),
            "op": self._text("" if node.op is None else str(node.op)),
            "inputs": [places[node.index] - places[source.index] for source in self.excerpt.inputs(node)],
            "array": self._array(node),
            **{key: value for key, value in optional.items() if value is not None},
        }

    def gap_value(self, gap: Gap) -> dict[str, Any]:
        """Return a gap as if it were a value, computed from all that its steps contribute to."""
        place = self.excerpt.places_of_gaps[gap]
        timesteps = self.excerpt.timesteps(gap)
        plural = "s" if len(timesteps) > 1 else ""
        return {
            "name": self._text("⋯"),
            "bar": self._text("⋯"),
            "kind": self._text("gap"),
            "op": self._text(f"time step{plural} {in_words(timesteps)}"),
            "inputs": [place - self.excerpt.places[term.target.index] for term in self._gap_terms[gap]],
            "array": self.arrays.add(np.zeros(0)),
            "gradient": self.arrays.add(np.zeros(0)),
            "step": self.excerpt.place_of_step(gap.first),
        }

    @cached_property
    def _gap_terms(self) -> dict[Gap, list[GapTerm]]:
        return {gap: self.excerpt.terms(gap) for gap in self.excerpt.places_of_gaps}

    def _array(self, node: Node) -> int:
        """Return the number of a value: what is a product, a sum or a transpose may be kept as that."""
        data, inputs = self._data(node), [self._data(source) for source in node.inputs]
        if node.op == "transpose" and data.ndim == 2 and np.array_equal(data, inputs[0].T, equal_nan=True):
            return self.arrays.add_transpose(data, inputs[0])
        if node.op == "add":
            return self.arrays.add_sum(data, inputs)
        if node.op in _PRODUCTS and len(inputs) == 2:
            return self.arrays.add_product(data, *inputs)
        return self.arrays.add(data)

    def _data(self, node: Node) -> np.ndarray:
        """Return the value of a node, each time as the same array: what is known of that is not found out again."""
        if node not in self._values:
            self._values[node] = node.data
        return self._values[node]

    def _gradient(self, node: Node) -> int | None:
        """Return the number of a value's whole gradient: the adjoint, or what a leaf has received."""
        gradient = self.trace.gradient(node)
        if gradient is None:
            return None
        return self.arrays.add_sum(gradient, self._parts.pop(node, []))

    # -- steps --------------------------------------------------------------------------------------------------------

    def steps(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return what each step says, and the terms that they add: each to which argument, the term and its formula."""
        steps: list[dict[str, Any]] = []
        terms: list[dict[str, Any]] = []
        for place, step in enumerate(self.excerpt.steps):
            rows = self._terms_of_gap(step) if isinstance(step, Gap) else self._terms(step)
            terms += [{"step": place, **row} for row in rows]
            steps.append(self._step(step))
        return steps, terms

    def _step(self, step: int | Gap) -> dict[str, Any]:
        """Return the value that a step pulls back through; beside gaps also its number in the whole pass."""
        if isinstance(step, Gap):
            return {"node": self.excerpt.places_of_gaps[step], "number": step.first, "last": step.last}
        node = self.excerpt.places[self.trace.nodes[step].index]
        return {"node": node} if self.excerpt.window is None else {"node": node, "number": step}

    def _terms(self, k: int) -> Iterator[dict[str, Any]]:
        node = self.trace.nodes[k]
        templates = self.templates.of(k)
        for argument, term in enumerate(map(view, self.trace.pull(k))):
            if term is not None:
                source = node.inputs[argument]
                if source.kind == "op":
                    self._parts.setdefault(source, []).append(term)
                row = {"argument": argument, "array": self._number(k, argument, term)}
                if argument in templates:
                    row["formula"] = self.texts.number(templates[argument].text)
                    row["rule"] = self._text(templates[argument].rule)
                yield row

    def _terms_of_gap(self, gap: Gap) -> Iterator[dict[str, Any]]:
        for argument, term in enumerate(self._gap_terms[gap]):
            row = {"argument": argument, "array": self.arrays.add(term.contribution)}
            yield row | {"after": self.arrays.add(term.after), "count": term.terms}

    def norms_beyond(self) -> list[dict[str, Any]]:
        """Return the norms of named values in the gaps, for the timeline."""
        lines = []
        for gap in self.excerpt.places_of_gaps:
            for node, points in self.excerpt.norms(gap).items():
                if node in self._variable_of:
                    step = self.excerpt.place_of_step(gap.first)
                    said = [(t, short(size)) for t, size in points]
                    lines.append({"value": self.excerpt.places[node.index], "step": step, "points": said})
        return lines

    def _number(self, k: int, argument: int, term: np.ndarray) -> int:
        """Return the number of a contribution: where it is a product, as the product of what it is made of."""
        node, adjoint = self.trace.nodes[k], np.asarray(self.trace.adjoints[k])
        if node.op == "transpose" and term.ndim == 2 and np.array_equal(term, adjoint.T, equal_nan=True):
            return self.arrays.add_transpose(term, adjoint)
        if node.op in _PRODUCTS:
            other = next(self._data(source) for place, source in enumerate(node.inputs) if place != argument)
            return self.arrays.add_product(term, adjoint, other)
        return self.arrays.add(term)

    def _text(self, text: str) -> int:
        return self.texts.number(clean(text))


def _lag(trace: Trace) -> dict[str, Any] | None:
    """Return which loss taught which time step, where there are few enough of both to be looked at."""
    if not 1 < len(trace.graph.timesteps) <= MOST_LAGS:
        return None
    try:
        carried = state(trace)
        matrix = lag(trace, carried)
    except LookupError:
        return None
    seeds = entries(trace)
    if not len(matrix.losses) > 1 or not len(matrix.uses) > 1:
        return None
    return {
        "of": clean(matrix.of),
        "losses": [{"t": t, "values": [node.index for node in seeds[t]]} for t in matrix.losses],
        "states": [{"t": t, "value": carried.nodes[t].index} for t in matrix.uses],
        "norms": [[short(x) for x in row] for row in matrix.norms],
    }


def _stop(excerpt: Excerpt, where: str, text: str, answer: str | None = None) -> dict[str, Any]:
    weight = _weight_of(excerpt.trace, where)
    optional = {
        "answer": answer if answer is None else clean(answer),
        "weight": weight if weight is None else excerpt.places[weight],
    }
    stop = {"step": excerpt.place_of_step(step_of(excerpt.trace, where)), "text": clean(text)}
    return stop | {key: value for key, value in optional.items() if value is not None}


def _weight_of(trace: Trace, where: str) -> int | None:
    """Return the parameter that a stop speaks of: the one it names, or the one that a step of that number writes to."""
    parameters = trace.graph.parameters
    if where.isdecimal():
        written = [node.index for node in trace.nodes[step_of(trace, where)].inputs if node in parameters]
        return written[0] if len(written) == 1 else None
    name = re.sub(r"\[\d+\]$", "", where)
    return next((p.index for p in parameters if str(trace.symbols.of(p)) in (where, name)), None)


def step_of(trace: Trace, where: str) -> int:
    """Return the step that a place in a trace means.

    A number is that step, "" the beginning, -1; a name, the step in which it is pulled back through; the name of a
    parameter, the first that writes to it, and with a time step (``"W[2]"``) the one that does so there.
    """
    if where == "":
        return -1
    if where.isdecimal():
        return trace.checked(int(where), len(trace) - 1)
    write = re.fullmatch(r"(.+)\[(\d+)\]", where)
    if write and write[1] in {str(trace.symbols.of(parameter)) for parameter in trace.graph.parameters}:
        steps = [step for step, _ in trace.writes(trace.node(write[1])) if trace.nodes[step].timestep == int(write[2])]
        if steps:
            return steps[0]
    node = trace.node(where)
    own, writes = trace.step_of(node), trace.writes(node)
    return own if own is not None else writes[0][0] if writes else len(trace) - 1

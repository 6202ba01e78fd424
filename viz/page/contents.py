"""A trace as the data of a page: values, steps, terms, formulas, source lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinygraph.backward.replay import view
from tinygraph.diagnosing.lag_matrix import entries, lag
from tinygraph.diagnosing.values_by_time import state
from tinygraph.plain_text import clean
from tinygraph.recording.node import Node
from tinygraph.tracing.trace import Trace

from ..scenes.hues import parameter_hues
from .arrays import Arrays, short
from .figures import figures
from .tables import Distinct, table

MOST_LAGS = 24  # time steps: a lag matrix of more is not readable
EXACT_BYTES = 150_000  # of forward values: up to here every number is kept as it was recorded
_AROUND = 4  # lines of the program shown before and after
_PRODUCTS = ("matmul", "linear", "outer", "dot")
_FIRST = 0xE000  # private characters stand for the symbols in a formula: the first for the adjoint of the node itself
_SYMBOL = re.compile(r"[^\W\d](?:(?!ᵀ)[\w\u0300-\u036f])*(?:⁽[^⁾]*⁾)?")


Stop = tuple[str, str] | tuple[str, str, str]  # where, a sentence, and the answer if that is a question


class Contents(NamedTuple):
    """What a page holds: JSON-ready data, and the numbers of all arrays."""

    data: dict[str, Any]
    numbers: bytes


def contents(trace: Trace, title: str, tour: Iterable[Stop] = ()) -> Contents:
    """Return the data of a page.

    Parameters
    ----------
    trace : Trace
    title : str
    tour : iterable of tuples
        Stops, each where (``"h[3]"``, or the number of a step), a sentence, and perhaps its answer.
    """
    arrays = Arrays(exact=trace.forward_bytes <= EXACT_BYTES)
    writer = _Writer(trace, arrays)
    steps, terms = writer.steps()
    values = [writer.value(node) for node in trace.graph.nodes]
    numbers, entries, rounded = arrays.pack()
    files, sources = writer.program()
    data = {
        "title": clean(title),
        "values": table(values, ["array", "gradient", "step"]),
        "steps": table(steps, ["node"]),
        "terms": table(terms, ["step", "array"]),
        "output": trace.output.index,
        "parameters": [node.index for node in trace.graph.parameters],
        "hues": list(parameter_hues(trace.graph.nodes).items()),
        "timesteps": trace.graph.timesteps,
        "sources": sources,
        "files": files,
        "texts": writer.texts.values,
        "arrays": entries,
        "rounded": rounded,
        "figures": figures(trace.graph),
        "lag": _lag(trace),
        "tour": [_stop(trace, *stop) for stop in tour],
    }
    return Contents(data, numbers)


class _Place(NamedTuple):
    file: str
    line: int
    end_line: int
    column: int
    end_column: int
    function: str


class _Writer:
    def __init__(self, trace: Trace, arrays: Arrays) -> None:
        self.trace = trace
        self.arrays = arrays
        self.texts = Distinct()
        self.sources = Distinct()
        self._parts: dict[Node, list[np.ndarray]] = {}  # the terms of which the adjoint of a computed value is the sum

    # -- values -------------------------------------------------------------------------------------------------------

    def value(self, node: Node) -> dict[str, Any]:
        """Return what is known of a value: its name, its place in time and in the program, its numbers, its inputs."""
        symbol = self.trace.symbols.of(node)
        name = symbol._replace(number=None, timestep=None)
        gradient = self._gradient(node)
        optional = {
            "number": symbol.number,
            "raised": symbol.timestep,
            "t": node.timestep,
            "scope": self._text(node.scope) if node.scope else None,
            "expression": self._text(node.expression) if node.expression else None,
            "source": self._source(node),
            "step": self.trace.step_of(node),
            "gradient": gradient,
        }
        return {
            "name": self._text(str(name)),
            "bar": self._text(name.bar),
            "kind": self._text(node.kind),
            "op": self._text("" if node.op is None else str(node.op)),
            "inputs": [node.index - source.index for source in node.inputs],
            "array": self._array(node),
            **{key: value for key, value in optional.items() if value is not None},
        }

    def _array(self, node: Node) -> int:
        """Return the number of a value: what is a product, a sum or a transpose may be kept as that."""
        inputs = [source.data for source in node.inputs]
        if node.op == "transpose" and node.data.ndim == 2 and np.array_equal(node.data, inputs[0].T, equal_nan=True):
            return self.arrays.add_transpose(node.data, inputs[0])
        if node.op == "add":
            return self.arrays.add_sum(node.data, inputs)
        if node.op in _PRODUCTS and len(inputs) == 2:
            return self.arrays.add_product(node.data, *inputs)
        return self.arrays.add(node.data)

    def _gradient(self, node: Node) -> int | None:
        """Return the number of a value's whole gradient: the adjoint, or what a leaf has received."""
        gradient = self.trace.gradient(node)
        if gradient is None:
            return None
        return self.arrays.add_sum(gradient, self._parts.pop(node, []))

    # -- steps --------------------------------------------------------------------------------------------------------

    def steps(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return what each step says, and the terms that they add: each to which argument, the term and its formula."""
        steps, terms = [], []
        for k, node in enumerate(self.trace.nodes):
            steps.append({"node": node.index})
            formulas = {formula.argument: formula for formula in self.trace.formulas(k)}
            for argument, term in enumerate(map(view, self.trace.pull(k))):
                if term is not None:
                    source = node.inputs[argument]
                    if source.kind == "op":
                        self._parts.setdefault(source, []).append(term)
                    row = {"step": k, "argument": argument, "array": self._number(k, argument, term)}
                    formula = formulas.get(argument)
                    if formula is not None:
                        row["formula"] = self.texts.number(self._template(node, clean(formula.text)))
                        row["rule"] = self._text(f"{self._letters(node, argument)}: {formula.rule}")
                    terms.append(row)
        return steps, terms

    @staticmethod
    def _letters(node: Node, argument: int) -> str:
        """Return the letters of a rule: for the adjoint, the output, and each input if they are no sequence."""
        assert node.op is not None
        letters = node.op.parameters(argument)
        return " ".join(letters[1:3] if node.op.variadic else letters[: 2 + len(node.inputs)])

    def _number(self, k: int, argument: int, term: np.ndarray) -> int:
        """Return the number of a contribution: where it is a product, as the product of what it is made of."""
        node, adjoint = self.trace.nodes[k], np.asarray(self.trace.adjoints[k])
        if node.op == "transpose" and term.ndim == 2 and np.array_equal(term, adjoint.T, equal_nan=True):
            return self.arrays.add_transpose(term, adjoint)
        if node.op in _PRODUCTS:
            other = next(source.data for place, source in enumerate(node.inputs) if place != argument)
            return self.arrays.add_product(term, adjoint, other)
        return self.arrays.add(term)

    def _template(self, node: Node, text: str) -> str:
        """Return a formula with a private character for each symbol, so that all time steps share it."""
        of = self.trace.symbols.of
        symbols: dict[str, str] = {}
        for place, value in enumerate((node, *node.inputs)):
            symbols.setdefault(of(value).bar, chr(_FIRST + 2 * place))
            symbols.setdefault(str(of(value)), chr(_FIRST + 2 * place + 1))
        return _SYMBOL.sub(lambda match: symbols.get(match[0], match[0]), text)

    # -- the program --------------------------------------------------------------------------------------------------

    def _source(self, node: Node) -> int | None:
        source = node.source
        if source is None:
            return None
        place = (source.filename, source.lineno, source.end_lineno, source.column, source.end_column)
        return self.sources.number(_Place(*place, clean(source.function or "")))

    def program(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the files with the lines around what was recorded, and the places in them.

        Of a file's path only its name is told: a page goes to others.
        """
        used: dict[str, set[int]] = {}
        for place in self.sources.values:
            around = range(place.line - _AROUND, place.end_line + _AROUND + 1)
            used.setdefault(place.file, set()).update(around)
        files = []
        for filename, wanted in used.items():
            lines = self.trace.source_lines(filename)
            shown = {str(n): clean(lines[n]) for n in sorted(wanted & lines.keys())}
            files.append({"name": clean(Path(filename).name), "lines": shown})
        numbers = {filename: i for i, filename in enumerate(used)}
        return files, [self._indented(place) | {"file": numbers[place.file]} for place in self.sources.values]

    def _indented(self, place: _Place) -> dict[str, Any]:
        """Return a place with its columns counted in the whole lines, not in those without their indentation."""
        lines = self.trace.source_lines(place.file)
        own = [lines[n] for n in range(place.line, place.end_line + 1) if lines.get(n, "").strip()]
        indentation = min((len(line) - len(line.lstrip()) for line in own), default=0)
        columns = {"column": place.column + indentation, "end_column": place.end_column + indentation}
        return place._asdict() | columns

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


def _stop(trace: Trace, where: str, text: str, answer: str | None = None) -> dict[str, Any]:
    step = _step_of(trace, where)
    optional = {"answer": answer if answer is None else clean(answer), "weight": _weight_of(trace, where, step)}
    return {"step": step, "text": clean(text)} | {key: x for key, x in optional.items() if x is not None}


def _weight_of(trace: Trace, where: str, step: int) -> int | None:
    """Return the parameter that a stop speaks of: the one it names, or the one that a step of that number writes to."""
    parameters = trace.graph.parameters
    if where.isdecimal():
        written = [node.index for node in trace.nodes[step].inputs if node in parameters]
        return written[0] if len(written) == 1 else None
    name = re.sub(r"\[\d+\]$", "", where)
    return next((p.index for p in parameters if str(trace.symbols.of(p)) in (where, name)), None)


def _step_of(trace: Trace, where: str) -> int:
    """Return the step that a stop means.

    A number is that step, "" the beginning; a name, the step in which it is pulled back through; the name of a
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

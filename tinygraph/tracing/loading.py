"""A trace from the plain data of a file, every part of which is checked before it is used."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..graphs.graph import Graph
from ..loops.timeline import Timeline
from ..recording.node import Node
from ..recording.op import registry
from ..recording.source import Source
from .packing import decode, reference, unpack
from .recorded_pass import PassNodes
from .saved import SavedNode, SavedOp, is_known
from .saved_timeline import restored_timeline
from .saving import SOURCE_FIELDS

_PYTHON = {"bool": bool, "int": int, "float": float, "complex": complex}


def restored(header: dict[str, Any], block: memoryview) -> tuple[list[Any], PassNodes, dict[str, dict[int, str]]]:
    """Return the adjoints, the nodes and the source lines that `saving.described` made `header` of.

    Raises
    ------
    ValueError, TypeError, KeyError, IndexError
        If the file is damaged.
    """
    arrays = unpack(header["arrays"], block)
    ops = [_op(row) for row in _list(header["ops"], "ops")]
    sources = [_source(row) for row in _list(header["sources"], "sources")]
    nodes: list[Node] = []
    for row in _list(header["nodes"], "nodes"):
        nodes.append(_node(row, nodes, arrays, ops, sources))
    graph = Graph(nodes, [reference(nodes, i) for i in header["outputs"]], _timeline(header, nodes, arrays))
    if len(graph.outputs) != 1:
        raise ValueError("a trace has one output")
    steps = [reference(nodes, i) for i in header["steps"]]
    adjoints = [reference(arrays, i) for i in header["adjoints"]]
    _check_steps(steps, adjoints, graph)
    gradients = {reference(nodes, i): reference(arrays, a) for i, a in header["gradients"]}
    for node, gradient in gradients.items():
        if np.shape(gradient) != node.shape:
            raise ValueError(f"the gradient of node {node.index} has shape {np.shape(gradient)}, not {node.shape}")
    return adjoints, PassNodes(graph, steps, gradients), _files(header["files"])


def _timeline(header: dict[str, Any], nodes: list[Node], arrays: list[Any]) -> Timeline:
    timesteps = [_timestep(row.get("timestep")) for row in header["nodes"]]
    if "timeline" in header:
        return restored_timeline(header["timeline"], nodes, timesteps, arrays)
    timeline = Timeline(nodes)  # a file of an older version
    timeline.timesteps = timesteps
    return timeline


def _check_steps(steps: list[Node], adjoints: list[Any], graph: Graph) -> None:
    if len(steps) != len(adjoints):
        raise ValueError(f"{len(steps)} steps but {len(adjoints)} adjoints")
    for before, after in pairwise(steps):
        if after.index >= before.index:
            raise ValueError("its steps are not in the order of a backward pass")
    for node, adjoint in zip(steps, adjoints, strict=True):
        assert isinstance(node, SavedNode)
        node.adjoint = adjoint
        if node.op is None or not node.requires_grad:
            raise ValueError(f"node {node.index} has a step but no gradient passes it")
        if np.shape(adjoint) != node.shape:
            raise ValueError(f"the adjoint of node {node.index} has shape {np.shape(adjoint)}, not {node.shape}")
    if steps and steps[0] is not graph.outputs[0]:
        raise ValueError("its first step is not at the output")


def _node(row: Any, nodes: list[Node], arrays: list[Any], ops: list[Any], sources: list[Any]) -> SavedNode:
    index = len(nodes)
    kind = row["kind"]
    if kind not in ("op", "parameter", "input", "constant"):
        raise ValueError(f"node {index} is of no known kind")
    op = None if row.get("op") is None else reference(ops, row["op"])
    inputs = tuple(reference(nodes, i) for i in row.get("inputs", []))  # only earlier nodes: no cycle can be made
    if (kind == "op") != (op is not None):
        raise ValueError(f"node {index} is a {kind} and has {'an' if op else 'no'} op")
    if op is not None and not op.variadic and len(inputs) != len(op.rules):
        raise ValueError(f"node {index} has {len(inputs)} inputs, {op} takes {len(op.rules)}")
    node = SavedNode(
        index,
        kind,
        op,
        inputs,
        _data(row["data"], arrays),
        attributes=_attributes(row.get("attributes", {}), arrays, op),
        requires_grad=bool(row.get("requires_grad", False)),
        scope=_text(row.get("scope", "")),
        timestep_label=None,
        label=None if row.get("label") is None else _text(row["label"]),
        source=None if row.get("source") is None else reference(sources, row["source"]),
    )
    for argument, number in row.get("replaced", {}).items():
        node.replaced[int(argument)] = reference(arrays, number)
    if any(not 0 <= argument < len(inputs) for argument in node.replaced):
        raise ValueError(f"node {index} replaces an argument that it does not have")
    if row.get("stored") is not None:
        node.stored = tuple(None if number is None else reference(arrays, number) for number in row["stored"])
        _check_stored(node)
    elif isinstance(op, SavedOp):
        node.stored = (None,) * len(inputs)
    return node


def _check_stored(node: SavedNode) -> None:
    assert node.stored is not None
    if len(node.stored) != len(node.inputs):
        raise ValueError(f"node {node.index} stores {len(node.stored)} contributions to {len(node.inputs)} inputs")
    for source, contribution in zip(node.inputs, node.stored, strict=True):
        if contribution is not None and np.shape(contribution) != source.shape:
            raise ValueError(f"node {node.index} stores a contribution of another shape than its input")


def _attributes(row: Any, arrays: list[Any], op: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise ValueError("static arguments are malformed")
    if not isinstance(op, SavedOp) and op is not None and not set(row) <= set(op.attributes):
        raise ValueError(f"{op} does not take {', '.join(sorted(set(row) - set(op.attributes)))}")
    return {_text(key): decode(value, arrays) for key, value in row.items()}


def _data(row: Any, arrays: list[Any]) -> Any:
    if isinstance(row, list):
        kind, value = row
        number = decode(value, arrays)
        if not isinstance(number, int | float | complex):
            raise ValueError("a number is malformed")
        return _PYTHON[kind](number)
    return reference(arrays, row)


def _op(row: Any) -> Any:
    """Return tinygraph's own op of that name and those very rules, or one that can only be read."""
    name = _text(row["name"])
    formulas = [None if text is None else _text(text) for text in _list(row["formulas"], "formulas")]
    if row["known"]:
        for op in registry.get(name, []):
            if (
                is_known(op)
                and [None if rule is None else op.formula(i) for i, rule in enumerate(op.rules)] == formulas
            ):
                return op
    parameters = [[_text(word) for word in _list(words, "parameters")] for words in row["parameters"]]
    if len(parameters) != len(formulas) or not formulas:
        raise ValueError(f"the op {name} is malformed")
    arguments = [_text(word) for word in _list(row["arguments"], "arguments")]
    return SavedOp(
        name,
        formulas,
        parameters,
        arguments=arguments,
        variadic=bool(row["variadic"]),
        elementwise=bool(row["elementwise"]),
    )


def _source(row: Any) -> Source:
    values = dict(zip(SOURCE_FIELDS, _list(row, "a source"), strict=True))
    for name in ("lineno", "end_lineno", "column", "end_column"):
        if type(values[name]) is not int or not -1 <= values[name] < 2**31:
            raise ValueError(f"a source line has no proper {name}")
    for name in ("filename", "text", "expression", "function"):
        _text(values[name])
    if values["name"] is not None:
        _text(values["name"])
    return Source(**values)


def _files(row: Any) -> dict[str, dict[int, str]]:
    return {_text(name): {int(n): _text(line) for n, line in lines.items()} for name, lines in row.items()}


def _timestep(value: Any) -> int | None:
    if value is not None and type(value) is not int:
        raise ValueError("a time step is no integer")
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{what}: expected a list")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a text")
    return value

"""A trace from the plain data of a file, every part of which is checked before it is used."""

from __future__ import annotations

from itertools import pairwise
from types import NoneType
from typing import Any

import numpy as np

from ..graphs.graph import Graph
from ..loops.coded import Coded
from ..loops.reads import NodesAt
from ..loops.timeline import Timeline
from ..plain_text import clean
from ..recording.context import LARGEST_TIMESTEP
from ..recording.node import Node
from ..recording.op import registry
from ..recording.primitive import Primitive
from ..recording.source import Source
from .checks import bounded, checked, optional, optional_reference, reference
from .cuts import Cut
from .packing import decode, unpack
from .recorded_pass import PassNodes
from .saved import SavedNode, SavedOp, is_known
from .saved_visits import restored_visits

_NUMBERS = {"bool": bool, "int": int, "float": float, "complex": complex}
_SOURCE: tuple[Any, ...] = (str, int, int, int, int, str, str, (str, NoneType), str)  # the types of its fields


def restored(header: dict[str, Any], block: memoryview) -> tuple[list[Any], PassNodes, dict[str, dict[int, str]]]:
    """Return the adjoints, the nodes and the source lines that `saving.described` made `header` of.

    Raises
    ------
    ValueError, TypeError, KeyError, IndexError
        If the file is damaged.
    """
    arrays = unpack(header["arrays"], block)
    ops = [_op(row) for row in checked(header["ops"], list, "the list of ops")]
    sources = [_source(row) for row in checked(header["sources"], list, "the list of sources")]
    nodes: list[Node] = []
    for row in checked(header["nodes"], list, "the list of nodes"):
        nodes.append(_node(row, nodes, arrays, ops, sources))
    names = [optional(row.get("name"), str, "a name") for row in header["nodes"]]
    outputs = [reference(nodes, i) for i in header["outputs"]]
    graph = Graph(nodes, outputs, _timeline(header, nodes, arrays), lambda node: names[node.index] or _old_name(node))
    if "unrecorded" in header:  # else a file of an older version
        uses = checked(header["unrecorded"], list, "the list of arguments")
        graph.unrecorded = {(reference(nodes, i).index, bounded(k, 0, 2**31, "an argument")) for i, k in uses}
    else:
        graph.unrecorded = set()
    steps = [reference(nodes, i) for i in header["steps"]]
    adjoints = [reference(arrays, i) for i in header["adjoints"]]
    _check_steps(steps, adjoints, graph)
    gradients = {reference(nodes, i): reference(arrays, a) for i, a in header["gradients"]}
    for node, gradient in gradients.items():
        _check_shape(gradient, node, f"the gradient of node {node.index}")
    cuts = [_cut(row, nodes, sources) for row in checked(header.get("cuts", []), list, "the list of cuts")]
    at = NodesAt(nodes, np.array([node.index for node in steps], np.int32))
    return adjoints, PassNodes(graph, at, gradients, lambda: cuts), _files(header["files"])


def _cut(row: Any, nodes: list[Node], sources: list[Source]) -> Cut:
    return Cut(
        clean(checked(row["how"], str, "a way out of the graph")),
        clean(checked(row["what"], str, "what left the graph")),
        optional_reference(sources, row["source"]),
        optional_reference(sources, row["made"]),
        [bounded(t, -(2**62), 2**62, "a time step") for t in checked(row["timesteps"], list, "time steps")],
        bounded(row["times"], 1, 2**62, "a count"),
        [reference(nodes, i) for i in checked(row["returned"], list, "what came back")],
        [clean(name) for name in _texts(row["parameters"], "the parameters of a cut")],
        checked(row.get("of_pass_before", False), bool, "whether a cut is of the pass before"),
    )


def _old_name(node: Node) -> str | None:
    """Return the name of a node in a file of an older version."""
    return node.label or (node.source.name if node.source else None)


def _timeline(header: dict[str, Any], nodes: list[Node], arrays: list[Any]) -> Timeline:
    timeline = Timeline(nodes)
    steps = [
        None if step is None else bounded(step, -LARGEST_TIMESTEP, LARGEST_TIMESTEP + 1, "a time step")
        for step in (row.get("timestep") for row in header["nodes"])
    ]
    timeline.op_timesteps = Coded(
        [step if node.kind == "op" else None for node, step in zip(nodes, steps, strict=True)]
    )
    if "visits" in header:  # else a file of an older version
        timeline.visits = restored_visits(header["visits"], len(timeline.ops), arrays)
        timeline.timesteps = Coded(steps)  # of leaves too: what was set or cut stands where it stood
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
        _check_shape(adjoint, node, f"the adjoint of node {node.index}")
    if steps and steps[0] is not graph.outputs[0]:
        raise ValueError("its first step is not at the output")


def _check_shape(array: Any, node: Node, what: str) -> None:
    if np.shape(array) != node.shape:
        raise ValueError(f"{what} has shape {np.shape(array)}, not {node.shape}")


def _node(row: Any, nodes: list[Node], arrays: list[Any], ops: list[Primitive], sources: list[Source]) -> SavedNode:
    index = len(nodes)
    kind, op = row["kind"], optional_reference(ops, row.get("op"))
    inputs = tuple(reference(nodes, i) for i in row.get("inputs", []))  # only earlier nodes: no cycle can be made
    if kind not in ("op", "parameter", "input", "constant"):
        raise ValueError(f"node {index} is of no known kind")
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
        scope=checked(row.get("scope", ""), str, "a scope"),
        label=optional(row.get("label"), str, "a label"),
        source=optional_reference(sources, row.get("source")),
    )
    if "replaced" in row:
        node.replaced = {
            bounded(int(argument), 0, len(inputs), "a replaced argument"): reference(arrays, number)
            for argument, number in row["replaced"].items()
        }
    if row.get("stored") is not None:
        node.stored = tuple(optional_reference(arrays, number) for number in row["stored"])
        for source, contribution in zip(inputs, node.stored, strict=True):
            if contribution is not None:
                _check_shape(contribution, source, f"a contribution of node {index}")
    return node


def _attributes(row: Any, arrays: list[Any], op: Primitive | None) -> dict[str, Any]:
    unknown = set(checked(row, dict, "static arguments")) - set(op.attributes if op is not None else ())
    if unknown and op is not None and not isinstance(op, SavedOp):
        raise ValueError(f"{op} does not take {', '.join(sorted(unknown))}")
    return {key: decode(value, arrays) for key, value in row.items()}


def _data(row: Any, arrays: list[Any]) -> Any:
    if not isinstance(row, list):
        return reference(arrays, row)
    kind, value = row
    number = decode(value, arrays)
    if not isinstance(number, int | float | complex):
        raise ValueError("a number is malformed")
    return _NUMBERS[kind](number)


def _op(row: Any) -> Primitive:
    """Return tinygraph's own op of that name and those very rules, or one that can only be read."""
    name = checked(row["name"], str, "the name of an op")
    formulas = [optional(text, str, "a formula") for text in checked(row["formulas"], list, "formulas")]
    for op in registry.get(name, []) if row["known"] else []:
        if is_known(op) and formulas == [None if rule is None else op.formula(i) for i, rule in enumerate(op.rules)]:
            return op
    parameters = [_texts(words, "the parameters of a rule") for words in row["parameters"]]
    if len(parameters) != len(formulas) or not formulas:
        raise ValueError(f"the op {name} is malformed")
    return SavedOp(
        name,
        formulas,
        parameters,
        arguments=_texts(row["arguments"], "the arguments of an op"),
        variadic=bool(row["variadic"]),
        elementwise=bool(row["elementwise"]),
    )


def _texts(words: Any, what: str) -> list[str]:
    return [checked(word, str, what) for word in checked(words, list, what)]


def _source(row: Any) -> Source:
    for value, kind in zip(row, _SOURCE, strict=True):
        if not isinstance(value, kind) or (kind is int and not -1 <= value < 2**31):
            raise ValueError(f"a source is malformed: {value!r}")
    return Source(*row)


def _files(row: Any) -> dict[str, dict[int, str]]:
    return {
        clean(name): {int(number): clean(checked(line, str, "a source line")) for number, line in lines.items()}
        for name, lines in row.items()
    }

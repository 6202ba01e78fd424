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
from ..recording.node import Node
from ..recording.op import registry
from ..recording.primitive import Primitive
from ..recording.source import Source
from .checks import bounded, checked, optional, optional_reference, place, reference
from .cuts import Cut
from .packing import unpack
from .pooled import InBlock
from .recorded_pass import PassNodes
from .saved import SavedOp, is_known
from .saved_nodes import SavedNodes
from .saved_visits import restored_visits

_SOURCE: tuple[Any, ...] = (str, int, int, int, int, str, str, (str, NoneType), str)  # the types of its fields


def restored(header: dict[str, Any], block: memoryview) -> tuple[InBlock, PassNodes, dict[str, dict[int, str]]]:
    """Return the adjoints, the nodes and the source lines that `saving.described` made `header` of.

    Raises
    ------
    ValueError, TypeError, KeyError, IndexError
        If the file is damaged.
    """
    arrays = unpack(header.pop("arrays"), block)  # each part of the header goes when it was read: they are large
    ops = [_op(row) for row in checked(header["ops"], list, "the list of ops")]
    sources = [_source(row) for row in checked(header["sources"], list, "the list of sources")]
    nodes = SavedNodes(checked(header.pop("nodes"), list, "the list of nodes"), arrays, ops, sources)
    outputs = [reference(nodes, i) for i in header["outputs"]]
    graph = Graph(nodes, outputs, _timeline(header, nodes), lambda node: nodes.names[node.index] or _old_name(node))
    if "unrecorded" in header:  # else a file of an older version
        uses = checked(header["unrecorded"], list, "the list of arguments")
        graph.unrecorded = {(place(nodes, i), bounded(k, 0, 2**31, "an argument")) for i, k in uses}
    else:
        graph.unrecorded = set()
    steps = [place(nodes, i) for i in header["steps"]]
    adjoints = [place(arrays, i) for i in header["adjoints"]]
    _check_steps(steps, adjoints, nodes, outputs)
    nodes.tell_adjoints(steps, adjoints)
    gradients = [(place(nodes, i), place(arrays, a)) for i, a in header["gradients"]]
    for index, gradient in gradients:
        nodes.check_shape(gradient, index, "the gradient of node", index)
    totals = {nodes[index]: arrays[gradient] for index, gradient in gradients}
    cuts = [_cut(row, nodes, sources) for row in checked(header.get("cuts", []), list, "the list of cuts")]
    at = NodesAt(nodes, np.array(steps, np.int32))
    return arrays.some(adjoints), PassNodes(graph, at, totals, lambda: cuts), _files(header["files"])


def _cut(row: Any, nodes: SavedNodes, sources: list[Source]) -> Cut:
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


def _timeline(header: dict[str, Any], nodes: SavedNodes) -> Timeline:
    timeline = Timeline(nodes, nodes.wiring)
    is_op = (nodes.wiring.position >= 0).tolist()
    timeline.op_timesteps = Coded(t if of_op else None for of_op, t in zip(is_op, nodes.timesteps, strict=True))
    if "visits" in header:  # else a file of an older version
        timeline.visits = restored_visits(header["visits"], len(timeline.ops), nodes.arrays)
        timeline.timesteps = nodes.timesteps  # of leaves too: what was set or cut stands where it stood
    return timeline


def _check_steps(steps: list[int], adjoints: list[int], nodes: SavedNodes, outputs: list[Node]) -> None:
    if len(steps) != len(adjoints):
        raise ValueError(f"{len(steps)} steps but {len(adjoints)} adjoints")
    for before, after in pairwise(steps):
        if after >= before:
            raise ValueError("its steps are not in the order of a backward pass")
    for index, adjoint in zip(steps, adjoints, strict=True):
        if nodes.op(index) is None or not nodes.requires_grad[index]:
            raise ValueError(f"node {index} has a step but no gradient passes it")
        nodes.check_shape(adjoint, index, "the adjoint of node", index)
    if steps and steps[0] != outputs[0].index:
        raise ValueError("its first step is not at the output")


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

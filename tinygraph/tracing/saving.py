"""A trace as plain data: what `trace_file` writes as JSON, its arrays put aside in a `Packer`."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from ..backward.replay import pull
from ..graphs.unrecorded import unrecorded_uses
from ..recording.foreign import known_as
from ..recording.node import Node
from ..recording.sparse import dense
from .cuts import Cut
from .packing import Packer, encode
from .recorded_pass import Pass
from .saved import SavedNode, is_known
from .saved_visits import described_visits

_AROUND = 6  # lines of the program that are kept before and after each line that recorded something


def described(trace: Pass, packer: Packer) -> dict[str, Any]:
    """Return a trace as plain data, its arrays added to `packer`."""
    ops = _Numbered(_op, key=id)  # ops of one name are equal
    sources = _Numbered(astuple, key=lambda source: source)
    nodes = [_node(node, packer, ops, sources) for node in trace.graph.nodes]
    for k, node in enumerate(trace.nodes):
        if not is_known(known_as(node.op)):
            contributions = pull(node, trace.adjoints[k])
            nodes[node.index]["stored"] = [None if c is None else packer.add(dense(c)) for c in contributions]
    cuts = [_cut(cut, sources) for cut in trace.cuts]
    return {
        "nodes": nodes,
        **({"cuts": cuts} if cuts else {}),
        "ops": ops.rows,
        "sources": sources.rows,
        "files": _files(trace),
        "visits": described_visits(trace.graph.timeline.visits, packer),
        "unrecorded": sorted(unrecorded_uses(trace.graph)),
        "outputs": [node.index for node in trace.graph.outputs],
        "steps": [node.index for node in trace.nodes],
        "adjoints": [packer.add(adjoint) for adjoint in trace.adjoints],
        "gradients": [[node.index, packer.add(dense(total))] for node, total in trace.gradients.items()],
    }


class _Numbered:
    """The rows of what many nodes share, each described once."""

    def __init__(self, describe: Any, key: Any):
        self.describe = describe
        self.key = key
        self.rows: list[Any] = []
        self._known: dict[Any, tuple[int, Any]] = {}

    def of(self, thing: Any) -> int | None:
        if thing is None:
            return None
        key = self.key(thing)
        if key not in self._known:
            self._known[key] = (len(self.rows), thing)  # held, so that an id stays its own
            self.rows.append(self.describe(thing))
        return self._known[key][0]


def _op(op: Any) -> dict[str, Any]:
    return {
        "name": op.name,
        "known": is_known(op),
        "formulas": [None if rule is None else op.formula(i) for i, rule in enumerate(op.rules)],
        "parameters": [list(op.parameters(i)) for i in range(len(op.rules))],
        "arguments": list(op.arguments),
        "variadic": op.variadic,
        "elementwise": op.elementwise,
    }


def _node(node: Node, packer: Packer, ops: _Numbered, sources: _Numbered) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": node.kind, "data": _data(node._value, packer)}
    optional = {
        "op": ops.of(known_as(node.op)),
        "inputs": [source.index for source in node.inputs],
        "requires_grad": node.requires_grad,
        "scope": node.scope,
        "timestep": node.timestep,
        "label": node.label,
        "name": node.name,
        "source": sources.of(node.source),
        "attributes": {key: encode(value, packer) for key, value in node.attributes.items()},
        "replaced": _replaced(node, packer),
    }
    return row | {key: value for key, value in optional.items() if value or (value == 0 and value is not False)}


def _cut(cut: Cut, sources: _Numbered) -> dict[str, Any]:
    returned = [node.index for node in cut.returned]
    return {
        **cut._asdict(),
        "source": sources.of(cut.source),
        "made": sources.of(cut.made),
        "returned": returned,
        "of_pass_before": cut.is_of_pass_before,
    }


def _data(value: Any, packer: Packer) -> Any:
    if type(value) in (bool, int, float, complex):  # a Python number takes the dtype of what it meets
        return [type(value).__name__, encode(value, packer)]
    return packer.add(value)


def _replaced(node: Node, packer: Packer) -> dict[str, int]:
    if node.op is None or (isinstance(node, SavedNode) and not node.replaced):
        return {}
    values = node.values()[: len(node.inputs)]
    return {
        str(argument): packer.add(value)
        for argument, (source, value) in enumerate(zip(node.inputs, values, strict=False))
        if source._value is not value and source.kind != "constant"
    }


def _files(trace: Pass) -> dict[str, dict[str, str]]:
    """Return the program's lines around those that recorded something, or at which it left."""
    near: dict[str, set[int]] = {}
    for source in (*(node.source for node in trace.graph.nodes), *(cut.source for cut in trace.cuts)):
        if source is not None:
            around = range(source.lineno - _AROUND, source.end_lineno + _AROUND + 1)
            near.setdefault(source.filename, set()).update(around)
    return {
        filename: {str(number): line for number, line in trace.source_lines(filename).items() if number in numbers}
        for filename, numbers in near.items()
    }

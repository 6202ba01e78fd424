"""Peers: the engine's ops that do what calls of torch's functions did, each only after it has agreed with torch.

A peer gives its node a formula, and in a trace file it stands for the call: the file then opens without torch. It has
agreed when its value and its contributions are torch's to rounding, on the values that were recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from ..recording.foreign import ForeignOp
from ..recording.node import Node, OpNode
from ..recording.op import Op, registry
from ..recording.sparse import dense
from ..tracing.recorded_pass import PassNodes
from .calls import Call

_TOLERANCE = {np.dtype(np.float32): 1e-5, np.dtype(np.float64): 1e-12}
_REDUCTIONS = ("sum", "mean", "logsumexp", "amax", "amin", "prod")
_RESHAPES = ("reshape", "squeeze", "unsqueeze", "expand_dims", "contiguous", "clone", "alias")
_PLAIN = frozenset(
    (
        *("add", "subtract", "multiply", "divide", "power", "negative", "matmul", "linear", "tanh", "sigmoid", "relu"),
        *("exp", "log", "sqrt", "absolute", "sin", "cos", "square", "maximum", "minimum", "where", "silu", "softplus"),
    )
)


def give_peers(nodes: PassNodes, adjoints: Sequence[Any]) -> PassNodes:
    """Let those nodes of a pass have the rule of a peer that has agreed with torch on them."""
    known: dict[Hashable, ForeignOp | None] = {}
    ops: dict[tuple[int, int], ForeignOp] = {}
    for node, adjoint in zip(nodes.nodes, adjoints, strict=True):
        call = node.tensor._values[-1] if node.tensor is not None else None
        if not isinstance(call, Call) or not isinstance(node, OpNode) or not isinstance(node.op, ForeignOp):
            continue
        name, attributes = _stands_for(str(node.op), call, node)
        key = (name, call.function, node.shape, str(node.dtype), tuple((x.shape, str(x.dtype)) for x in node.inputs))
        if key not in known:
            peer = _agreeing(name, attributes, node, adjoint)
            known[key] = None if peer is None else ops.setdefault((id(node.op), id(peer)), _with_peer(node.op, peer))
        op = known[key]
        if op is not None:
            node.op, node.attributes = op, attributes
    return nodes


def _with_peer(op: ForeignOp, peer: Op) -> ForeignOp:
    count = len(op.rules)
    numbers = range(1 if peer.variadic else count)
    formulas = [None if peer.rule(i) is None else peer.formula(i) for i in numbers]
    return op.as_written_by(peer, formulas)


def _agreeing(name: str, attributes: dict[str, Any], node: Node, adjoint: Any) -> Op | None:
    """Return the first op of that name that gives the value and the contributions that torch gave."""
    assert node.op is not None
    operands = node.values()[:-1]
    torchs: tuple[Any, ...] | None = None
    for peer in registry.get(name, ()):
        if not (peer.variadic or len(peer.rules) == len(node.inputs)):
            continue
        if not attributes.keys() <= peer.defaults.keys():
            continue
        try:
            with np.errstate(all="ignore"):
                value = peer.forward(*operands, **attributes)
                if not _close(value if peer.saves is None else value[0], node.data):
                    continue
                values = operands if peer.saves is None else (*operands, value[1])
                ours = peer.pull(adjoint, node._value, values, node.inputs, attributes or None)
        except Exception:
            continue  # it takes other shapes
        if torchs is None:
            torchs = node.op.pull(adjoint, node._value, node.values(), node.inputs, None)
        if all(_close(dense(a), b) for a, b in zip(ours, torchs, strict=True) if b is not None):
            return peer
    return None


def _close(ours: Any, torchs: Any) -> bool:
    if ours is None:
        return False
    a, b = np.asarray(ours), np.asarray(torchs)
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype not in _TOLERANCE:
        return False
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return False
    finite = np.isfinite(a)
    scale = np.max(np.abs(b[finite]), initial=0)
    return bool(np.all(np.abs(a[finite] - b[finite]) <= _TOLERANCE[a.dtype] * scale))


# -- which op, with which static arguments ----------------------------------------------------------------------------


def _stands_for(name: str, call: Call, node: Node) -> tuple[str, dict[str, Any]]:
    """Return the name of the engine's op that a call is, and its attributes."""
    given = dict(node.attributes)
    if name in _PLAIN:
        return name, {}
    if name in _RESHAPES:
        return "reshape", {"shape": node.shape}
    reader = _READERS.get(name)
    return (name, given) if reader is None else reader(name, given, node)


Reader = Callable[[str, dict[str, Any], Node], tuple[str, dict[str, Any]]]


def _reduction(name: str, given: dict[str, Any], node: Node) -> tuple[str, dict[str, Any]]:
    axis, keepdims = given.get("dim"), bool(given.get("keepdim", False))
    return name.removeprefix("a") if name in ("amax", "amin") else name, {"axis": axis, "keepdims": keepdims}


def _along(name: str, given: dict[str, Any], node: Node) -> tuple[str, dict[str, Any]]:
    return name, {"axis": given.get("dim", 0)}


def _transposed(name: str, given: dict[str, Any], node: Node) -> tuple[str, dict[str, Any]]:
    axes = list(range(node.data.ndim))
    if "dim0" in given and "dim1" in given:
        first, second = given["dim0"], given["dim1"]
        axes[first], axes[second] = axes[second], axes[first]
    elif "dims" in given:
        axes = [axis % len(axes) for axis in given["dims"]]
    else:
        axes[-2:] = axes[-2:][::-1]
    return "transpose", {"axes": tuple(axes)}


def _index(name: str, given: dict[str, Any], node: Node) -> tuple[str, dict[str, Any]]:
    return name, {"index": given.get("index", ())}


def _piece(name: str, given: dict[str, Any], node: Node) -> tuple[str, dict[str, Any]]:
    """Return one part of a tensor that was taken apart, as an element of it."""
    dim, part = given.get("dim", 0), given.get("output", 0)
    source = node.inputs[0]
    dim %= source.data.ndim
    before: tuple[Any, ...] = (slice(None),) * dim
    if name == "unbind":
        return "getitem", {"index": (*before, part)}
    if name == "select":
        return "getitem", {"index": (*before, given.get("index", 0))}
    length = source.shape[dim]
    size = -(-length // given["chunks"]) if "chunks" in given else given.get("split_size_or_sections", length)
    start = given.get("start", part * size if isinstance(size, int) else sum(size[:part]))
    return "getitem", {"index": (*before, slice(start, start + node.shape[dim]))}


def _broadcast(name: str, given: dict[str, Any], node: Node) -> tuple[str, dict[str, Any]]:
    return name, {"shape": node.shape}


def _cross_entropy(name: str, given: dict[str, Any], node: Node) -> tuple[str, dict[str, Any]]:
    """Return our loss of the same logits and classes; whether it is summed or averaged shows when it agrees."""
    return "softmax_cross_entropy", {}


_READERS: dict[str, Reader] = {
    "cross_entropy": _cross_entropy,
    **dict.fromkeys(_REDUCTIONS, _reduction),
    **dict.fromkeys(("softmax", "log_softmax", "concatenate", "stack"), _along),
    **dict.fromkeys(("unbind", "chunk", "split", "narrow", "select"), _piece),
    "transpose": _transposed,
    "getitem": _index,
    "broadcast_to": _broadcast,
}

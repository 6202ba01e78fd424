"""The recorded backward pass: the rules run on Tensors, so that gradients can be differentiated again.

It is a walk of its own beside that of `tinygraph.backward.backprop`: that one is made for speed and adds up in place;
this one records, and goes no further than the nodes it is asked about.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..recording import context as record
from ..recording.sparse import dense
from ..recording.tensor import Recorded, Tensor, _wrapped, by_index
from .anomaly import check_contributions


def pull_back(outputs: list[Tensor], adjoints: list[Any], wrt: list[Tensor]) -> list[Any]:
    """Return the gradients of ``Σ ⟨adjoint, output⟩`` with respect to `wrt`, as recorded Tensors.

    The same rules run as in `backward`, on Tensors: what they compute can be differentiated again.
    """
    totals: dict[Tensor, Any] = {}
    for output, adjoint in zip(outputs, adjoints, strict=True):
        totals[output] = adjoint if output not in totals else totals[output] + adjoint
    for node in _between(outputs, wrt):
        adjoint = totals.pop(node, None)
        if adjoint is None:
            continue
        for source, contribution in zip(node._inputs, _pull_recorded(node, adjoint), strict=False):
            if contribution is not None:
                contribution = dense(contribution)
                totals[source] = contribution if source not in totals else totals[source] + contribution
    for leaf in wrt:
        if leaf in totals and totals[leaf].shape != leaf.shape:
            raise ValueError(f"a rule gave a leaf of shape {leaf.shape} a contribution of shape {totals[leaf].shape}")
    return [totals.get(leaf) for leaf in wrt]


def _pull_recorded(node: Recorded, adjoint: Any) -> tuple:
    tensors = _as_recorded(node)
    if not record.context().anomaly:
        return node.op.pull(adjoint, node, tensors, node._inputs, node._attributes)
    with record.Changed(anomaly=False):  # what is to be named is the program's op, not one of its rule
        contributions = node.op.pull(adjoint, node, tensors, node._inputs, node._attributes)
    check_contributions(node, adjoint, contributions)
    return contributions


def _between(outputs: list[Tensor], wrt: list[Tensor]) -> list[Recorded]:
    """Return the ops between `wrt` and `outputs`, last recorded first; nothing older than `wrt` can lie between."""
    oldest = min((leaf._index for leaf in wrt), default=0)
    found = [node for node in dict.fromkeys(outputs) if node.op is not None and node.requires_grad]
    seen, stop = set(found), set(wrt)
    for node in found:
        for source in node._inputs:
            if source is None or source in seen or source in stop or source.op is None:
                continue
            if source.requires_grad and source._index > oldest:
                seen.add(source)
                found.append(source)
    found = [node for node in found if node not in stop]
    found.sort(key=by_index, reverse=True)
    return found


def _as_recorded(node: Recorded) -> tuple[Any, ...]:
    """Return the arguments of `node` as Tensors, so that its rules are recorded."""
    tensors: list[Any] = []
    for source, value in zip(node._inputs, node._values, strict=False):
        if source is not None and source._data is not value:
            raise RuntimeError(f"{node.op}: an input was replaced after it was recorded; its graph has no second order")
        constant = source is None and isinstance(value, np.ndarray) and value.dtype.kind == "f"
        tensors.append(_wrapped(value) if constant else value if source is None else source)  # a.dot(g) asks it of a
    if node.op.saves is not None:
        tensors.append(node.op.saves(*tensors, **(node._attributes or {})))
    return tuple(tensors)

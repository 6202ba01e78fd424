"""The recorded backward pass: the rules run on Tensors, so that gradients can be differentiated again.

It is a walk of its own beside that of `tinygraph.backward.backprop`: that one is made for speed and adds up in place;
this one records, and goes no further than the nodes it is asked about.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np

from ..recording.calls import next_index
from ..recording.context import Changed, context
from ..recording.history import between, recorded_at
from ..recording.passes import Origin, RecordedPass
from ..recording.primitive import Primitive
from ..recording.pullback import RuleError
from ..recording.sparse import dense
from ..recording.tensor import Tensor, as_constant


def pull_back(outputs: list[Tensor], adjoints: list[Any], wrt: list[Tensor]) -> list[Any]:
    """Return the gradients of ``Σ ⟨adjoint, output⟩`` with respect to `wrt`, as recorded Tensors.

    The same rules run as in `backward`, on Tensors: what they compute can be differentiated again.
    """
    record = RecordedPass()
    with Changed(backward=record) if context().recording else nullcontext():
        return _pull_back(outputs, adjoints, wrt, record)


def _pull_back(outputs: list[Tensor], adjoints: list[Any], wrt: list[Tensor], record: RecordedPass) -> list[Any]:
    totals: dict[Tensor, Any] = {}
    for output, adjoint in zip(outputs, adjoints, strict=True):
        totals[output] = adjoint if output not in totals else totals[output] + adjoint
    oldest = min((leaf._index for leaf in wrt), default=0)  # nothing older can lie between
    for node in reversed(between(wrt, outputs, oldest)[0]):
        op = node.op
        adjoint = None if op is None else totals.pop(node, None)
        if op is None or adjoint is None:
            continue
        _complete(record, node, adjoint)
        record.begin(next_index(), node._index, Origin(node._call, node._lasti, node._name))
        inputs: Any = node._inputs  # only Tensors receive a contribution
        for source, contribution in zip(inputs, _pull_recorded(node, op, adjoint), strict=False):
            if contribution is not None:
                contribution = dense(contribution)
                totals[source] = contribution if source not in totals else totals[source] + contribution
    for leaf in wrt:
        if leaf in totals and totals[leaf].shape != leaf.shape:
            raise ValueError(f"a rule gave a leaf of shape {leaf.shape} a contribution of shape {totals[leaf].shape}")
        _complete(record, leaf, totals.get(leaf))
    return [totals.get(leaf) for leaf in wrt]


def _complete(record: RecordedPass, of: Tensor, adjoint: Any) -> None:
    if type(adjoint) is Tensor:
        record.complete(adjoint._index, of._index)


def _pull_recorded(node: Tensor, op: Primitive, adjoint: Any) -> tuple:
    tensors = _as_recorded(node, op)
    watch = context().watch
    try:
        if watch is None:
            return op.pull(adjoint, node, tensors, node._inputs, node._attributes)
        with Changed(watch=None):  # what is to be named is the program's op, not one of its rule
            contributions = op.pull(adjoint, node, tensors, node._inputs, node._attributes)
    except RuleError as error:
        raise RuleError(f"{error}{recorded_at(node)}") from error.__cause__
    except Exception as error:
        error.add_note(f"in the rule of {op}{recorded_at(node)}")
        raise
    watch.pulled(node, adjoint, contributions)
    return contributions


def _as_recorded(node: Tensor, op: Primitive) -> tuple[Any, ...]:
    """Return the arguments of `node` as Tensors, so that its rules are recorded."""
    tensors: list[Any] = []
    for source, value in zip(node._inputs, node._values, strict=False):
        if source is not None and source._value is not value:
            raise RuntimeError(f"{op}: an input was replaced after it was recorded; its graph has no second order")
        constant = source is None and isinstance(value, np.ndarray) and value.dtype.kind == "f"
        tensors.append(as_constant(value) if constant else value if source is None else source)  # a.dot(g) asks it of a
    if op.saves is not None:
        tensors.append(op.saves(*tensors, **(node._attributes or {})))
    return tuple(tensors)

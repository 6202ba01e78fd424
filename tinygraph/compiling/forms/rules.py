"""The rules of an op, run once on Tensors: what they record is the op's derivative, as ops of the form."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.losses import at as classes_at
from ...recording.context import Changed
from ...recording.history import leading_to
from ...recording.primitive import Primitive, is_ours
from ...recording.sparse import dense
from ...recording.tensor import Tensor, make_leaf
from ..calls.watching import Recorder
from ..errors import NotCompiled
from .form import CALL, CONSTANT, PART, PULL, Form, Read, Value, shape_and_dtype
from .lowering import Foreign
from .own import CROSS_ENTROPY
from .scalars import is_plain_number


class _CrossEntropyAdjoint(Primitive):
    def __init__(self) -> None:
        super().__init__("softmax_cross_entropy_adjoint", (None, None, None), ("g", "p", "target"))

    @staticmethod
    def forward(g: Any, p: Any, target: Any) -> Any:
        """Return ``g (p − one_hot(target))``, a row for each loss; g may be the same for all time steps."""
        do = p * g[..., None]
        g = g.reshape(()) if g.size == 1 else np.broadcast_to(g, target.shape).reshape(-1)
        do.reshape(-1, p.shape[-1])[classes_at(np.reshape(target, -1))] -= g
        return do


CROSS_ENTROPY_ADJOINT = _CrossEntropyAdjoint()


def cross_entropy(o: Any, target: Any) -> tuple[Any, Any]:
    """Return the losses of all time steps, and their probabilities: rows of one matrix."""
    losses, p = CROSS_ENTROPY["each"].forward(o.reshape(-1, o.shape[-1]), np.reshape(target, -1))
    return losses.reshape(target.shape), p.reshape(o.shape)


def expand(form: Form) -> None:
    """Put ops in the place of the pull-backs in loops, where the rules can be recorded."""
    replaced: dict[Value, Value] = {}
    for pull in [value for value in form.values if value.kind == PULL]:
        parts = {v.data: v for v in form.values if v.kind == PART and v.reads[0].source is pull}
        for argument, read in _expanded(form, pull).items():
            if argument in parts:
                replaced[parts[argument]] = read.source
    for value in form.values:
        value.read_as(lambda read: read._replace(source=replaced.get(read.source, read.source)))
    form.renumber()


def _expanded(form: Form, pull: Value) -> dict[int, Read]:
    """Return what the pull-back contributes to each argument, as values of ops; nothing if that cannot be recorded."""
    op = pull.op
    adjoint, y, *operands = pull.reads
    if op is CROSS_ENTROPY["each"]:
        value = Value(CALL, operands[0].source.shape, operands[0].source.dtype, loop=pull.loop, span=pull.span)
        value.op, value.of = CROSS_ENTROPY_ADJOINT, operands[0].source
        value.reads = (adjoint, operands[2], operands[1])
        return {0: Read(form.add(value), 1, 0) if pull.loop else Read(form.add(value))}
    if isinstance(op, Foreign) or not is_ours(op) or op.saves is not None:
        return {}
    recorder = Recorder()
    with Changed(watch=recorder, recording=True), np.errstate(all="ignore"):
        leaves = [make_leaf(np.ones(read.source.shape, read.source.dtype)) for read in (adjoint, y)]
        arguments = [_stand_in(read.source) for read in operands]
        recorder.arguments = [*leaves, *(x for x in arguments if isinstance(x, Tensor))]
        recorder.wanted = set(range(len(recorder.arguments)))  # a rule that looks at a value runs itself in each call
        try:
            receives = tuple([_Receives(wanted) for wanted in pull.wanted])
            contributions = op.pull(leaves[0], leaves[1], tuple(arguments), receives, pull.attributes)
            contributions = [dense(c) for c in contributions]
        except Exception:
            return {}
    reads = {leaves[0]: adjoint, leaves[1]: y}
    reads.update({x: read for x, read in zip(arguments, operands, strict=False) if isinstance(x, Tensor)})
    recorded: dict[int, Tensor] = {}
    for argument, contribution in enumerate(contributions):
        if pull.wanted[argument]:
            if not isinstance(contribution, Tensor) or contribution.shape != operands[argument].source.shape:
                return {}
            recorded[argument] = contribution
    try:
        return {k: _as_value(form, tensor, reads, pull, operands[k].source) for k, tensor in recorded.items()}
    except NotCompiled:
        return {}


def _stand_in(value: Value) -> Any:
    """Return a Tensor of the shape and dtype of a value, or a plain number itself: no rule looks at others."""
    return value.data if is_plain_number(value) else make_leaf(np.ones(value.shape, value.dtype))


class _Receives:
    def __init__(self, wanted: bool):
        self.requires_grad = wanted


def _as_value(form: Form, tensor: Tensor, reads: dict[Tensor, Read], pull: Value, of: Value) -> Read:
    """Append the ops that lead to a Tensor, in the loop of the pull-back; return how it is read."""
    for made in leading_to([tensor]):
        if made in reads:
            continue
        if made.op is None:
            reads[made] = _constant(form, made._value)
            continue
        sources = zip(made._inputs, made._values, strict=True)
        inputs = [_constant(form, value) if source is None else reads[source] for source, value in sources]
        value = Value(CALL, made.shape, made.dtype, op=made.op, reads=inputs, of=of)
        value.attributes = made._attributes or None
        if any(read.source.loop for read in inputs):
            value.loop, value.low, value.high = pull.loop, pull.low, pull.high
        form.add(value)
        reads[made] = Read(value, 1, 0) if value.loop else Read(value)
    return reads[tensor]


def _constant(form: Form, value: Any) -> Read:
    return Read(form.add(Value(CONSTANT, *shape_and_dtype(value), data=value)))

"""Terms of a loss that are not of one measure: a mean over the examples, and a sum over the same ones."""

from __future__ import annotations

from collections.abc import Iterator

from ...array_text import shape_text
from ...recording.node import Node
from .case import Case, Symptom

_PASSES_ON = {"add", "subtract", "multiply", "divide", "negative", "true_divide"}


def mean_and_sum(case: Case) -> Iterator[Symptom]:
    """Find a loss that adds a mean over some axes and a sum over the same and others: that grows with the batch."""
    terms = _terms(case.trace.output)
    means = [node for node in terms if str(node.op) == "mean" and node.inputs[0].data.ndim > 1]
    for node in terms:
        whole = node.inputs[0].shape
        mean = next((mean for mean in means if whole[: mean.inputs[0].data.ndim] == mean.inputs[0].shape), None)
        if str(node.op) == "sum" and mean is not None:
            text = f"the loss adds a sum over {shape_text(whole)} values to a mean over"
            text += f" {shape_text(mean.inputs[0].shape)}: its gradient grows with the batch, that of the mean does not"
            yield case.symptom("loss", text, [node], case.goto(node))


def _terms(output: Node) -> list[Node]:
    """Return what a loss is made of, down to the reductions whose terms it adds."""
    terms, waiting = [], [output]
    while waiting:
        node = waiting.pop()
        if str(node.op) in _PASSES_ON and node.shape == ():
            waiting += node.inputs
        elif node.op is not None and node.shape == () and node.inputs:
            terms.append(node)
    return terms

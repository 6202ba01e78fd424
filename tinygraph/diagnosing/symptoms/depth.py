"""Depth: gradients that vanish through layers, and a sum of a value with itself where a path was to go round it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ...array_text import number_text
from ...numeric import norm
from ...recording.node import Node
from ...recording.operands import operands_of
from ..local_gains import extreme_gain
from .case import Case, Symptom

_FEWEST = 10  # layers
_LOST = 1e-6  # what is left of a gradient after all of them
_BETWEEN = 64  # nodes that are looked at between two layers


def vanishing_through_layers(case: Case) -> Iterator[Symptom]:
    """Find layers one above another, outside of time, through which next to nothing is left of the gradient."""
    subscripts = case.graph.timeline.subscripts
    for line in reversed(case.lines):
        if line.first.timestep is not None or len(line.nodes) < _FEWEST:
            continue
        layers = [node for node in line.nodes if case.trace.step_of(node) is not None]
        numbers = [subscripts[node.index] for node in layers]
        if len(layers) < _FEWEST or len({*numbers}) < len(numbers) or any(node.timestep is not None for node in layers):
            continue
        sizes = [norm(gradient) for node in layers if (gradient := case.trace.gradient(node)) is not None]
        if not all(map(np.isfinite, sizes)) or not 0 < sizes[0] < _LOST * sizes[-1]:
            continue
        if all(_leads(case, below, above) for below, above in pairwise(layers)):
            first, last = (case.trace.symbols.of(node).bar for node in (layers[0], layers[-1]))
            rate = (sizes[0] / sizes[-1]) ** (1 / (len(sizes) - 1))
            text = f"the gradient vanishes through {len(layers)} layers, ×{rate:.3g} in each: ‖{last}‖ is"
            text += f" {number_text(sizes[-1])}, ‖{first}‖ {number_text(sizes[0])}"
            gain = extreme_gain(case.trace, layers, weakest=True)
            yield case.symptom("vanishing", text + (f"; the weakest op: {gain}" if gain else ""), layers)
            return


def _leads(case: Case, below: Node, above: Node) -> bool:
    """Tell whether one value is made of another, a layer further down."""
    reached = [above]
    for node in reached:  # the list grows under the loop
        if below in node.inputs:
            return True
        sources = (source for source in node.inputs if source.kind == "op" and source.index > below.index)
        reached += [source for source in sources if source not in reached]
        if len(reached) > _BETWEEN:
            break
    return False


def sum_with_itself(case: Case) -> Iterator[Symptom]:
    """Find ``x + skip`` of two names that stand for one value: the path that was to go round the block is missing."""
    for line in case.lines:
        node = line.first
        if line.op != "add" or node.inputs[0] is not node.inputs[1] or not node.requires_grad:
            continue
        operands = operands_of(node.expression)
        names = [operand.id for operand in operands if isinstance(operand, ast.Name)]
        if len(operands) == len(names) == 2 and names[0] != names[1]:
            text = f"{node.expression}: {names[0]} and {names[1]} are one and the same value, "
            text += f"{case.trace.symbols.of(node.inputs[0])}; the sum is twice that"
            yield case.symptom("same value", text, line.nodes)

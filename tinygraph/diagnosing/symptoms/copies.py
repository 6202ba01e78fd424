"""Weights that are copies of parameters: they were tied once, and are constants."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ...recording.node import Node
from ..makers import made_at
from .case import Case, Symptom

_PRODUCTS = {"matmul", "dot", "einsum", "linear", "linear_bias"}
_WAYS_OUT = r"\.(?:numpy\(\)|data\b|detach\(\)|copy\(\)|tolist\(\))"


def copied_weights(case: Case) -> Iterator[Symptom]:
    """Find a constant that a gradient passes by in a product, and that is a copy of a parameter of this network.

    No gradient passes the copies of a target network; nor is the start of a penalty a factor.
    """
    for line in case.lines:
        if line.op not in _PRODUCTS or not line.first.requires_grad:
            continue
        for weight in line.first.inputs:
            if weight.kind == "op" or weight.requires_grad or weight.data.ndim != 2 or weight.dtype.kind != "f":
                continue
            parameter = _copied(case, weight)
            if parameter is not None:
                maker = made_at(case.trace, weight)
                name, made = case.trace.symbols.of(parameter), "" if maker is None else f", made on {maker}"
                text = f"the weight {weight.name or weight.expression} is a constant copy of {name}"
                text += f"{made}; no gradient reaches {name} through it, and no update changes it"
                yield case.symptom("copy", text, line.nodes, f"info {case.trace.symbols.of(weight).ascii}")


def _copied(case: Case, weight: Node) -> Node | None:
    """Return the parameter that has the values of a constant, or whose copy it was when it was made."""
    for node in case.graph.parameters:
        if node.data.ndim == 2 and np.unique(node.data).size > 2:
            for value in (node.data, node.data.T):
                if np.array_equal(value, weight.data):
                    return node
    maker = made_at(case.trace, weight) if weight.kind == "constant" else None
    for node in case.graph.parameters:
        if maker is not None and node.name and re.search(rf"\b{re.escape(node.name)}{_WAYS_OUT}", maker.text):
            return node
    return None

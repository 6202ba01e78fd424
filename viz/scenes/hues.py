"""Which colour number a parameter has, and what carries its colour on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .labels import AnyNode

__all__ = ["carried_hues", "parameter_hues"]

VIEWS = frozenset(
    ("transpose", "reshape", "swapaxes", "moveaxis", "expand_dims", "squeeze", "getitem", "astype", "alias")
)


def parameter_hues(nodes: Iterable[AnyNode]) -> dict[int, int]:
    """Return a colour number for each parameter among `nodes`, by its index, in their order."""
    return {node.index: hue for hue, node in enumerate(node for node in nodes if node.kind == "parameter")}


def carried_hues(nodes: Iterable[tuple[AnyNode, Sequence[AnyNode]]], hues: Mapping[int, int]) -> dict[int, int]:
    """Return the hue of each parameter, and of what is only its transpose or another view of it.

    `nodes` come with their arguments, each after those.
    """
    carried = dict(hues)
    for node, inputs in nodes:
        if node.kind == "op" and str(node.op) in VIEWS:
            viewed = [source.index for source in inputs if source.kind != "constant"]
            if len(set(viewed)) == 1 and viewed[0] in carried:
                carried[node.index] = carried[viewed[0]]
    return carried

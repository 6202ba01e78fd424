"""How large a node is drawn: as large as its text asks."""

from __future__ import annotations

from .metrics import text_width
from .scene import Node

__all__ = ["DETAIL_SIZE", "LABEL_SIZE", "node_size"]

LABEL_SIZE = 13.0
DETAIL_SIZE = 10.0


def node_size(node: Node, round: bool = False) -> tuple[float, float]:
    """Width and height in pixels; a round node is a circle as long as its text fits into one.

    >>> node_size(Node("n0", "tanh", "20"))
    (44.0, 36.0)
    """
    bold = node.kind not in ("op", "constant")
    label = text_width(node.label, LABEL_SIZE + (2 if round else 0), bold)
    detail = text_width(node.detail, DETAIL_SIZE)
    if round:
        return float(max(44, _even(max(label, detail) + 18))), 44.0 if not node.detail else 48.0
    height = 36.0 if node.detail else 26.0
    if node.kind == "parameter":
        height = 20.0
        return float(_even(label + (detail + 6 if detail else 0) + 16)), height
    return float(max(38, _even(max(label, detail) + 18))), height


def _even(width: float) -> int:
    return 2 * round(width / 2 + 0.49)

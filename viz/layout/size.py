"""How large a node is drawn: as large as its text asks."""

from __future__ import annotations

from ..scenes.scene import Node
from .geometry import Box
from .metrics import text_width
from .typeset import typeset_width

LABEL_SIZE = 13.0
DETAIL_SIZE = 10.0
TAG_SIZE = 11.0
LONG = 90.0  # remarks that take more pixels beside each other
CORNERS = ((1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0))  # right or left; lower, upper or beside: best first


def node_size(node: Node, round: bool) -> tuple[float, float]:
    """Return the width and height in pixels; a round node is a circle as long as its text fits into one.

    >>> node_size(Node("n0", "tanh", "20"), round=False)
    (44.0, 36.0)
    """
    bold = node.kind not in ("op", "constant", "operator")
    label = typeset_width(node.label, LABEL_SIZE + (2 if round else 0), bold)
    detail = text_width(node.detail, DETAIL_SIZE)
    width = _even(max(label, detail) + 18)
    if node.kind == "operator":
        return max(26.0, width - 10.0), 26.0
    if round:
        return max(44.0, width), 48.0 if node.detail else 44.0
    if node.kind == "parameter":
        return _even(label + (detail + 6 if detail else 0) + 16), 20.0
    return max(38.0, width), 36.0 if node.detail else 26.0


def label_room(label: str) -> float:
    """Return the width that the label of an edge takes up, with a little air; 0 without one."""
    return typeset_width(label, LABEL_SIZE, True) + 6.0 if label else 0.0


def tag_boxes(node: Node, box: Box, corner: int = 0) -> list[Box]:
    """Return where the remarks of a node stand: at one of its `CORNERS`, close to it if it is round."""
    side, height = CORNERS[corner]
    deep = 0.27 * min(box.width, box.height) / 2 * abs(height)
    widths = [typeset_width(text, TAG_SIZE, True) for text, _ in node.tags]
    long = sum(widths) > LONG  # then one stands under the other
    room = max(widths) if long else sum(widths) + 4 * (len(widths) - 1)
    out = deep - 1 - 2 * (not height)
    x = box.right - out if side > 0 else box.left + out - room
    y = box.y + height * (box.height / 2 - deep + 5) - (TAG_SIZE + 1) * (len(widths) - 1) * long * (1 - height) / 2
    boxes = []
    for width in widths:
        boxes.append(Box((x if side > 0 or not long else x + room - width) + width / 2, y, width, TAG_SIZE))
        x, y = (x, y + TAG_SIZE + 1) if long else (x + width + 4, y)
    return boxes


def _even(width: float) -> float:
    return 2.0 * round(width / 2 + 0.49)

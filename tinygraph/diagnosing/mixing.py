"""mix: which rows of an axis reach another row's results, and the first op that joins them.

One row is moved a little, and what was recorded is run again: what changes has read it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..backward.replay import run_forward
from ..graphs.graph import Graph
from ..recording.node import Node
from ..recording.op import Op
from ..tracing.trace import Trace
from .loss_terms import adds_terms

_ROWS = 64  # that are tried
_ROUNDINGS = 64

Changed = dict[Node, np.ndarray]  # the elements that another row would change, for each node that has some


class Mix(NamedTuple):
    """What becomes of the rows of an axis.

    Attributes
    ----------
    of : str
        The value whose rows they are.
    axis : int
    rows : int
        How many there are.
    first : Node or None
        The first op that joins rows whose results are told apart later; None if each row keeps to itself up to the
        sum over all of them that a loss takes.
    seen_in : Node or None
        The first op with a row that has read another one; `first` itself where the axis is lost before that, by an
        index or a sum, and another op goes on with what was joined.
    reached : dict of int to list of int
        For the rows that were tried, all of up to 64, the rows of that op that read them; none where they can no longer
        be told apart.
    """

    of: str
    axis: int
    rows: int
    first: Node | None
    seen_in: Node | None
    reached: dict[int, list[int]]


def mix(trace: Trace, of: str | Node, axis: int = 0) -> Mix:
    """Return whether rows of a value reach the results of other rows, and the first op that joins them.

    Parameters
    ----------
    trace : Trace
        A recorded pass. Its ops are run again, those of the program's own too.
    of : str or Node
        A value: by the name of one, ``"h[3]"``, or of all time steps, ``"x"``.
    axis : int
        The axis along which the examples stand.

    Raises
    ------
    LookupError
        If there is no such value.
    ValueError
        If it has no such axis, or fewer than two rows, or if nothing recorded joins the rows but a Tensor left the
        graph: what became of its values is not known.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x, W = tg.tensor(np.arange(6.0).reshape(3, 2), name="x"), tg.parameter(np.eye(2), name="W")
    >>> apart = tg.trace(np.sum(tg.softmax(x @ W, axis=1) ** 2))
    >>> mix(apart, "x").first is None
    True
    >>> joined = mix(tg.trace(np.sum(tg.softmax(x @ W, axis=0) ** 2)), "x")
    >>> str(joined.first.op), joined.reached[0]
    ('softmax', [1, 2])
    """
    nodes = [of] if isinstance(of, Node) else _named(trace, of)
    name = str(trace.symbols.of(nodes[0])) if len(nodes) == 1 else trace.symbols.of(nodes[0]).name
    mixed = mixed_rows(trace.graph, nodes, axis, name, _ROWS)
    if mixed.first is None and trace.cuts:
        cut = trace.cuts[0]
        line = f", line {cut.source.lineno}" if cut.source else ""
        raise ValueError(
            f"no recorded op joins the rows of {name}, but {cut.what} left the graph by {cut.how}{line}: "
            "whether rows are joined through its values is not known"
        )
    if mixed.first is None and mixed.rows > _ROWS:
        raise ValueError(f"no recorded op joins the {_ROWS} rows of {name} that were tried; the other rows were not")
    return mixed


def _named(trace: Trace, name: str) -> list[Node]:
    """Return the values of a name in all time steps, or the one that is meant."""
    alike = [node for node in trace.symbols.all(name) if node.dtype.kind == "f"]
    return alike if len(alike) > 1 and len({node.shape for node in alike}) == 1 else [trace.node(name)]


def reading_order(mixed: Mix) -> str:
    """Return in a sentence who reads whom, where there is one for all rows; else an empty text.

    Examples
    --------
    >>> reading_order(Mix("x", 0, 3, None, None, {0: [], 1: [0], 2: [0, 1]}))
    'each row reads itself and later ones, none an earlier one'
    >>> reading_order(Mix("x", 0, 3, None, None, {0: [2], 1: [0], 2: [1]}))
    'each row reads the one 1 after it, round the end'
    """
    others, count = mixed.reached, mixed.rows
    if not any(others.values()):
        return ""
    if all(len(reached) == count - 1 for reached in others.values()):
        return "each row reads all others"
    if all(other < row for row, reached in others.items() for other in reached):
        return "each row reads itself and later ones, none an earlier one"
    if all(other > row for row, reached in others.items() for other in reached):
        return "each row reads itself and earlier ones, none a later one"
    if all(reached == [count - 1 - row] or row == count - 1 - row for row, reached in others.items()):
        return "each row reads the one that is as far from the other end"
    shifts = {(row - reached[0]) % count if len(reached) == 1 else None for row, reached in others.items()}
    shift = shifts.pop()
    if shifts or shift is None:
        return ""
    way, by = ("after", shift) if shift <= count // 2 else ("before", count - shift)
    return f"each row reads the one {by} {way} it, round the end"


def mixed_rows(graph: Graph, nodes: list[Node], axis: int, name: str, most: int = 6) -> Mix:
    """Return what becomes of the rows of some nodes of one shape, at most so many of them; see `mix`."""
    shape = nodes[0].shape
    if not -len(shape) <= axis < len(shape) or nodes[0].dtype.kind != "f":
        raise ValueError(f"{name} has shape {shape} and dtype {nodes[0].dtype}: there are no rows along axis {axis}")
    axis %= len(shape)
    count = shape[axis]
    if count < 2:
        raise ValueError(f"{name} has {count} row along axis {axis}: there is nothing to mix")
    tried = sorted({int(i) for i in np.linspace(0, count - 1, min(count, most))})
    changed = {row: _moved(graph, nodes, axis, row) for row in tried}
    joined, seen_in = _first_seen(graph, nodes, changed, count)
    if seen_in is None:
        return Mix(name, axis, count, None, None, {})
    return Mix(name, axis, count, joined, seen_in, _readers(changed, seen_in, count))


def _moved(graph: Graph, nodes: list[Node], axis: int, row: int) -> Changed:
    """Move one row and run again what reads it; return which elements of each op change."""
    rng = np.random.default_rng(row)
    values: dict[Node, Any] = {}
    for node in nodes:
        moved = np.array(node.data)
        part = np.moveaxis(moved, axis, 0)
        part[row] += (np.std(moved, dtype=float) + 0.1) * rng.normal(size=part[row].shape)
        values[node] = moved
    changed: Changed = {node: value != node.data for node, value in values.items()}
    for node in graph.nodes:
        if node in values or not isinstance(node.op, Op) or not any(source in values for source in node.inputs):
            continue
        operands = node.values()[: len(node.inputs)]
        given = [values.get(source, value) for source, value in zip(node.inputs, operands, strict=True)]
        y = run_forward(node, given)
        differs = _differs(np.asarray(y), node.data)
        if differs.any():
            values[node], changed[node] = y, differs
    return changed


def _differs(now: np.ndarray, then: np.ndarray) -> np.ndarray:
    if now.dtype.kind != "f":
        return now != then
    finite = np.abs(then[np.isfinite(then)])
    with np.errstate(all="ignore"):
        same = np.abs(now - then) <= _ROUNDINGS * np.finfo(now.dtype).eps * finite.max(initial=0)
    return ~(same | (now == then) | (np.isnan(now) & np.isnan(then)))


def _first_seen(
    graph: Graph, nodes: list[Node], changed: dict[int, Changed], count: int
) -> tuple[Node | None, Node | None]:
    """Return the first op that joins rows, and the first with a row that has read another one."""
    joined: set[Node] = set()
    tables: set[Node] = set()
    for node in graph.nodes:
        masks = {row: of_row[node] for row, of_row in changed.items() if node in of_row}
        if node not in nodes and len(masks) > 1 and not _is_apart(masks, count):
            (tables if _is_table(masks, count) else joined).add(node)
    lasting = _lasting(graph, joined | tables)
    joined &= lasting
    for node in sorted(joined, key=lambda each: each.index):
        if count in node.shape:
            first = _earliest(node, joined | (tables & lasting))
            if first in tables and _readers(changed, first, count) != _readers(changed, node, count):
                first = _earliest(node, joined)  # a mask has taken pairs away
            return first, node
        if any(source in joined for source in node.inputs) and not _is_of_a_loss(node):
            return (_earliest(node, joined),) * 2
    pairs = min(tables & lasting, key=lambda each: each.index, default=None)
    return pairs, pairs


def _lasting(graph: Graph, joined: set[Node]) -> set[Node]:
    """Return the joined ops whose effect lasts up to the output: no mask takes it away again."""
    lasting: set[Node] = set()
    for node in reversed(graph.nodes):
        if node in joined and (node in graph.outputs or any(reader in lasting for reader, _ in graph.consumers(node))):
            lasting.add(node)
    return lasting


def _is_of_a_loss(node: Node) -> bool:
    """Tell whether an op only goes on with sums over rows, as a loss does, and makes nothing else of them."""
    return adds_terms(node) or (node.shape == () and node.timestep is None)


def _is_apart(masks: dict[int, np.ndarray], count: int) -> bool:
    """Tell whether along some axis each row has changed nothing but itself; without one, nothing that another has."""
    shape = next(iter(masks.values())).shape
    if count not in shape:
        return not (np.sum([*masks.values()], axis=0) > 1).any()
    for axis, length in enumerate(shape):
        if length == count and all(_rows(mask, axis) == [row] for row, mask in masks.items()):
            return True
    return False


def _is_table(masks: dict[int, np.ndarray], count: int) -> bool:
    """Tell whether it is a table of all pairs of rows, as the scores of an attention: one row, one column for each."""
    shape = next(iter(masks.values())).shape
    axes = [axis for axis, length in enumerate(shape) if length == count]
    if len(axes) != 2:
        return False
    for row, mask in masks.items():
        pairs = np.moveaxis(mask, axes, (0, 1))
        others = np.arange(count) != row
        if pairs[others][:, others].any():
            return False
    return True


def _rows(mask: np.ndarray, axis: int) -> list[int]:
    others = tuple(i for i in range(mask.ndim) if i != axis)
    return [int(i) for i in np.flatnonzero(mask.any(others))]


def _readers(changed: dict[int, Changed], node: Node, count: int) -> dict[int, list[int]]:
    """Return for each row that was moved the other rows of an op that read it."""
    return {row: _others(of_row.get(node), row, count) for row, of_row in changed.items()}


def _others(mask: np.ndarray | None, row: int, count: int) -> list[int]:
    """Return the rows that read a given one, along the axis where they are fewest."""
    if mask is None:
        return []
    along = [_rows(mask, axis) for axis, length in enumerate(mask.shape) if length == count]
    return [other for other in min(along, key=len, default=[]) if other != row]


def _earliest(node: Node, joined: Iterable[Node]) -> Node:
    """Return the first of the joined ops that lead to one."""
    known = {*joined}
    leading = [node]
    for each in leading:  # the list grows under the loop
        leading += [source for source in each.inputs if source in known and source not in leading]
    return min(leading, key=lambda each: each.index)

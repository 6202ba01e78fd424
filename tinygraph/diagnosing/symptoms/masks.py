"""Masks: of an attention, turned round; of lengths, that put a last state to 0; of a dropout, without its scale."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ...array_text import shape_text
from ...recording.node import Node
from ..makers import made_at
from .case import Case, Line, Symptom

_FEW = 4
_MANY = 0.25  # of the rows


def reads_the_future(case: Case) -> Iterator[Symptom]:
    """Find attention weights by which each position reads itself and later ones, and none an earlier one."""
    for line in case.lines:
        if line.op not in ("softmax", "divide") or not line.first.requires_grad:
            continue
        if all(_is_turned_round(node.data) for node in line.sample):
            text = f"each of the {line.first.shape[-1]} positions reads itself and later ones, none an earlier one"
            masks = list(filter(None, map(_mask_before, line.nodes)))
            maker = made_at(case.trace, masks[0][0]) if masks else None
            if maker is not None:
                text += f": is the mask turned round, made on {maker}"
            yield case.symptom("future", text, [reader for _, reader in masks] or line.nodes)


def _is_turned_round(p: np.ndarray) -> bool:
    """Tell whether attention weights are 0 for all earlier positions, and for no later one."""
    if p.ndim < 2 or p.dtype.kind != "f" or not p.shape[-1] == p.shape[-2] >= _FEW or (p < 0).any():
        return False
    ones = [bool(np.allclose(p.sum(axis), 1, atol=1e-4)) for axis in (-1, -2)]
    if ones[0] == ones[1]:
        return False
    p = p if ones[0] else np.swapaxes(p, -1, -2)
    earlier = np.tri(p.shape[-1], k=-1, dtype=bool)
    return not p[..., earlier].any() and bool((p[..., earlier.T] > 0).all())


def _mask_before(node: Node) -> tuple[Node, Node] | None:
    """Return the constant that hides positions, near before a softmax, and the op that reads it."""
    near = [node]
    for _ in range(_FEW):
        for reader in near:
            for source in reader.inputs:
                if source.kind != "op" and source.data.ndim >= 2 and len(np.unique(source.data)) == 2:
                    return source, reader
        near = [source for reader in near for source in reader.inputs]
    return None


def unscaled_dropout(case: Case) -> Iterator[Symptom]:
    """Find a random mask of 0 and 1 that is not divided by the share it keeps."""
    for line in case.lines:
        node = line.first
        for mask in node.inputs if line.op == "multiply" and node.requires_grad else ():
            if mask.kind == "op" or mask.data.ndim < 1 or set(np.unique(mask.data)) != {0, 1}:
                continue
            maker = made_at(case.trace, mask) if mask.kind == "constant" else None
            made = f"{mask.expression} {maker.text if maker is not None else ''}"
            scales = (str(reader.op) in ("divide", "multiply") for reader, _ in case.graph.consumers(node))
            if re.search(r"rand|binomial|rng|bernoulli", made) and not any(scales):
                text = f"a random mask keeps {mask.data.mean():.0%} of {shape_text(node.shape)} values, and"
                text += " they are not divided by that share: right if evaluation multiplies by it"
                yield case.symptom("dropout", text, line.nodes)
                return


def state_put_to_zero(case: Case) -> Iterator[Symptom]:
    """Find a state that is put to 0 in the rows whose sequences have ended, where the loss reads the last one only."""
    for line in case.lines:
        if line.op not in ("multiply", "where") or not line.first.requires_grad:
            continue
        masks = {node: mask for node in line.sample if (mask := _zero_rows(node)) is not None}
        last = max(masks, key=lambda node: node.timestep or 0, default=None)
        if last is None or not _are_lengths(list(masks.values())) or not _is_read_outside(case, line, last):
            continue
        zero, begin = masks[last], case.trace.gradient(line.first)
        if begin is None or np.any(begin[zero]):  # another loss reads them
            continue
        if _MANY <= zero.mean() < 1 or (zero.all() and zero.size > 1):
            lengths = next(source for source in last.inputs if source.kind != "op")
            text = f"{zero.sum()} of the {zero.size} rows of {case.trace.symbols.of(last)} are put to 0 by"
            text += f" {lengths.name or lengths.expression}"
            text += ", and the loss reads no earlier state: their sequences are lost"
            yield case.symptom("put to 0", text, line.nodes, case.goto(last))


def _zero_rows(node: Node) -> np.ndarray | None:
    """Return which rows a mask of zeros and ones puts to 0; None of an op that has none."""
    masks = [source for source in node.inputs if source.kind != "op" and source.shape not in ((), (1,))]
    if node.timestep is None or node.data.ndim < 2 or len(masks) != 1 or not np.isin(masks[0].data, (0, 1)).all():
        return None
    mask = np.broadcast_to(masks[0].data, node.shape).reshape(node.shape[0], -1)
    hidden = (node.data == 0).reshape(mask.shape).all(1)
    return hidden if (mask == mask[:, :1]).all() else None


def _are_lengths(zero_rows: list[np.ndarray]) -> bool:
    """Tell whether rows end at different times, and none begins anew."""
    rows = np.stack(zero_rows) if len({each.shape for each in zero_rows}) == 1 else np.empty((0, 0))
    if len(rows) < _FEW or rows[0].any() or (rows[1:] < rows[:-1]).any():
        return False
    return len(np.unique(rows.sum(0))) > 1


def _is_read_outside(case: Case, line: Line, last: Node) -> bool:
    """Tell whether something outside of time reads the last of some values, and none of the others."""
    outside = {node for node in line.nodes if any(reader.timestep is None for reader, _ in case.graph.consumers(node))}
    return outside == {last}

"""Things in a row that keep their distance, each as near as there is room to where it would be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def apart(wishes: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Return places in the order of `wishes`, with at least `gaps` between neighbours.

    Neighbours that wish to stand closer than they may are joined to a block, which stands where they wish on average.

    >>> apart([0.0, 1.0, 10.0], [4.0, 4.0])
    [-1.5, 2.5, 10.0]
    """
    offsets = [0.0, *accumulate(gaps)]
    blocks: list[tuple[float, int]] = []  # mean wish, members
    for wish, offset in zip(wishes, offsets, strict=True):
        blocks.append((wish - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (second, many), (first, few) = blocks.pop(), blocks.pop()
            blocks.append(((first * few + second * many) / (few + many), few + many))
    means = [mean for mean, members in blocks for _ in range(members)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]

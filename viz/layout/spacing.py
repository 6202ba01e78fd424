"""Things in a row that keep their distance, each as near as there is room to where it would be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def apart(wishes: Sequence[float], gaps: Sequence[float], weights: Sequence[float] = ()) -> list[float]:
    """Return places in the order of `wishes`, with at least `gaps` between neighbours.

    Neighbours that wish to stand closer than they may are joined to a block, which stands where they wish on average,
    those with larger `weights` more.

    >>> apart([0.0, 1.0, 10.0], [4.0, 4.0])
    [-1.5, 2.5, 10.0]
    >>> [round(place, 2) for place in apart([0.0, 1.0, 10.0], [4.0, 4.0], [99.0, 1.0, 1.0])]
    [-0.03, 3.97, 10.0]
    """
    offsets = [0.0, *accumulate(gaps)]
    blocks: list[tuple[float, float, int]] = []  # mean wish, weight, members
    for wish, offset, weight in zip(wishes, offsets, weights or [1.0] * len(wishes), strict=True):
        blocks.append((wish - offset, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (second, heavy, many), (first, light, few) = blocks.pop(), blocks.pop()
            blocks.append(((first * light + second * heavy) / (light + heavy), light + heavy, few + many))
    means = [mean for mean, _, members in blocks for _ in range(members)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]

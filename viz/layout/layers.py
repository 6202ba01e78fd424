"""Which layer each node stands in: the number of edges on the longest way to it from below."""

from __future__ import annotations

from collections import defaultdict

from .request import Request


def layers(request: Request) -> list[int]:
    """Return the layer of every node, from 0 at the bottom; edges that close a cycle have no say.

    >>> layers(Request(sizes=[(1, 1)] * 4, edges=[(0, 1, False), (1, 2, False), (3, 2, False), (2, 0, False)]))
    [0, 1, 2, 1]
    """
    count = len(request.sizes)
    higher = _without_cycles(_higher(request), count)
    floor = 1 if request.ports else 0
    heights = [floor] * count
    for port in request.ports:
        heights[port] = 0
    order = _bottom_up(higher, count)
    for node in order:
        for other in higher[node]:
            heights[other] = max(heights[other], heights[node] + 1)
    fed = {other for others in higher.values() for other in others}
    for node in reversed(order):  # what nothing feeds stands close under what it feeds
        if node not in fed and higher[node] and node not in request.ports:
            heights[node] = min(heights[other] for other in higher[node]) - 1
    return heights


def _higher(request: Request) -> dict[int, list[int]]:
    """Return what has to stand higher than each node."""
    higher: dict[int, list[int]] = defaultdict(list)
    for number, (source, target, above) in enumerate(request.edges):
        if number not in request.loose and source != target:
            low, high = (target, source) if above else (source, target)
            higher[low].append(high)
    for low, high in request.over:
        higher[low].append(high)
    return higher


def _without_cycles(higher: dict[int, list[int]], count: int) -> dict[int, list[int]]:
    """Return `higher` without the edges that lead back to where a walk in depth came from."""
    kept: dict[int, list[int]] = defaultdict(list)
    state = [0] * count  # 1: on the way here, 2: done
    for start in range(count):
        if state[start]:
            continue
        state[start] = 1
        way = [(start, iter(higher[start]))]
        while way:
            node, others = way[-1]
            for other in others:
                if state[other] == 1:
                    continue
                kept[node].append(other)
                if state[other] == 0:
                    state[other] = 1
                    way.append((other, iter(higher[other])))
                    break
            else:
                state[node] = 2
                way.pop()
    return kept


def _bottom_up(higher: dict[int, list[int]], count: int) -> list[int]:
    """Return the nodes, each after all that it has to stand above."""
    waiting = [0] * count
    for others in higher.values():
        for other in others:
            waiting[other] += 1
    order = [node for node in range(count) if not waiting[node]]
    for node in order:
        for other in higher[node]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order

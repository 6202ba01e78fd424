"""Where lines to and from other columns meet a node: one place for each, so that no two seem to be one."""

from __future__ import annotations

from collections import defaultdict
from itertools import count

from .plan import Crossing, Plan
from .routes import End, Net, Port

STEP, NARROW = 9.0, 7.0  # between two lines that enter side by side, at most and at least if there is room


def assign_exits(plan: Plan) -> dict[Net, float]:
    """Return how far below the middle of its source a net leaves, where lines come straight into that side of it.

    The middle is for the line that comes straight: else it would seem to go on in the one that leaves.
    """
    forward = [c for c in plan.crossings if plan.scene.edges[c.edge].kind != "gradient" and not plan.arches(c)]
    straight = {c.edge for c in forward if not c.passes_over and _is_level(plan, c)}
    met = {(c.target.id, c.comes_from_left) for c in forward if c.edge in straight}
    goals: dict[Net, list[float]] = defaultdict(list)
    for crossing in forward:
        if (crossing.source.id, not crossing.leaves_right) in met and crossing.edge not in straight:
            lane = plan.lane(crossing)
            end = plan.end(crossing.target).entering_height(crossing.comes_from_left) if lane is None else lane
            goals[crossing.net].append(end - plan.end(crossing.source).box.y)
    return {net: STEP if sum(below) > 0 else -STEP for net, below in goals.items()}


def _is_level(plan: Plan, crossing: Crossing) -> bool:
    """Return whether an edge enters its target at the height at which it leaves its source."""
    entering = plan.end(crossing.target).entering_height(crossing.comes_from_left)
    return abs(plan.leaving_height(crossing) - entering) < 1.0


def assign_ports(plan: Plan) -> dict[int, Port]:
    """Return the port of each edge between columns that does not enter in the middle, by the number of the edge."""
    entering: dict[tuple[str, bool, bool], dict[str, list[Crossing]]] = defaultdict(lambda: defaultdict(list))
    leaving: set[tuple[str, bool]] = set()
    for crossing in plan.crossings:
        if plan.scene.edges[crossing.edge].kind != "gradient":
            arched = plan.arches(crossing)
            entering[crossing.target.id, crossing.comes_from_left, arched][_source(plan, crossing)].append(crossing)
            if not arched and not plan.exit(crossing):
                leaving.add((crossing.source.id, crossing.leaves_right))
    turning = _turning(plan)
    ports: dict[int, Port] = {}
    below: dict[tuple[int, bool, float], dict[str, int]] = defaultdict(dict)
    for (target, from_left, arched), sources in entering.items():
        nets = list(sources.values())
        if arched:
            nets.sort(key=lambda net: abs(net[0].first - net[0].last))
            offsets = _on_top(len(nets))
        else:
            nets.sort(key=lambda net: _height(plan, net[0]))
            level = round(plan.end(nets[0][0].target).entering_height(from_left))
            near = (turning.get((nets[0][0].last, from_left, level + off), ()) for off in (-2, -1, 0, 1, 2))
            met = not sources.keys() >= set().union(*near)
            occupied = (target, not from_left) in leaving or met
            offsets = _beside_each_other([_height(plan, net[0]) for net in nets], plan.end(nets[0][0].target), occupied)
        levels = below[nets[0][0].last, from_left, plan.end(nets[0][0].target).below]
        for place, (net, offset) in enumerate(zip(nets, offsets, strict=True), not arched and met):
            level = _level(levels, _source(plan, net[0]), place) if _enters_from_below(plan, net[0]) else place
            ports.update({crossing.edge: Port(offset, level) for crossing in net})
    return ports


def _enters_from_below(plan: Plan, crossing: Crossing) -> bool:
    """Return whether a line runs under the rank of its target, whose side is not clear."""
    end = plan.end(crossing.target)
    return not plan.arches(crossing) and not (end.left if crossing.comes_from_left else end.right)


def _level(levels: dict[str, int], source: str, least: int) -> int:
    """Return on which level under a rank a line runs: all from one source on one, others on others."""
    if source not in levels:
        levels[source] = next(level for level in count(least) if level not in levels.values())
    return levels[source]


def _turning(plan: Plan) -> dict[tuple[int, bool, int], set[str]]:
    """Return what comes into each gutter in each direction at each height: it may seem to go on in a line out of it."""
    turning: dict[tuple[int, bool, int], set[str]] = defaultdict(set)
    for c in plan.crossings:
        turning[c.first, c.leaves_right, round(plan.leaving_height(c))].add(c.source.id)
    for use in plan.ported:
        source = plan.nodes[use.source]
        if source.column is not None:
            turning[source.column, True, round(plan.end(source).leaving_height(True))].add(source.id)
    return turning


def _on_top(count: int) -> list[float]:
    """Return how far from their usual place arches come down on a node: the lowest furthest out."""
    step = min(STEP, 20.0 / max(count - 1, 1))
    return [STEP - step * place if count > 1 else 0.0 for place in range(count)]


def _source(plan: Plan, crossing: Crossing) -> str:
    """Return what a line comes from as a reader sees it: a node, or the lane on which many come together."""
    if plan.gathers(crossing):
        return repr(plan.lane_key(crossing))
    return repr(crossing.net) if plan.joins(crossing) else crossing.source.id


def _height(plan: Plan, crossing: Crossing) -> float:
    """Return the height from which a line comes into the gutter before its target."""
    lane = plan.lane(crossing)
    return plan.leaving_height(crossing) if lane is None else lane


def _beside_each_other(heights: list[float], end: End, occupied: bool) -> list[float]:
    """Return how far below the middle of a side lines enter that come from `heights`, which increase.

    One that comes straight keeps to the middle, unless that is `occupied`.

    >>> from viz.layout.geometry import Box
    >>> end = End(Box(0, 50, 44, 44), True, True, 0, 100)
    >>> _beside_each_other([10, 50, 90], end, False), _beside_each_other([10, 90], end, False)
    ([-9.0, 0.0, 9.0], [-4.0, 4.0])
    """
    middle, lines = end.box.y, len(heights)
    room = end.box.height / 2 - 7.0
    places: list[float]
    if occupied:
        above = sum(height < middle for height in heights)
        places = [place - above + (place >= above) for place in range(lines)]
    else:
        level = [place for place, height in enumerate(heights) if abs(height - middle) < 1.0]
        centre = level[0] if level and room >= NARROW * max(level[0], lines - 1 - level[0]) else (lines - 1) / 2
        places = [place - centre for place in range(lines)]
    step = min(STEP, room / max(1.0, *map(abs, places)))
    return [float(round(step * place)) for place in places]

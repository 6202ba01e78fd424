"""Edges between columns: out of one, along the gutter between them, into the other; alike in every column.

A *net* is all that leaves one place of the cell. It has one track in each gutter that it runs through, so the edges
from h to the four gates of an LSTM share a line until they part.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import accumulate, combinations, permutations
from operator import itemgetter
from typing import NamedTuple

from .geometry import ARROW, Box, Path, Point, rounded

TRACK = 9.0
GUTTER = 14.0
NEAR, ON_ONE_ANOTHER = 4.0, 10  # heights that are one to a reader; what it costs if two lines run there
LEVEL = 6.0  # between two lines that enter from below
Net = Hashable


class Port(NamedTuple):
    """Where a line enters a node: so far from the middle of its side, and which of the lines there it is."""

    offset: float = 0.0
    place: int = 0


MIDDLE = Port()


class End(NamedTuple):
    """One end of an edge: the box, which of its sides are clear, and the free lanes above and below its rank.

    `room` is how far lines from below are apart that have labels between them; 0 where they run close.
    """

    box: Box
    left: bool
    right: bool
    above: float
    below: float
    room: float = 0.0

    def moved(self, dx: float, dy: float) -> End:
        """Return the end shifted by (dx, dy)."""
        return self._replace(box=self.box.moved(dx, dy), above=self.above + dy, below=self.below + dy)

    def leaving_height(self, rightward: bool, exit: float = 0.0) -> float:
        """Return the height at which a line from here reaches the gutter on the right (or left)."""
        return self.box.y + exit if (self.right if rightward else self.left) else self.above

    def entering_height(self, rightward: bool, port: Port = MIDDLE) -> float:
        """Return the height at which a line to here leaves the gutter on the left (or right)."""
        clear = self.left if rightward else self.right
        return self.box.y + port.offset if clear else self.below + LEVEL * port.place


class Track(NamedTuple):
    """What a net does in one gutter: from which height to which, and from which side it comes and goes."""

    entry: float
    leaves: tuple[float, ...]
    rightward: bool = True


def order_tracks(tracks: dict[Net, Track]) -> list[Net]:
    """Return the nets of a gutter from left to right, so that few of them cross.

    >>> order_tracks({"high": Track(10, (100,)), "low": Track(50, (120,))})
    ['low', 'high']
    """
    nets = sorted(tracks, key=lambda net: (-tracks[net].entry, repr(net)))
    cost = {pair: _cross(tracks[pair[0]], tracks[pair[1]]) for pair in permutations(nets, 2)}
    if len(nets) < 6:
        return list(min(permutations(nets), key=lambda order: sum(cost[pair] for pair in combinations(order, 2))))
    for _ in range(3):
        for net in list(nets):
            nets.remove(net)
            before = accumulate((cost[other, net] - cost[net, other] for other in nets), initial=0)
            nets.insert(min(enumerate(before), key=itemgetter(1))[0], net)
    return nets


def _cross(left: Track, right: Track) -> int:
    """Count how often the horizontal ends of two tracks run across the other's vertical part; on one another is worse.

    >>> _cross(Track(0, (50,)), Track(50, (80,))), _cross(Track(50, (80,)), Track(0, (50,)))
    (10, 0)
    """
    from_left = lambda track: (track.entry,) if track.rightward else track.leaves
    to_right = lambda track: track.leaves if track.rightward else (track.entry,)
    overlaps = sum(abs(one - other) < NEAR for one in from_left(right) for other in to_right(left))
    return _within(from_left(right), left) + _within(to_right(left), right) + ON_ONE_ANOTHER * overlaps


def _within(heights: Iterable[float], track: Track) -> int:
    span = (track.entry, *track.leaves)
    return sum(min(span) < height < max(span) for height in heights)


class Passage(NamedTuple):
    """How a line gets from one column into another: by the gutter at x = `first`.

    With a `lane` it runs along that height from there to the gutter at x = `last`. `from_left` says whether it comes
    into the target from the left; `lower`, how far below the middle of the boxes it leaves and arrives; `exit`, how far
    below the middle of its side it leaves; `port`, where it enters; `round`, whether nodes are circles.
    """

    source: End
    target: End
    first: float
    last: float
    lane: float | None
    from_left: bool
    lower: float
    exit: float = 0.0
    port: Port = MIDDLE
    round: bool = False


def route(passage: Passage) -> Path:
    """Return the line of a passage, from the source to the target."""
    source, target, first, last, lane, from_left, lower, exit, port, round = passage
    source, target = (end._replace(box=end.box.moved(0.0, lower)) for end in (source, target))
    start = leave(source, first, exit, round)
    if lane is None:
        return rounded(start + _enter(target, first, from_left, port, round))
    return rounded([*start, (first, lane), (last, lane), *_enter(target, last, from_left, port, round)])


def arch_height(distance: float) -> float:
    """Return how high an arch over a distance rises."""
    return 14.0 + 0.16 * distance


def arch(source: Box, target: Box, port: Port = MIDDLE) -> Path:
    """Return an arch from the top of `source` over what stands between to the top of `target`, at the same height."""
    side = 1 if target.x > source.x else -1
    across = 9.0 + port.offset
    start, tip = (source.x + side * 9, source.top + 3), (target.x - side * across, target.top + inset(target, across))
    rise = arch_height(abs(tip[0] - start[0])) * 4 / 3
    lean = 0.25 * (tip[0] - start[0])
    end = (tip[0] - side * ARROW * 0.45, tip[1] - ARROW * 0.9)
    return Path((start, (start[0] + lean, start[1] - rise), (end[0] - lean, end[1] - rise), end), tip)


def leave(end: End, x: float, exit: float = 0.0, round: bool = False) -> list[Point]:
    """Return the corners of a line from `end`, `exit` below its middle, to the gutter at `x`."""
    box, rightward = end.box, x > end.box.x
    if end.right if rightward else end.left:
        deep = inset(box, exit) if round else 0.0
        return [(box.right - deep if rightward else box.left + deep, box.y + exit), (x, box.y + exit)]
    return [(box.x, box.top), (box.x, end.above), (x, end.above)]


def _enter(end: End, x: float, rightward: bool, port: Port, round: bool) -> list[Point]:
    """Return the corners of a line from the gutter at `x` to `end`."""
    box = end.box
    height = end.entering_height(rightward, port)
    if end.left if rightward else end.right:
        deep = inset(box, port.offset) if round else 0.0
        return [(x, height), (box.left + deep if rightward else box.right - deep, height)]
    if end.room:
        foot = box.x + (end.room * (port.place + 0.5) - box.width / 2) * (1 if rightward else -1)
    else:
        foot = box.x + box.width * (-0.25 if rightward else 0.25) + LEVEL * port.place
    return [(x, height), (foot, height), (foot, box.bottom)]


def inset(box: Box, offset: float) -> float:
    """Return how far inside the side of a box its border is, where its ends are half circles, off the middle."""
    radius = min(box.width, box.height) / 2
    return float(radius - (radius**2 - min(abs(offset), radius) ** 2) ** 0.5)

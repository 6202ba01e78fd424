"""Forks: where a line between columns parts, so that it is seen to, and is not taken for two lines that cross."""

from __future__ import annotations

from collections.abc import Iterator

from .columns import tracks_of
from .geometry import RADIUS, Point
from .plan import Plan
from .routes import TRACK, Track

__all__ = ["find_forks"]


def find_forks(plan: Plan) -> list[Point]:
    """Return where lines that come from one node part, in the drawing's own coordinates."""
    parting = (c for c in plan.crossings if not plan.arches(c) and not plan.gathers(c))
    forward = [c for c in parting if plan.scene.edges[c.edge].kind != "gradient"]
    return [
        fork
        for gutter, tracks in tracks_of(plan, forward).items()
        for net, track in tracks.items()
        for fork in forks_of(track, plan.tracks[gutter][net])
    ]


def forks_of(track: Track, x: float) -> Iterator[Point]:
    """Yield where a line parts that turns into a track at `x`: each time before the corner is rounded off.

    >>> list(forks_of(Track(10, (10, 40, 80)), 100.0))
    [(100.0, 33.0), (95.5, 10)]
    """
    for side in (-1, 1):
        beyond = sorted(
            (height for height in track.leaves if (height - track.entry) * side > 0), key=lambda y: y * side
        )
        yield from ((x, height - side * RADIUS) for height in beyond[:-1])
    directions = {(height > track.entry) - (height < track.entry) for height in track.leaves}
    if len(directions) > 1:  # half-way to the next track, which may be another line's
        yield x - TRACK / 2 if track.rightward else x + TRACK / 2, track.entry

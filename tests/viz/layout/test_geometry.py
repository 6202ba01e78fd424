"""Points along a path: on each of its pieces, close together, computed once."""

import numpy as np
import pytest

from viz.layout.geometry import Path, samples


def on_curve(piece, t):
    """Return the point of a Bézier curve at `t`, by de Casteljau's algorithm."""
    points = np.array(piece)
    while len(points) > 1:
        points = (1 - t) * points[:-1] + t * points[1:]
    return points[0]


@pytest.mark.parametrize("size", [0.5, 8.0, 300.0])
@pytest.mark.parametrize("pieces", [1, 2, 40])
def test_samples_lie_on_each_piece_from_its_start_to_its_end(pieces, size):
    rng = np.random.default_rng(pieces)
    path = Path(tuple(map(tuple, rng.normal(scale=size, size=(3 * pieces + 1, 2)).tolist())))
    points, numbers = samples(path)
    for number, piece in enumerate(path.pieces()):
        of_piece = points[numbers == number]
        expected = [on_curve(piece, t) for t in np.linspace(0.0, 1.0, len(of_piece))]
        np.testing.assert_allclose(of_piece, expected, atol=1e-9)
        assert len(of_piece) >= 2
        assert np.hypot(*np.diff(of_piece, axis=0).T).max() < 12.0
    assert not points.flags.writeable


def test_the_tail_of_a_path_begins_behind_a_part_of_its_length():
    corners = (0, 0), (0, 0), (40, 0), (40, 0), (40, 0), (40, 120), (40, 120)
    assert Path(corners).tail(0.5).points[0] == (40, 40)

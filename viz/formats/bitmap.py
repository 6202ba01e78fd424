"""The SVG drawing as a PNG: the same picture, for documents that cannot hold SVG."""

from __future__ import annotations

import resvg_py

from .standing import size_of

LARGEST = 32_767  # pixels: no bitmap may be wider or higher
MOST = 2.0**27  # pixels in all, each of which takes four bytes while it is drawn


def bitmap(svg: str, format: str = "png") -> bytes:
    """Return the drawing `svg` as a PNG, at twice its size if that is possible; `format` is what it is made for.

    Raises
    ------
    ValueError
        If it would be too large.
    """
    zoom = magnification(*size_of(svg), format)
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=zoom, sans_serif_family="Liberation Sans"))


def magnification(width: float, height: float, format: str) -> float:
    """Return how much a bitmap may be magnified, up to twice.

    Raises
    ------
    ValueError
        If not even the drawing's own size is possible.
    """
    zoom = min(2.0, LARGEST / width, LARGEST / height, (MOST / (width * height)) ** 0.5)
    if zoom < 1.0:
        raise ValueError(
            f"a {format} of this drawing would be {width:,.0f} × {height:,.0f} pixels, and {LARGEST:,} "
            f"({MOST / 1e6:.0f} million in all) is the most there can be: save it as svg, or draw fewer time steps "
            "(timesteps=…, fold=True)"
        )
    return zoom

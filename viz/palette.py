"""The colours, for paper and for dark screens.

The hues of parameters were searched for: of those that stand out from their ground (contrast 3 or more), eight whose
least distance in a perceptual space is large, as readers with and without red-green blindness see them. From the ninth
parameter on, lines are dashed too.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DARK", "DASHES", "HUES", "LEVELS", "LIGHT", "NOT_FINITE", "UNKNOWN", "Theme", "dash", "on_dark", "ramp"]


class Theme(NamedTuple):
    """Every colour that a drawing uses, as ``#rrggbb``."""

    paper: str
    ink: str
    quiet: str
    line: str
    box: str
    border: str
    frame: str
    gradient: str
    hues: tuple[str, ...]

    def hue(self, index: int) -> str:
        """Return the colour of parameter `index`."""
        return self.hues[index % len(self.hues)]


LIGHT = Theme(
    paper="#ffffff",
    ink="#1a1f26",
    quiet="#5c6672",
    line="#7a8491",
    box="#ffffff",
    border="#aab3bf",
    frame="#f3f5f8",
    gradient="#d90b4f",
    hues=("#6384e7", "#964a05", "#57988c", "#690b75", "#bd7710", "#346d73", "#743ec0", "#6c2932"),
)
DARK = Theme(
    paper="#14181d",
    ink="#eef1f4",
    quiet="#9aa5b1",
    line="#7f8a97",
    box="#20262e",
    border="#56616e",
    frame="#1a1f26",
    gradient="#ff4433",
    hues=("#86a6fd", "#fdce9c", "#5e974e", "#f2c6f8", "#d5b300", "#3495a6", "#8869f1", "#d9a89f"),
)
HUES = len(LIGHT.hues)
DASHES = ("", "7 3", "2 3", "9 3 2 3")


def dash(index: int) -> str:
    """Return the dash pattern of parameter `index`: parameters of the same hue differ in it."""
    return DASHES[index // HUES % len(DASHES)]


_BLUES = ((0.95, 0.96, 0.99), (0.70, 0.85, 0.93), (0.40, 0.70, 0.85), (0.16, 0.48, 0.72), (0.06, 0.24, 0.48))
_GLOW = ((0.11, 0.16, 0.24), (0.10, 0.31, 0.48), (0.16, 0.51, 0.72), (0.45, 0.75, 0.90), (0.88, 0.96, 1.00))
_OCHRES = ((0.99, 0.96, 0.93), (0.97, 0.84, 0.68), (0.90, 0.64, 0.37), (0.72, 0.40, 0.14), (0.45, 0.20, 0.03))
_EMBERS = ((0.22, 0.16, 0.11), (0.43, 0.26, 0.09), (0.71, 0.44, 0.17), (0.94, 0.72, 0.43), (1.00, 0.94, 0.86))
LEVELS = 50  # of a scale: that many steps of colour
UNKNOWN = "#e3e3e3"
NOT_FINITE = "#d4006a"


def ramp(fraction: float, dark: bool = False, below_zero: bool = False) -> str:
    """Return a blue for `fraction` from 0 to 1: the higher, the further from the ground, by its lightness alone.

    An ochre stands for numbers below zero, where the scale goes both ways.

    >>> ramp(0.0), ramp(1.0), ramp(1.0, dark=True)
    ('#f2f5fc', '#0f3d7a', '#e0f5ff')
    """
    colours = (_EMBERS if dark else _OCHRES) if below_zero else (_GLOW if dark else _BLUES)
    position = min(max(fraction, 0.0), 1.0) * (len(colours) - 1)
    low = min(int(position), len(colours) - 2)
    mixed = (a + (b - a) * (position - low) for a, b in zip(colours[low], colours[low + 1], strict=True))
    return "#" + "".join(f"{round(255 * part):02x}" for part in mixed)


def on_dark(colour: str) -> str:
    """Return what stands on a dark ground for a colour of a scale: the strongest is the brightest there.

    >>> on_dark(ramp(1.0)) == ramp(1.0, dark=True)
    True
    """
    return _ON_DARK.get(colour, colour)


_ON_DARK = {ramp(k / LEVELS): ramp(k / LEVELS, dark=True) for k in range(LEVELS + 1)}
_ON_DARK |= {ramp(k / LEVELS, False, True): ramp(k / LEVELS, True, True) for k in range(LEVELS + 1)}
_ON_DARK |= {UNKNOWN: "#3a414b", NOT_FINITE: "#ff4fa3"}

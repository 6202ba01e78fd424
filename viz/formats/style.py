"""The style sheet and arrowheads of an SVG drawing.

Plain rules without variables, since many programs that show SVG know no more; what is dark stands in a media query.
"""

from __future__ import annotations

from ..layout.metrics import FONT
from ..layout.typeset import SMALL
from ..palette import DARK, HUES, LIGHT, Theme, dash
from ..scenes.scene import Scene

__all__ = ["hue_class", "markers", "style_sheet"]


SQUARE = ("op", "variable", "loss", "constant", "gradient")  # drawn as boxes, unless all is drawn round


def hue_class(hue: int | None) -> str:
    """The classes of parameter number `hue`, each with a space before it; empty without one.

    >>> hue_class(1), hue_class(9)
    (' h1', ' h1 d1')
    """
    if hue is None:
        return ""
    return f" h{hue % HUES}" + (f" d{hue // HUES % 4}" if hue >= HUES else "")


def _hues(scene: Scene) -> list[int]:
    found = {node.hue for node in scene.nodes} | {edge.hue for edge in scene.edges}
    found |= {hue for node in scene.nodes for _, hue in node.tags}
    return sorted(hue for hue in found if hue is not None)


def markers(scene: Scene) -> str:
    """Arrowheads and junction dots, one of each colour in use."""
    classes = [""] + [f"h{i}" for i in sorted({hue % HUES for hue in _hues(scene)})] + ["gradient"]
    heads = "".join(
        f'<marker id="tg-a{name}" class="a {name}" markerWidth="8" markerHeight="8" refX="0" refY="4" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .8L7.4 4L0 7.2L1.6 4z"/></marker>'
        for name in classes
    )
    dots = "".join(
        f'<marker id="tg-d{name}" class="a {name}" markerWidth="6" markerHeight="6" refX="3" refY="3" '
        f'markerUnits="userSpaceOnUse"><circle cx="3" cy="3" r="2.6"/></marker>'
        for name in classes[:-1]
    )
    return f"<defs>{heads}{dots}</defs>"


def style_sheet(scene: Scene, theme: str) -> str:
    """The rules for all that a scene contains, in a theme: "light", "dark" or "auto"."""
    used = _hues(scene)
    rules = _STRUCTURE.replace("FONT", FONT)
    for hue in {hue % HUES for hue in used}:
        name = f".tinygraph .h{hue}"
        rules += (
            f".tinygraph .r.h{hue}{{marker-start:url(#tg-dh{hue})}}"
            f".tinygraph .e.h{hue},.tinygraph .r.h{hue}{{marker-end:url(#tg-ah{hue})}}"
            f"{name}{{stroke-width:1.6}}"
        )
    for hue in used:
        if dash(hue):
            rules += f".tinygraph .d{hue // HUES % 4}{{stroke-dasharray:{dash(hue)}}}"
    if theme == "dark":
        return rules + _colours(DARK, used)
    rules += _colours(LIGHT, used)
    if theme == "auto":
        rules += f"@media(prefers-color-scheme:dark){{{_colours(DARK, used)}}}"
    return rules


_STRUCTURE = (
    ".tinygraph text{font:13px FONT;text-anchor:middle}"
    ".tinygraph .d{font-size:10px}"
    ".tinygraph .head{font-size:12px;font-weight:bold}"
    ".tinygraph .key,.tinygraph .scope-name{font-size:11px;text-anchor:start}"
    ".tinygraph .scope-name{font-size:9px}"
    ".tinygraph .tag{font-size:11px;font-weight:bold;text-anchor:start}"
    f".tinygraph .low,.tinygraph .up{{font-size:{SMALL}em}}"
    ".tinygraph .name{font-weight:bold;paint-order:stroke;stroke-width:4px;stroke-linejoin:round}"
    ".tinygraph .variable text,.tinygraph .input text,.tinygraph .loss text{font-weight:bold}"
    ".tinygraph .parameter text{font-weight:bold}"
    ".tinygraph g .d{font-weight:normal}"
    ".tinygraph .e,.tinygraph .r,.tinygraph .rail{fill:none;stroke-width:1.2}"
    ".tinygraph .e,.tinygraph .r{marker-end:url(#tg-a)}"
    ".tinygraph .r{marker-start:url(#tg-d)}"
    ".tinygraph .elided,.tinygraph .delay{stroke-dasharray:4 4}"
    ".tinygraph .gradient{stroke-dasharray:5 3;marker-end:url(#tg-agradient)}"
    ".tinygraph .op rect{stroke-width:1}"
    ".tinygraph .variable rect,.tinygraph .input rect{stroke-width:1.5}"
    ".tinygraph .constant rect{stroke-dasharray:3 3}"
    ".tinygraph .loss rect{stroke-width:2.5}"
    ".tinygraph .masked{opacity:.5}"
    ".tinygraph .scope{fill:none;stroke-dasharray:2 3}"
)


def _colours(theme: Theme, hues: list[int]) -> str:
    t = ".tinygraph "
    rules = (
        f"{t}.paper{{fill:{theme.paper}}}{t}.frame{{fill:{theme.frame}}}{t}text{{fill:{theme.ink}}}"
        f"{t}.d,{t}.head,{t}.scope-name,{t}.constant text{{fill:{theme.quiet}}}"
        f"{t}.e,{t}.r,{t}.rail{{stroke:{theme.line}}}{t}.a{{fill:{theme.line};stroke:none}}"
        f"{t}g rect{{fill:{theme.box};stroke:{theme.border}}}{t}.scope{{stroke:{theme.border}}}"
        f"{t}.variable rect,{t}.input rect{{stroke:{theme.ink}}}"
        f"{t}.loss rect{{fill:{theme.ink};stroke:{theme.ink}}}{t}.loss text{{fill:{theme.paper}}}"
        f"{t}.gradient{{stroke:{theme.hues[1]}}}{t}.a.gradient{{fill:{theme.hues[1]}}}"
        f"{t}.name{{stroke:{theme.frame}}}"
        f"{t}.lit text{{fill:#fff!important}}{t}.dim text{{fill:#10151b!important}}"
    )
    for hue in sorted({hue % HUES for hue in hues}):
        colour = theme.hues[hue]
        rules += (
            f"{t}.e.h{hue},{t}.r.h{hue},{t}.rail.h{hue}{{stroke:{colour}}}{t}.a.h{hue},{t}text.h{hue}{{fill:{colour}}}"
            f"{t}.parameter.h{hue} rect{{fill:{colour};stroke:{colour}}}{t}.parameter.h{hue} text{{fill:{theme.paper}}}"
        )
    return rules

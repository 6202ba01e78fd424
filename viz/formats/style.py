"""The style sheet and arrowheads of an SVG drawing.

Plain rules without variables, since many programs that show SVG know no more; what is dark stands in a media query.
"""

from __future__ import annotations

import re
from string import Template

from ..layout.metrics import FONT
from ..layout.typeset import SMALL
from ..palette import DARK, DASHES, HUES, LIGHT, Theme, dash
from ..scenes.scene import Scene

_STRUCTURE = Template("""
text{font:13px $font;text-anchor:middle}
.d{font-size:10px}
.head{font-size:12px;font-weight:bold}
.key,.scope-name{font-size:11px;text-anchor:start}
.scope-name{font-size:9px}
.tag{font-size:11px;font-weight:bold;text-anchor:start}
.low,.up{font-size:${small}em}
.name{font-weight:bold;paint-order:stroke;stroke-width:4px;stroke-linejoin:round}
.variable text,.input text,.loss text{font-weight:bold}
.parameter text{font-weight:bold}
g .d{font-weight:normal}
.e,.r,.rail{fill:none;stroke-width:1.2}
.e,.r{marker-end:url(#tg-a)}
.r{marker-start:url(#tg-d)}
.elided,.delay{stroke-dasharray:4 4}
.gradient{stroke-dasharray:5 3;marker-end:url(#tg-agradient)}
.op rect{stroke-width:1}
.variable rect,.input rect{stroke-width:1.5}
.constant rect{stroke-dasharray:3 3}
.loss rect{stroke-width:2.5}
.masked{opacity:.5}
.scope{fill:none;stroke-dasharray:2 3}
""")
_HUE_STRUCTURE = Template("""
.r.h$n{marker-start:url(#tg-dh$n)}
.e.h$n,.r.h$n{marker-end:url(#tg-ah$n)}
.h$n{stroke-width:1.6}
""")
_COLOURS = Template("""
.paper{fill:$paper}.frame{fill:$frame}text{fill:$ink}
.d,.head,.scope-name,.constant text{fill:$quiet}
.e,.r,.rail{stroke:$line}.a{fill:$line;stroke:none}
g rect{fill:$box;stroke:$border}.scope{stroke:$border}
.variable rect,.input rect{stroke:$ink}
.loss rect{fill:$ink;stroke:$ink}.loss text{fill:$paper}
.gradient{stroke:$gradient}.a.gradient{fill:$gradient}
.name{stroke:$frame}
.lit text{fill:#fff!important}.dim text{fill:#10151b!important}
""")
_HUE_COLOURS = Template("""
.e.h$n,.r.h$n,.rail.h$n{stroke:$colour}.a.h$n,text.h$n,tspan.h$n{fill:$colour}
.parameter.h$n rect{fill:$colour;stroke:$colour}.parameter.h$n text{fill:$paper}
""")


def hue_class(hue: int | None) -> str:
    """Return the classes of parameter number `hue`, each with a space before it; empty without one.

    >>> hue_class(1), hue_class(9)
    (' h1', ' h1 d1')
    """
    if hue is None:
        return ""
    return f" h{hue % HUES}" + (f" d{hue // HUES % len(DASHES)}" if hue >= HUES else "")


def markers(scene: Scene) -> str:
    """Return arrowheads and junction dots, one of each colour in use."""
    classes = ["", *(f"h{n}" for n in _colour_numbers(scene))]
    heads = "".join(
        f'<marker id="tg-a{name}" class="a {name}" markerWidth="8" markerHeight="8" refX="0" refY="4" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .8L7.4 4L0 7.2L1.6 4z"/></marker>'
        for name in [*classes, "gradient"]
    )
    dots = "".join(
        f'<marker id="tg-d{name}" class="a {name}" markerWidth="6" markerHeight="6" refX="3" refY="3" '
        f'markerUnits="userSpaceOnUse"><circle cx="3" cy="3" r="2.6"/></marker>'
        for name in classes
    )
    return f"<defs>{heads}{dots}</defs>"


def style_sheet(scene: Scene, theme: str) -> str:
    """Return the rules for all that a scene contains, in a theme: "light", "dark" or "auto"."""
    numbers = _colour_numbers(scene)
    rules = _STRUCTURE.substitute(font=FONT, small=SMALL)
    rules += "".join(_HUE_STRUCTURE.substitute(n=n) for n in numbers)
    for hue in filter(dash, _hues(scene)):
        rules += f".d{hue // HUES % len(DASHES)}{{stroke-dasharray:{dash(hue)}}}"
    if theme != "auto":
        return _scoped(rules + _colours(LIGHT if theme == "light" else DARK, numbers))
    dark = _scoped(_colours(DARK, numbers))
    return _scoped(rules + _colours(LIGHT, numbers)) + f"@media(prefers-color-scheme:dark){{{dark}}}"


def _hues(scene: Scene) -> list[int]:
    """Return the numbers of the parameters in a scene."""
    hues = {node.hue for node in scene.nodes} | {edge.hue for edge in scene.edges}
    hues |= {hue for node in scene.nodes for _, hue in node.tags}
    hues |= {hue for edge in scene.edges for _, hue in edge.factors}
    return sorted(hue for hue in hues if hue is not None)


def _colour_numbers(scene: Scene) -> list[int]:
    return sorted({hue % HUES for hue in _hues(scene)})


def _colours(theme: Theme, numbers: list[int]) -> str:
    rules = _COLOURS.substitute(theme._asdict(), gradient=theme.hues[1])
    for n in numbers:
        rules += _HUE_COLOURS.substitute(n=n, colour=theme.hues[n], paper=theme.paper)
    return rules


def _scoped(rules: str) -> str:
    """Return the rules without line breaks, for the drawing alone: each selector begins with its class."""
    return re.sub(r"(^|[},])(?=[^{}]+{)", r"\1.tinygraph ", rules.replace("\n", ""))

"""The style sheet and arrowheads of an SVG drawing.

Plain rules without variables, since many programs that show SVG know no more; what is dark stands in a media query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from string import Template

from ..layout.metrics import FONT
from ..layout.typeset import SMALL
from ..palette import DARK, DASHES, HUES, LIGHT, Theme, dash, on_dark
from ..scenes.scene import Scene

# Pages that say of themselves that they are dark: JupyterLab, VS Code, Colab, documentation.
DARK_PAGES = ':is([data-jp-theme-light="false"],.vscode-dark,html[theme="dark"],[data-theme="dark"])'

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
.e.gradient,.r.gradient{stroke-dasharray:5 3;marker-end:url(#tg-agradient)}
.e.hollow,.r.hollow{marker-end:url(#tg-ahollow);stroke-dasharray:1 4}
.op rect{stroke-width:1}
.variable rect,.input rect{stroke-width:1.5}
.constant rect{stroke-dasharray:3 3}
.loss rect{stroke-width:2.5}
.parameter.filled rect{stroke-width:3}
.masked{opacity:.5}.partly{opacity:.75}
.scope{fill:none;stroke-dasharray:2 3}
""")
_CELL_STRUCTURE = """
.operator rect{stroke-width:1}
.ghost rect{stroke-dasharray:3 3}.ghost text{font-weight:bold}
"""
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
.e.gradient,.r.gradient,g.gradient rect{stroke:$gradient}.a.gradient,text.gradient,g.gradient text{fill:$gradient}
.a.hollow{fill:$frame;stroke:$gradient}
.name{stroke:$frame}
""")
_CELL_COLOURS = Template("""
.ghost text{fill:$quiet}
""")
_FILL_COLOURS = Template("""
.f$n rect,rect.f$n{fill:$colour!important}.f$n .l,.f$n .d{fill:$text!important}
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
    classes = ["", *(f"h{n}" for n in _colour_numbers(_hues(scene)))]
    heads = "".join(
        f'<marker id="tg-a{name}" class="a {name}" markerWidth="8" markerHeight="8" refX="0" refY="4" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 .8L7.4 4L0 7.2L1.6 4z"/></marker>'
        for name in [*classes, "gradient", "hollow"]
    )
    dots = "".join(
        f'<marker id="tg-d{name}" class="a {name}" markerWidth="6" markerHeight="6" refX="3" refY="3" '
        f'markerUnits="userSpaceOnUse"><circle cx="3" cy="3" r="2.6"/></marker>'
        for name in classes
    )
    return f"<defs>{heads}{dots}</defs>"


def style_sheet(scene: Scene, theme: str) -> str:
    """Return the rules for all that a scene contains, in a theme: "light", "dark", "auto" or "page"."""
    hues, shades = _hues(scene), fills(scene)
    numbers = _colour_numbers(hues)
    has_ghosts = any(node.kind == "ghost" for node in scene.nodes)
    rules = _STRUCTURE.substitute(font=FONT, small=SMALL)
    rules += _CELL_STRUCTURE if has_ghosts else ""
    rules += "".join(_HUE_STRUCTURE.substitute(n=n) for n in numbers)
    for hue in filter(dash, hues):
        rules += f".d{hue // HUES % len(DASHES)}{{stroke-dasharray:{dash(hue)}}}"
    return themed(rules, lambda colours: _colours(numbers, has_ghosts, colours) + fill_rules(shades, colours), theme)


def themed(structure: str, colours: Callable[[Theme], str], theme: str) -> str:
    """Return rules that hold in every theme, and those of colours for one: "light", "dark", "auto" or "page".

    ``"auto"`` follows the reader's setting by a media query, ``"page"`` the page that the picture stands in.

    Raises
    ------
    ValueError
        If `theme` is none of these.
    """
    if theme not in ("auto", "light", "dark", "page"):
        raise ValueError(f"theme must be 'auto', 'light', 'dark' or 'page', not {theme!r}")
    if theme in ("light", "dark"):
        return _scoped(structure + colours(LIGHT if theme == "light" else DARK))
    light, dark = _scoped(structure + colours(LIGHT)), colours(DARK)
    if theme == "page":
        return light + _scoped(dark, f"{DARK_PAGES} ")
    return light + f"@media(prefers-color-scheme:dark){{{_scoped(dark)}}}"


def _hues(scene: Scene) -> list[int]:
    """Return the numbers of the parameters in a scene."""
    hues = {node.hue for node in scene.nodes} | {edge.hue for edge in scene.edges}
    hues |= {hue for node in scene.nodes if node.tags for _, hue in node.tags}
    hues |= {hue for edge in scene.edges if edge.factors for _, hue in edge.factors}
    hues |= {entry.hue for entry in scene.legend.parameters} if scene.legend else set()
    return sorted(hue for hue in hues if hue is not None)


def _colour_numbers(hues: Iterable[int]) -> list[int]:
    return sorted({hue % HUES for hue in hues})


def _colours(numbers: Iterable[int], has_ghosts: bool, theme: Theme) -> str:
    rules = _COLOURS.substitute(theme._asdict())
    rules += _CELL_COLOURS.substitute(quiet=theme.quiet) if has_ghosts else ""
    for n in numbers:
        rules += _HUE_COLOURS.substitute(n=n, colour=theme.hues[n], paper=theme.paper)
    return rules


def fills(scene: Scene) -> dict[str, str]:
    """Return the class of each colour that an overlay uses."""
    colours = {node.fill for node in scene.nodes if node.fill}
    if scene.legend:
        colours |= {colour for _, colour in scene.legend.entries}
        colours |= {entry.colour for entry in scene.legend.parameters}
    return fill_classes(colours)


def fill_classes(colours: Iterable[str]) -> dict[str, str]:
    """Return a class for each colour of a scale."""
    return {colour: f"f{number}" for number, colour in enumerate(sorted(set(colours)))}


def fill_rules(classes: Mapping[str, str], theme: Theme) -> str:
    """Return the rules of such classes: what is filled, and texts in it that stand out from it."""
    rules = ""
    for colour, name in classes.items():
        shown = colour if theme is LIGHT else on_dark(colour)
        text = "#fff" if _is_dark(shown) else "#000"
        rules += _FILL_COLOURS.substitute(n=name.removeprefix("f"), colour=shown, text=text)
    return rules


def _is_dark(colour: str) -> bool:
    """Return whether white stands out from a colour better than black does."""
    red, green, blue = ((int(colour[i : i + 2], 16) / 255) ** 2.2 for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179


def _scoped(rules: str, around: str = "") -> str:
    """Return the rules without line breaks, for the drawing alone: each selector begins with its class."""
    return re.sub(r"(^|[},])(?=[^{}]+{)", rf"\1{around}.tinygraph ", rules.replace("\n", ""))

"""One HTML file from the pieces in `assets/`: styles, modules and data, with a content security policy."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
import struct
from functools import cache
from importlib.resources import files
from string import Template

from ..palette import DARK, LIGHT, Theme
from .contents import Contents

MODULES = (  # imports first
    *("svg", "media", "data", "symbols", "model", "paths", "find", "heat", "camera"),
    *("columns", "marks", "network", "step", "ledger", "timeline", "lag", "sheet", "tour", "controls", "frame", "page"),
)
_EXTRA = {  # of the page alone: the gradient's colour as text, the two ends of a heat map, what is chosen
    "light": "--gradient-ink:#b01059;--on-gradient:#fff;--warm:#c2410c;--cold:#1d5fd1;--focus:#0b7285",
    "dark": "--gradient-ink:#ff8dbd;--on-gradient:#14181d;--warm:#ff9b54;--cold:#7db3ff;--focus:#4dd4e6",
}


def assemble(contents: Contents) -> str:
    """Return the page as HTML.

    Nothing of the data becomes markup or script: it is one packed text, and the page writes it as text alone. The
    script is packed too, and unpacked by a loader. The policy lets only this very style sheet, loader and script run,
    and nothing be loaded.
    """
    style, loader, code = _style(), _plain(asset("loader.js")), script()
    policy = (
        f"default-src 'none'; script-src '{_digest(loader)}' '{_digest(code)}'; style-src '{_digest(style)}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    title = html.escape(contents.data["title"])
    pieces = {"style": style, "loader": loader, "code": _packed(code.encode()), "data": pack(contents)}
    return Template(asset("page.html")).substitute(pieces, policy=policy, title=title)


def pack(contents: Contents) -> str:
    """Return the data as text: base64 of gzip of the length of the JSON, the JSON and the numbers, each on 8 bytes."""
    text = json.dumps(contents.data, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return _packed(struct.pack("<II", len(text), 0) + text + bytes(-len(text) % 8) + contents.numbers)


def _packed(whole: bytes) -> str:
    return base64.b64encode(gzip.compress(whole, 9, mtime=0)).decode()


@cache
def asset(name: str) -> str:
    """Return the text of a file in `assets/`."""
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    light, dark = _variables(LIGHT, _EXTRA["light"]), _variables(DARK, _EXTRA["dark"])
    hues = "".join(f".hue-{n}{{--own:var(--hue-{n})}}" for n in range(len(LIGHT.hues)))
    hues += ".e.hue:not(.done),.rail.hue{stroke:var(--own)}.name.hue,.tag.hue{fill:var(--own)!important}"
    hues += ".node.parameter.hue rect{stroke:var(--own)}"
    return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}" + Template(
        asset("page.css")
    ).substitute(hues=hues)


def _variables(theme: Theme, extra: str) -> str:
    colours = [f"--{name}:{value}" for name, value in theme._asdict().items() if isinstance(value, str)]
    hues = [f"--hue-{n}:{colour}" for n, colour in enumerate(theme.hues)]
    return ";".join([*colours, *hues, extra])


@cache
def script(modules: tuple[str, ...] = MODULES) -> str:
    """Return modules as one script, each in a scope of its own: what it exports becomes the value of that."""
    return "\n".join(_scoped(name) for name in modules)


def _scoped(name: str) -> str:
    text = asset(f"{name}.js")
    text = re.sub(r"^import (\{[^}]*\}) from \"\./(\w+)\.js\";$", r"const \1 = \2_module;", text, flags=re.MULTILINE)
    exported = re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", text, flags=re.MULTILINE)
    text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
    return f"const {name}_module = (() => {{\n{_plain(text)}return {{ {', '.join(exported)} }};\n}})();"


def _plain(text: str) -> str:
    """Return a script without what is for those who edit it: comments, empty lines, indentation."""
    text = re.sub(r"^ *(//.*|/?\*.*)?\n", "", text, flags=re.MULTILINE)
    return re.sub(r"^ +", "", text, flags=re.MULTILINE)


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

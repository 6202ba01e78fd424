"""What `viz.draw` hands out: a picture that is not yet in any format."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any
from zlib import crc32

import graphviz
import networkx as nx

from tinygraph.files import replacing
from tinygraph.memory import garbage_collector_paused

from ..layout.lay_out import lay_out
from ..layout.positions import Layout
from ..scenes.scene import Scene
from . import exports
from .bitmap import bitmap
from .dot import digraph
from .print import FORMATS as PRINTED
from .print import printed
from .svg import escape, write_svg

BYTES = 140.0  # of a node or an edge as SVG, on average
MOST_BYTES = 50e6  # of a drawing that nobody said was to be large
FORMATS = ("svg", "dot", "gv", "graphml", "mmd", "json", *PRINTED, "png")


def format_of(path: str | os.PathLike[str]) -> str:
    """Return the format that a drawing has in a file of that name.

    Raises
    ------
    ValueError
        If its suffix is that of none.
    """
    format = Path(path).suffix.lower().removeprefix(".")
    if format not in FORMATS:
        known = ", ".join(f".{known}" for known in FORMATS)
        raise ValueError(f"cannot tell the format of {os.fspath(path)!r} from its suffix; the known ones are {known}")
    return format


class Drawing:
    """A scene, and its positions once they are asked for.

    In a notebook it shows itself as SVG, or as text where SVG is not trusted.

    Parameters
    ----------
    scene : Scene
        What to draw.
    large : bool
        Whether it may take more than some 50 megabytes.

    Examples
    --------
    >>> from viz.scenes.scene import Edge, Node, Scene
    >>> drawing = Drawing(Scene(nodes=[Node("n0", "x"), Node("n1", "y")], edges=[Edge("n0", "n1")], title="y of x"))
    >>> drawing
    <Drawing 'y of x': 2 nodes, 1 edges>
    >>> print(drawing.text())
    y of x
      x
      y  ← x
    """

    def __init__(self, scene: Scene, large: bool = False) -> None:
        self.scene = scene
        self.large = large

    def __getstate__(self) -> dict[str, Any]:
        return {"scene": self.scene, "large": self.large}  # it is laid out again, to the same positions

    def __repr__(self) -> str:
        return f"<Drawing {self.scene.title!r}: {len(self.scene.nodes):,} nodes, {len(self.scene.edges):,} edges>"

    @cached_property
    def layout(self) -> Layout:
        """Where everything stands.

        Raises
        ------
        ValueError
            If the drawing would be very large, or the graph does not repeat in time and is too large for Graphviz;
            unless it was said to be `large`.
        """
        if self._too_large:
            raise ValueError(self._too_large)
        with garbage_collector_paused():
            return lay_out(self.scene, self.large)

    @property
    def _too_large(self) -> str:
        """Why nothing is drawn, and what to do; empty for a drawing of reasonable size."""
        nodes, edges, steps = len(self.scene.nodes), len(self.scene.edges), len(self.scene.columns)
        size = BYTES * (nodes + edges)
        if self.large or size < MOST_BYTES:
            return ""
        over = f" in {steps:,} columns" if steps else ""
        return (
            f"{nodes:,} nodes and {edges:,} edges{over} would take about {size / 1e6:,.0f} MB as SVG, more than most "
            "programs can show. Draw less: fold=True draws the cell once, timesteps=3 the first and last three time "
            "steps, timesteps=slice(10, 20) some others. To draw all of it: viz.draw(…, large=True)"
        )

    def svg(self, theme: str = "auto") -> str:
        """Return the drawing as an SVG document; `theme` is "light", "dark", or "auto" for the reader's own setting."""
        with garbage_collector_paused():
            return write_svg(self.scene, self.layout, theme)

    @property
    def dot(self) -> str:
        """The drawing in Graphviz' language, with positions; ``neato -n2`` draws it as it is, ``dot`` anew."""
        return str(self.to_graphviz().source)

    def to_graphviz(self) -> graphviz.Digraph:
        """Return the drawing as a `graphviz.Digraph`, to go on with."""
        return digraph(self.scene, self.layout)

    def to_networkx(self) -> nx.MultiDiGraph:
        """Return what is drawn as a `networkx.MultiDiGraph`, keyed by id. Needs no layout."""
        return exports.networkx_graph(self.scene)

    def graphml(self) -> str:
        """Return what is drawn as GraphML. Needs no layout."""
        return exports.graphml(self.scene)

    def mermaid(self) -> str:
        """Return what is drawn as a Mermaid flow chart, for Markdown. Needs no layout."""
        return exports.mermaid(self.scene)

    def text(self) -> str:
        """Return what is drawn in words."""
        return exports.words(self.scene)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing to `path`, in the format of its suffix, and return the path.

        The file is written beside `path` and then moved there: a failure leaves the old file as it was.

        Parameters
        ----------
        path : str or path
            Ends in .svg, .dot, .gv, .png, .pdf, .jpg, .eps, .ps, .graphml, .mmd (Mermaid) or .json (the scene).

        Raises
        ------
        ValueError
            If the suffix is none of these, or a bitmap would be too large.
        OSError
            If the file cannot be written.
        """
        target, format = Path(path), format_of(path)
        content = self._written(format)
        try:
            with replacing(target) as file:
                file.write(content if isinstance(content, bytes) else content.encode())
        except OSError as error:
            raise type(error)(error.errno, f"cannot write the drawing: {error.strerror}", str(target)) from error
        return target

    def html(self) -> str:
        """Return the drawing for a page, such as a notebook: light or dark as the page is, scrolling where it is wide.

        Where a notebook is not trusted and leaves pictures out, the text remains.
        """
        svg = self.svg("page")
        own = f"tg{crc32(svg.encode()):08x}"  # of several drawings in a page each has names of its own
        svg = svg.replace("tinygraph", own).replace("tg-", f"{own}-")
        text = f'<style>.{own}-text{{display:none}}</style><pre class="{own}-text">{escape(self.text())}</pre>'
        return f'<div style="overflow-x:auto">{svg}{text}</div>'

    def _repr_html_(self) -> str:
        return self.html()

    def _written(self, format: str) -> str | bytes:
        if format in PRINTED:
            return printed(self.svg("light"), self.layout, format)
        match format:
            case "svg":
                return self.svg()
            case "png":
                return bitmap(self.svg("light"), self.layout)
            case "graphml":
                return self.graphml()
            case "mmd":
                return self.mermaid()
            case "json":
                return json.dumps(self.scene.as_dict(), indent=1, ensure_ascii=False) + "\n"
        return self.dot

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        if self._too_large:
            return {"text/plain": f"{self!r}\n{self._too_large}"}
        bundle = {"text/html": self.html(), "image/svg+xml": self.svg(), "text/plain": self.text()}
        return {
            kind: content
            for kind, content in bundle.items()
            if (not include or kind in include) and kind not in (exclude or ())
        }

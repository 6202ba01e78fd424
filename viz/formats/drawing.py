"""What `viz.draw` hands out: a picture that is not yet in any format."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

import graphviz
import networkx as nx

from tinygraph.files import replacing

from ..layout.lay_out import lay_out
from ..layout.positions import Layout
from ..memory import garbage_collector_paused
from ..scenes.scene import Scene
from . import exports
from .bitmap import bitmap
from .dot import PICTURES, digraph, picture
from .svg import write_svg

FORMATS = ("svg", "dot", "gv", "graphml", "mmd", "json", *PICTURES, "png")


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

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def __repr__(self) -> str:
        return f"<Drawing {self.scene.title!r}: {len(self.scene.nodes):,} nodes, {len(self.scene.edges):,} edges>"

    @cached_property
    def layout(self) -> Layout:
        """Where everything stands.

        Raises
        ------
        ValueError
            If the graph does not repeat in time and is too large for Graphviz.
        """
        with garbage_collector_paused():
            return lay_out(self.scene)

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

    def _written(self, format: str) -> str | bytes:
        if format in PICTURES:
            return picture(self.scene, self.layout, format)
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
        bundle = {"image/svg+xml": self.svg(), "text/plain": self.text()}
        return {
            kind: content
            for kind, content in bundle.items()
            if (not include or kind in include) and kind not in (exclude or ())
        }

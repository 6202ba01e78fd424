"""What `viz.draw` hands out: a picture that is not yet in any format."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import graphviz
import networkx as nx

from tinygraph.memory import garbage_collector_paused

from ..layout.lay_out import lay_out
from ..layout.positions import Layout
from ..scenes.overlays import scaled
from ..scenes.scale import Scale
from ..scenes.scene import Legend, Scene
from . import exports
from .dot import digraph
from .picture import Picture
from .print import FORMATS as PRINTED
from .svg import write_svg

BYTES = 140.0  # of a node or an edge as SVG, on average
MOST_BYTES = 50e6  # of a drawing that nobody said was to be large


class Drawing(Picture):
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

    FORMATS: ClassVar[tuple[str, ...]] = ("svg", "dot", "gv", "graphml", "mmd", "json", *PRINTED, "png")

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
        if self.too_large:
            raise ValueError(self.too_large)
        with garbage_collector_paused():
            return lay_out(self.scene, self.large)

    @property
    def too_large(self) -> str:
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

    @property
    def legend(self) -> Legend | None:
        """What the colours of its overlay say."""
        return self.scene.legend

    def scaled(self, scale: Scale, marked: bool = True) -> Drawing:
        """Return the drawing in the colours of another scale, with its marks in the legend or without."""
        if self.scene.legend is None:
            return self
        scene = scaled(self.scene, scale)
        if not marked and scene.legend is not None:
            scene = replace(scene, legend=replace(scene.legend, entries=()))
        twin = Drawing(scene, self.large)
        if "layout" in vars(self):
            vars(twin)["layout"] = self.layout  # colours move nothing
        return twin

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

    def as_dict(self) -> dict[str, Any]:
        """Return what is drawn as JSON-ready data: for golden files and comparison."""
        return self.scene.as_dict()

    def text(self) -> str:
        """Return what is drawn in words."""
        return exports.words(self.scene)

    def _written(self, format: str) -> str | bytes:
        match format:
            case "graphml":
                return self.graphml()
            case "mmd":
                return self.mermaid()
            case "json":
                return json.dumps(self.as_dict(), indent=1, ensure_ascii=False) + "\n"
            case "dot" | "gv":
                return self.dot
        return super()._written(format)

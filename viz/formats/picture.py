"""What every picture of this package can do: be an SVG, a file in other formats, a part of a notebook."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, ClassVar
from zlib import crc32

from tinygraph.files import replacing

from ..scenes.scale import Scale
from ..scenes.scene import Legend
from .bitmap import bitmap
from .print import FORMATS as PRINTED
from .print import printed
from .standing import renamed
from .text import escape


def format_of(path: str | os.PathLike[str], formats: Collection[str]) -> str:
    """Return the one of `formats` that a picture has in a file of that name.

    Raises
    ------
    ValueError
        If its suffix is that of none.
    """
    format = Path(path).suffix.lower().removeprefix(".")
    if format not in formats:
        known = ", ".join(f".{known}" for known in formats)
        raise ValueError(f"cannot tell the format of {os.fspath(path)!r} from its suffix; the known ones are {known}")
    return format


class Picture(ABC):
    """A picture that is not yet in any format.

    In a notebook it shows itself as SVG, or as text where SVG is not trusted.
    """

    FORMATS: ClassVar[tuple[str, ...]] = ("svg", *PRINTED, "png")

    @abstractmethod
    def svg(self, theme: str = "auto") -> str:
        """Return the picture as an SVG document; `theme` is "light", "dark", or "auto" for the reader's own setting."""

    @abstractmethod
    def text(self) -> str:
        """Return what the picture shows in words."""

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """Return what the picture shows as JSON-ready data: for golden files and comparison."""

    @property
    def too_large(self) -> str:
        """Why it is not made, and what to do; empty for a picture of reasonable size."""
        return ""

    @property
    def legend(self) -> Legend | None:
        """What its colours say; None for a picture without a scale of colours."""
        return None

    def scaled(self, scale: Scale, marked: bool = True) -> Picture:
        """Return the picture in the colours of another scale, with its marks in the legend or without."""
        return self

    def comparable(self, others: Iterable[Picture]) -> Picture:
        """Return the picture on the scale that it shares with those of `others` that show the same."""
        if self.legend is None or self.legend.scale is None:
            return self
        legends = [other.legend for other in others if other.legend is not None]
        same = [legend.scale for legend in legends if legend.title == self.legend.title and legend.scale is not None]
        return self.scaled(self.legend.scale.with_others(same))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to `path`, in the format of its suffix, and return the path.

        The file is written beside `path` and then moved there: a failure leaves the old file as it was.

        Parameters
        ----------
        path : str or path
            Ends in .svg, .png, .pdf, .jpg, .eps or .ps; that of a `Drawing` also in .dot, .gv, .graphml, .mmd
            (Mermaid) or .json (the scene).

        Raises
        ------
        ValueError
            If the suffix is none of these, or a bitmap would be too large.
        OSError
            If the file cannot be written.
        """
        target = Path(path)
        content = self._written(format_of(path, self.FORMATS))
        try:
            with replacing(target) as file:
                file.write(content if isinstance(content, bytes) else content.encode())
        except OSError as error:
            raise type(error)(error.errno, f"cannot write the drawing: {error.strerror}", str(target)) from error
        return target

    def _written(self, format: str) -> str | bytes:
        if format in PRINTED:
            return printed(self.svg("light"), format)
        return bitmap(self.svg("light")) if format == "png" else self.svg()

    def html(self) -> str:
        """Return the picture for a page, such as a notebook: light or dark as the page is, scrolling where it is wide.

        Where a notebook is not trusted and leaves pictures out, the text remains.
        """
        svg = self.svg("page")
        own = f"tg{crc32(svg.encode()):08x}"  # of several pictures in a page each has names of its own
        text = f'<style>.{own}-text{{display:none}}</style><pre class="{own}-text">{escape(self.text())}</pre>'
        return f'<div style="overflow-x:auto">{renamed(svg, own, own)}{text}</div>'

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, str]:
        if self.too_large:
            return {"text/plain": f"{self!r}\n{self.too_large}"}
        bundle = {"text/html": self.html(), "image/svg+xml": self.svg(), "text/plain": self.text()}
        return {
            kind: content
            for kind, content in bundle.items()
            if (not include or kind in include) and kind not in (exclude or ())
        }

"""The page inside others: notebooks, exported notebooks, documentation."""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import tinygraph as tg

from .contents import Stop
from .excerpt import Excerpt, Timesteps, window_of
from .export import page_of, trace_of

if TYPE_CHECKING:
    from .widget import PassWidget

MOST_BYTES = 3_000_000  # a notebook keeps every page that was shown in it
HEIGHT = 760  # pixels


def framed(trace: tg.Trace, height: int = HEIGHT) -> str:
    """Return the page in a frame of its own: it needs no extension, no network, and no trust in the page around it.

    Larger pages than `MOST_BYTES` are not put into a notebook; what is returned then says how to write one.
    """
    page = page_of(trace)
    if len(page) > MOST_BYTES:
        return (
            f"<p>A backward pass of {len(trace):,} steps: its page would add {len(page) / 1e6:.1f} MB to this notebook."
            ' Write it with <code>viz.export(trace, "bptt.html")</code>.</p>'
        )
    return (
        f'<iframe title="backward pass" sandbox="allow-scripts" srcdoc="{html.escape(page)}"'
        f' style="width:100%;height:{height}px;border:0" loading="lazy"></iframe>'
    )


def widget(
    x: tg.Tensor | tg.Trace | str | os.PathLike[str],
    tour: Iterable[Stop] = (),
    *,
    title: str | None = None,
    timesteps: Timesteps | None = None,
    height: int = HEIGHT,
) -> PassWidget:
    """Return the page as a widget of a notebook, with its position in Python: ``w.k``, ``w.selection``, ``w.observe``.

    The page itself needs no widget: a `Trace` shows itself in a notebook, also in one that was exported, where widgets
    ask a network for what shows them; `viz.export` writes a file.

    Parameters
    ----------
    x, tour, title, timesteps
        As for `viz.export`.
    height : int
        Of the cell, in pixels.

    Returns
    -------
    PassWidget

    Raises
    ------
    ImportError
        If anywidget is not installed.
    """
    try:
        from .widget import PassWidget  # anywidget is an extra
    except ImportError as error:
        raise ImportError("viz.widget needs anywidget: pip install 'tinygraph-rnn[widget]'") from error
    trace = trace_of(x)
    excerpt = Excerpt(trace, window_of(trace, timesteps))
    return PassWidget(trace, page_of(trace, tour, title, timesteps), excerpt, height)


def shown_instead(trace: tg.Trace) -> bool:
    """Show the page where a prompt would fail: in a notebook that is executed without anybody to answer it."""
    if "ipykernel" not in sys.modules:
        return False
    from IPython import get_ipython  # there where ipykernel is
    from IPython.display import HTML, display

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None or kernel._allow_stdin:
        return False
    display(HTML(framed(trace)))
    return True


def attach() -> None:
    """Let traces show themselves in notebooks."""
    tg.Trace._repr_html_ = framed  # type: ignore[attr-defined]

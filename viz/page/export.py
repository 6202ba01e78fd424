"""`viz.export`: a backward pass as one page."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import tinygraph as tg
from tinygraph.files import replacing
from tinygraph.memory import garbage_collector_paused
from tinygraph.recording.foreign import what_is_given

from ..scenes.labels import loss_label
from .assemble import assemble
from .contents import Stop, contents
from .excerpt import Timesteps


def export(
    x: tg.Tensor | tg.Trace | str | os.PathLike[str],
    path: str | os.PathLike[str],
    tour: Iterable[Stop] | None = None,
    *,
    title: str | None = None,
    timesteps: Timesteps | None = None,
) -> Path:
    """Write the backward pass of `x` as one self-contained page, to walk through in a browser.

    Parameters
    ----------
    x : Tensor, Trace or path
        A loss, its recorded backward pass, or the file of one.
    path : str or path
        Where to write the page, ``.html``.
    tour : iterable of tuples, optional
        Stops of a lecture: each where, by a name (``"h[3]"``) or the number of a step, and a sentence. Where that is a
        question, a third text is its answer, which the page gives when the reader steps on.
    title : str, optional
        The page's title.
    timesteps : slice, int or iterable of int, optional
        Which time steps to show, as for `viz.draw`. Of a pass of more than 20,000 steps the page shows only the first
        and last time steps unless asked for; ``slice(None)`` is all. What lies between is then one step, which brings
        each parameter the exact sum of all that it receives there.

    Returns
    -------
    Path

    Raises
    ------
    TypeError
        If `x` is nothing that was recorded.
    ValueError
        If no time step is left.
    LookupError
        If a stop of the tour names nothing.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, tinygraph as tg, viz
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
    >>> for t in range(3):
    ...     h = np.tanh(W @ h)
    >>> page = viz.export(h.sum(), pathlib.Path(tempfile.mkdtemp()) / "bptt.html", tour=[("h[3]", "It begins here.")])
    >>> page.name
    'bptt.html'
    """
    target = Path(path)
    page = page_of(x, tour or (), title, timesteps)
    with replacing(target) as file:
        file.write(page.encode())
    return target


@garbage_collector_paused()
def page_of(
    x: tg.Tensor | tg.Trace | str | os.PathLike[str],
    tour: Iterable[Stop] = (),
    title: str | None = None,
    timesteps: Timesteps | None = None,
) -> str:
    """Return the page as HTML."""
    trace = trace_of(x)
    return assemble(contents(trace, title or f"Backward through {loss_label(trace.output)}", tour, timesteps))


def trace_of(x: tg.Tensor | tg.Trace | str | os.PathLike[str]) -> tg.Trace:
    """Return the trace of a loss, of a trace file, or the trace itself."""
    if isinstance(x, tg.Trace):
        return x
    if isinstance(x, tg.Tensor):
        return tg.trace(x)
    if isinstance(x, str | os.PathLike):
        return tg.load_trace(x)
    raise TypeError(f"export: expected a loss that was recorded, a Trace or the path of one, got {what_is_given(x)}")

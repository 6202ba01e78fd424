"""The page in a notebook, with its position in Python: needs anywidget (``pip install tinygraph-rnn[widget]``)."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from tinygraph.tracing.trace import Trace

from .assemble import asset
from .contents import step_of
from .excerpt import Excerpt, Gap


class PassWidget(anywidget.AnyWidget):
    """A backward pass as a page in a notebook's cell; made by `viz.widget`.

    The page is moved by setting these, and sets them where the reader moves it; ``observe`` tells of either.

    Attributes
    ----------
    trace : Trace
    k : int
        The step that was done last, so that ``trace[k]`` is what the page shows; -1 before the first.
    selection : str
        The value that was asked for, or that of step `k`: a name such as ``"h[3]"``. Setting it goes to its step.
    view : str
        ``"variables"``, ``"ops"`` or ``"folded"``.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg, viz
    >>> W, h = tg.parameter([[0.5]], name="W"), tg.tensor([1.0], name="h")
    >>> for t in range(3):
    ...     h = np.tanh(W @ h)
    >>> w = viz.widget(h.sum())
    >>> w.selection = "h[2]"
    >>> w.k, w.trace[w.k].node.name
    (3, 'h')
    >>> w.k = 1
    >>> w.selection
    'h[3]'
    """

    _esm = asset("widget.js")
    page = traitlets.Unicode().tag(sync=True)
    place = traitlets.Int(-1).tag(sync=True)  # the page's own number of the step: of a long pass it shows a part
    view = traitlets.Enum(("variables", "ops", "folded"), "variables").tag(sync=True)
    height = traitlets.Int(760).tag(sync=True)
    k = traitlets.Int(-1)
    selection = traitlets.Unicode("")

    def __init__(self, trace: Trace, page: str, excerpt: Excerpt, height: int) -> None:
        self.trace = trace
        self._excerpt = excerpt
        super().__init__(page=page, height=height)

    @traitlets.validate("k")
    def _checked_k(self, proposal: Any) -> int:
        last = len(self.trace) - 1
        if not -1 <= proposal["value"] <= last:
            raise traitlets.TraitError(f"k is a step from 0 to {last}, or -1 before the first, not {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("place")
    def _checked_place(self, proposal: Any) -> int:
        return min(max(proposal["value"], -1), len(self._excerpt.steps) - 1)

    @traitlets.validate("selection")
    def _checked_selection(self, proposal: Any) -> str:
        wanted = proposal["value"]
        return self.trace.symbols.of(self.trace.node(wanted)).ascii if wanted else ""

    @traitlets.observe("place")
    def _page_moved(self, change: Any) -> None:
        if change["new"] != self._excerpt.place_of_step(self.k):
            step = self._excerpt.steps[change["new"]] if change["new"] >= 0 else -1
            self.k = step.first if isinstance(step, Gap) else step

    @traitlets.observe("k")
    def _step_changed(self, change: Any) -> None:
        self.place = self._excerpt.place_of_step(change["new"])
        if not self.selection or step_of(self.trace, self.selection) != change["new"]:
            self.selection = "" if change["new"] < 0 else self.trace.symbols.of(self.trace.nodes[change["new"]]).ascii

    @traitlets.observe("selection")
    def _selected(self, change: Any) -> None:
        self.k = step_of(self.trace, change["new"])

"""Pictures of recorded programs: drawings, and a debugger that walks through the backward pass.

    viz.draw(loss).save("bptt.svg")    # of a Tensor, a tinygraph.Graph or a tinygraph.Trace
    viz.debug(loss)                    # step backward, set breakpoints, watch W.grad grow
    viz.export(loss, "bptt.html")      # the same as one page, in any browser
    viz.plot(loss, "W")                # what each time step contributes to the gradient of W

`draw` returns a `Drawing`: every op, or with ``view="variables"`` what the program named, or with
``view="calls"`` the calls of its own functions, one node each (``opened="cell"`` shows what is inside).
``fold=True`` draws the cell once, with delayed edges; ``timesteps=2`` leaves out the middle;
``backward=True`` adds the gradients; ``overlay="grad_norm"`` colours by them; ``numbers=True`` writes small values;
``collapse="encoder"`` makes a scope one node.

Pictures can be compared: ``limits=(1e-6, 1)`` or ``limits=other`` fixes what the colours mean, `side_by_side` puts
drawings and plots beside one another in colours that they share, and `plot` shows several networks in one plot:
``viz.plot({"LSTM": loss, "Elman": other})`` is ‖∂L/∂h⁽ᵗ⁾‖ of both by time step. ``viz.heat_map(loss, "α")`` shows a
vector of each time step as the rows of a matrix, such as the weights of attention.

`Drawing` shows itself in a notebook. ``save`` writes .svg, .png, .pdf, .dot, .graphml, .mmd,
.json and more; ``svg()``, ``dot``, ``graphml()``, ``mermaid()``, ``text()``, ``to_graphviz()`` and
``to_networkx()`` return the same; ``scene`` is what is drawn, ``layout`` where.

`debug` is a prompt: ``next``, ``back``, ``where``, ``break``, ``watch``, ``help``, …
`Debugger` is the same without a terminal, for scripts and notebooks; `widget`, the page in a notebook
with its position in Python (``w.k``, ``w.selection``).

The command: ``tinygraph draw script.py``, ``plot script.py``, ``debug script.py``, ``export script.py``,
``tinygraph demo``.

The rooms:

- `viz.scenes`: what is drawn; `viz.layout`: where it stands; `viz.formats`: SVG, DOT, PNG, …
- `viz.plots`: numbers by time step
- `viz.debugging`: the debugger without a screen; `viz.terminal`: its prompt; `viz.page`: it as a page
- `viz.api`: `draw`; `viz.palette`: the colours; `viz.cli`, `viz.script`, `viz.program`, `viz.demo`: the command
"""

from tinygraph.backward.watching import install_debugger

from .api import draw
from .debugging.debugger import Debugger
from .formats.drawing import Drawing
from .formats.side_by_side import side_by_side
from .page.export import export
from .page.notebook import attach, widget
from .plots.heat_map import heat_map
from .plots.plotting import plot
from .terminal.terminal import debug

__all__ = ["Debugger", "Drawing", "debug", "draw", "export", "heat_map", "plot", "side_by_side", "widget"]

attach()
install_debugger("viz.program:watching")

"""The figures of the lectures, each made from a program that really ran.

    python examples/figures.py            # rebuild examples/gallery/

Every figure is an SVG file under its own name; ``scenes.json`` holds what they show, for comparison; ``index.html``
shows them all.
"""

from __future__ import annotations

import html
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import tinygraph as tg
import viz
from examples import from_package as m
from examples import programs as p
from examples import through_time as t

GALLERY = Path(__file__).parent / "gallery"


class Figure(NamedTuple):
    """A row of the lectures, a name for the file, what the picture shows, and how it is made.

    `show` is the function of viz that makes it; of several programs by label, drawings side by side.
    """

    row: str
    name: str
    caption: str
    program: Callable[[], Any]
    options: dict[str, Any]
    show: Callable[..., Any] = viz.draw

    def draw(self) -> Any:
        """Run the program and make the picture."""
        picture = self.show(_recorded(self.program()), **self.options)
        if isinstance(picture, viz.Drawing):
            picture.scene.title = self.caption
        return picture

    @property
    def call(self) -> str:
        """The call that makes it, as a reader would write it."""
        options = "".join(f", {key}={_written(value)}" for key, value in self.options.items())
        if self.show in (side_by_side, one_above_the_other):
            columns = ", columns=1" if self.show is one_above_the_other else ""
            return f"viz.side_by_side(*(viz.draw(x{options}) for x in {self.program.__name__}().values()){columns})"
        return f"viz.{self.show.__name__}({self.program.__name__}(){options})"


def _recorded(result: Any) -> Any:
    """Return what a program computed; several outputs as one graph."""
    return tg.graph(*result) if isinstance(result, (tuple, list)) else result


def _written(value: Any) -> str:
    if isinstance(value, tuple) and any(isinstance(part, slice) for part in value):
        return f"np.s_[{', '.join(':' if isinstance(part, slice) else str(part) for part in value)}]"
    return repr(value)


def side_by_side(programs: dict[str, Any], **options: Any) -> Any:
    """Draw several programs beside one another, each under its label."""
    return viz.side_by_side(*(viz.draw(x, **options) for x in programs.values()), titles=programs)


def one_above_the_other(programs: dict[str, Any], **options: Any) -> Any:
    """Draw several programs one above the other, so that their time steps are."""
    return viz.side_by_side(*(viz.draw(x, **options) for x in programs.values()), titles=programs, columns=1)


VARIABLES: dict[str, Any] = {"view": "variables"}
OPS: dict[str, Any] = {"view": "ops"}
NUMBERS: dict[str, Any] = {"view": "variables", "numbers": True}
FOLDED: dict[str, Any] = {"view": "variables", "fold": True}
BACKWARD: dict[str, Any] = {"view": "variables", "backward": True}


_f = Figure

FIGURES = [
    _f("A1", "affine-system", "An affine dynamical system: s⁽ᵗ⁺¹⁾ = W s⁽ᵗ⁾ + b", p.affine_system, VARIABLES),
    _f("A2", "shared-parameter", "One parameter θ, used at every step", p.shared_parameter, OPS),
    _f("A3", "driven-unrolled", "A system driven by an input, unrolled in time", p.driven_system, VARIABLES),
    _f("A3", "driven-folded", "The same system, folded: one cell and a delayed edge", p.driven_system, FOLDED),
    _f("A4", "full-history", "Every state depends on all before it: T(T−1)/2 edges", p.full_history, VARIABLES),
    _f("A4", "state-summary", "A state that summarises all before it: T − 1 edges", p.state_summary, VARIABLES),
    _f("A5", "euler-oscillator", "Euler's method for a forced oscillator", p.oscillator, VARIABLES),
    _f("A5", "euler-oscillator-ops", "The same, op by op", p.oscillator, OPS),
    _f("A6", "graph-product", "z = x·y", p.product, OPS),
    _f("A6", "graph-logistic-regression", "y = σ(xᵀw + b)", p.logistic_regression, OPS),
    _f("A6", "graph-rectified-layer", "H = max(0, XW + b)", p.rectified_layer, OPS),
    _f("A6", "graph-weight-decay", "ŷ = xᵀw with weight decay λ Σ w²", p.weight_decay, OPS),
    _f("B1", "first-model", "The first model: hidden to hidden", p.first_model, VARIABLES),
    _f("B1", "first-model-ops", "The first model, op by op: shared weights stand once", p.first_model, OPS),
    _f("B1", "first-model-folded", "The first model, folded", p.first_model, FOLDED),
    _f("B2", "worked-example", "The worked example: a window of 4, H = 20", p.worked_example, VARIABLES),
    _f("B3", "two-ahead", "Two outputs ahead: three pairs, the fourth window has no target", p.two_ahead, VARIABLES),
    _f("B4", "second-model", "The second model: output to hidden", p.second_model, VARIABLES),
    _f("B5", "teacher-forcing-training", "Teacher forcing, training: the target is fed", p.teacher_forcing, VARIABLES),
    _f("B5", "teacher-forcing-testing", "Teacher forcing, testing: the output is fed", p.free_running, VARIABLES),
    _f(
        "B5",
        "teacher-forcing-package",
        "The package's model in training and in testing",
        m.both_forcings,
        VARIABLES,
        side_by_side,
    ),
    _f("B6", "sequence-to-one", "A sequence in, one output", p.sequence_to_one, VARIABLES),
    _f("B6", "masked-steps", "A padded sequence: the masked time steps are greyed", p.masked_sequence, OPS),
    _f(
        "B6",
        "padded-batch",
        "The package's model on three sequences, padded: h stays as it is where one has ended",
        m.padded_batch,
        VARIABLES,
    ),
    _f("B7", "vector-to-sequence", "A vector in, a sequence out", p.vector_to_sequence, VARIABLES),
    _f(
        "B7",
        "vector-to-sequence-package",
        "The package's model: a vector in, a sequence out",
        m.vector_to_sequence,
        VARIABLES,
    ),
    _f("B8", "bidirectional", "A bidirectional network: one chain forward, one backward", p.bidirectional, VARIABLES),
    _f("B8", "bidirectional-folded", "The bidirectional network, folded", p.bidirectional, FOLDED),
    _f("B8", "bidirectional-package", "The package's bidirectional network", m.bidirectional, VARIABLES),
    _f("B9", "three-decoders", "One encoder and three decoders", p.three_decoders, VARIABLES),
    _f("B9", "three-decoders-folded", "One encoder and three decoders, folded", p.three_decoders, FOLDED),
    _f("B10", "attention", "Additive attention: scores, weights, context", p.attention, OPS),
    _f(
        "B10", "encoder-decoder-attention", "Encoder and decoder with attention", p.encoder_decoder_attention, VARIABLES
    ),
    _f(
        "B10",
        "attention-weights",
        "α: a decoder that copies a sequence from its end looks at one state after another",
        p.reading_backward,
        {"of": "α", "axes": ("time step of the decoder", "time step of the encoder")},
        viz.heat_map,
    ),
    _f(
        "B10",
        "attention-weights-padded",
        "α of the package's model: what is padding gets exactly 0",
        m.attention_on_two_sequences,
        {"of": "α", "at": (slice(None), 1), "axes": ("time step of the decoder", "time step of the encoder")},
        viz.heat_map,
    ),
    _f("B11", "deep", "A deep network: layers × time", p.deep, VARIABLES),
    _f("B12", "lstm-cell", "An LSTM cell with peepholes", p.lstm, FOLDED),
    _f("B12", "lstm-step", "Its second time step", p.lstm, {"view": "variables", "timesteps": [2]}),
    _f("B12", "lstm-unrolled", "The LSTM unrolled: the output gate sees the new state", p.lstm, VARIABLES),
    _f("B13", "gru-cell", "A GRU cell", p.gru, FOLDED),
    _f("B13", "gru-unrolled", "The GRU unrolled", p.gru, VARIABLES),
    _f("B14", "one-to-many", "One-to-many: a vector in, a sequence out", m.one_to_many, VARIABLES),
    _f("B14", "many-to-one", "Many-to-one: a sequence in, one output", m.many_to_one, VARIABLES),
    _f("B14", "synchronous", "Synchronous many-to-many: an output in every time step", m.synchronous, VARIABLES),
    _f(
        "B14",
        "sequence-to-sequence",
        "Sequence-to-sequence: all of one in, then another out",
        m.sequence_to_sequence,
        VARIABLES,
    ),
    _f("C3", "gradient-norms", "Where the gradient is large", p.first_model, {"view": "ops", "overlay": "grad_norm"}),
    _f("C4", "bptt-arrows", "BPTT for T = 3: three terms of V̄ and Ū, of W̄ two and a zero", p.first_model, BACKWARD),
    _f(
        "C6",
        "contributions",
        "What a shared weight sums: one contribution for each time step",
        t.long_bptt,
        {"of": "W", "show": "share"},
        viz.plot,
    ),
    _f(
        "C7",
        "vanishing-exploding-overlay",
        "The same colours for the same numbers: one gradient vanishes, the other explodes",
        t.weak_and_strong,
        {"view": "variables", "overlay": "grad_norm"},
        one_above_the_other,
    ),
    _f(
        "C7",
        "gradient-by-time-step",
        "The gradient on its way back: a straight line on a logarithmic axis",
        t.weak_and_strong,
        {},
        viz.plot,
    ),
    _f(
        "C7",
        "memory-beside-state",
        "An LSTM's memory beside the state of an Elman network",
        t.memory_and_state,
        {"of": {"LSTM": "s", "Elman": "h"}},
        viz.plot,
    ),
    _f("D", "sum-by-hand", "Set by hand: the sum of the inputs, all weights 1", m.sum_of_inputs, NUMBERS),
    _f("D", "larger-total-by-hand", "Set by hand: which of two inputs has the larger total", m.larger_total, NUMBERS),
    _f("D", "parity-by-hand", "Set by hand: parity, h = (AND, OR), and ŷ fed back", m.parity, NUMBERS),
]
DRAWINGS = [figure for figure in FIGURES if figure.show is viz.draw]


def scenes() -> dict[str, Any]:
    """What every figure shows, as plain data."""
    return {figure.name: figure.draw().as_dict() for figure in FIGURES}


def page() -> str:
    """A page that shows all figures, grouped by row."""
    parts = [_HEAD]
    row = ""
    for figure in FIGURES:
        if figure.row != row:
            parts.append(f'{"</section>" if row else ""}<section id="{figure.row}"><h2>{figure.row}</h2>')
            row = figure.row
        caption = html.escape(figure.caption)
        parts.append(
            f'<figure><object type="image/svg+xml" data="{figure.name}.svg" aria-label="{caption}"></object>'
            f"<figcaption>{caption} "
            f"<small>{html.escape(figure.call)}</small></figcaption></figure>"
        )
    return "\n".join([*parts, "</section></body></html>", ""])


_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Figures of the lectures</title>
<style>
:root{color-scheme:light dark}
body{font:16px/1.5 Helvetica,Arial,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;
background:light-dark(#fff,#14181d);color:light-dark(#1a1f26,#eef1f4)}
section{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:flex-start;border-top:1px solid light-dark(#d5dae1,#333b45)}
h2{flex-basis:100%;margin:1rem 0 0}
figure{margin:0 0 1rem;max-width:100%;overflow-x:auto}
object{clip-path:inset(2px)} /* at its edge a browser may show the white ground of the document in it */
figcaption{color:light-dark(#5c6672,#9aa5b1)}
small{display:block;font-family:monospace}
</style></head><body>
<h1>Figures of the lectures</h1>
<p>Each shows the recorded graph of a program in <code>examples/programs.py</code>, <code>through_time.py</code> or
<code>from_package.py</code>; <a href="../rows.md">what A1, B6 and the like mean</a>.
Rebuild them with <code>python examples/figures.py</code>.</p>
<p>Five backward passes to walk through, each a page with a tour:
<a href="../pages/worked-series.html">the worked series</a>, <a href="../pages/bptt.html">BPTT for T = 3</a>,
<a href="../pages/vanishing-exploding.html">vanishing beside exploding</a>,
<a href="../pages/memory-lane.html">an LSTM's memory lane</a>,
<a href="../pages/attention.html">encoder and decoder with attention</a>.</p>"""


def build(folder: Path = GALLERY) -> None:
    """Write all figures, their scenes and the page into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for figure in FIGURES:
        figure.draw().save(folder / f"{figure.name}.svg")
    (folder / "scenes.json").write_text(json.dumps(scenes(), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    (folder / "index.html").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    build()
    print(f"wrote {len(FIGURES)} figures and {GALLERY / 'index.html'}")

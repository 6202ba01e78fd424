"""The pages of the lectures: backward passes to walk through in a browser, each with a tour that teaches it.

    python examples/pages.py            # rebuild examples/pages/

Every number in a tour is a number of the page: `tests/examples/test_pages.py` computes each from the recorded pass.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import tinygraph as tg
import viz
from examples import programs, through_time
from viz.page.contents import Stop

PAGES = Path(__file__).parent / "pages"


class Page(NamedTuple):
    """A row of the lectures, a file's name, a title, a program, and a tour: stops, some of which ask."""

    row: str
    name: str
    title: str
    program: Callable[[], tg.Tensor]
    tour: Sequence[Stop]

    def save(self, folder: Path) -> Path:
        """Write the page into a folder."""
        return viz.export(self.program(), folder / f"{self.name}.html", self.tour, title=self.title)


WORKED_SERIES: Sequence[Stop] = [
    ("MSE", "The loss is the mean of four squared errors: each L⁽ᵗ⁾ receives the adjoint 1/4."),
    (
        "ŷ[4]",
        "The forecast ŷ⁽⁴⁾ is −2.97 and the target 12. The adjoint of ŷ⁽⁴⁾ is half the error: −7.48. "
        "It is negative: raising ŷ⁽⁴⁾ lowers the loss.",
    ),
    ("V", "V serves all four time steps, so its gradient is a sum of four terms. The first to come is that of t = 4."),
    (
        "h[4]",
        "tanh lets through only 0.0235 of the gradient. Inputs of about 10 have driven the hidden units to the flat "
        "ends of tanh, where 1 − h² is almost 0: a reason to standardise a series.",
    ),
    ("W", "The first term of W̄ is a column times a row: the adjoint z̄⁽⁴⁾ of what tanh read, times h⁽³⁾."),
    (
        "h[3]",
        "h⁽³⁾ was read twice, so its gradient is a sum: norm 0.804 from h⁽⁴⁾ through W, and 12 from ŷ⁽³⁾ through V. "
        "The loss of its own time step outweighs the later one.",
    ),
    ("43", "Ū is complete, and its largest term is that of t = 1, of norm 59.4: there tanh was the least flat."),
    ("44", "The fourth term of W̄ is exactly zero, for h⁽⁰⁾ = 0: W learns from three transitions, U from four inputs."),
]

BPTT: Sequence[Stop] = [
    ("y[3]", "The output first: r̄ = ȳ ⊙ φ₂′(r). Here φ₂ is the logistic, and 0.849 becomes 0.157."),
    ("r[3]", "r̄⁽³⁾ goes two ways: V̄ receives r̄⁽³⁾ h⁽³⁾ᵀ, the first of its three terms, and h⁽³⁾ receives Vᵀ r̄⁽³⁾."),
    (
        "h[3]",
        "z̄ = h̄ ⊙ φ₁′(z). Here φ₁ is tanh, with the derivative 1 − h²: 0.16 becomes 0.159, but −0.201 becomes −0.0667, "
        "for there tanh is flat.",
    ),
    ("W", "W̄ receives z̄⁽³⁾ h⁽²⁾ᵀ, and h⁽²⁾ receives Wᵀ z̄⁽³⁾: so the error travels back in time."),
    (
        "U",
        "Ū receives z̄⁽³⁾ x⁽³⁾ᵀ, and with it the time step t = 3 is done. At which value does t = 2 begin?",
        "At its own loss, L⁽²⁾: h̄⁽²⁾ is not complete before that has come.",
    ),
    (
        "h[2]",
        "h̄⁽²⁾ = Vᵀ r̄⁽²⁾ + Wᵀ z̄⁽³⁾, in both parts of the formula: of norm 0.319 from its own output, "
        "and of norm 0.0491 from the later time step.",
    ),
    ("19", "The second term of W̄, z̄⁽²⁾ h⁽¹⁾ᵀ, is added to the first."),
    ("28", "The third is z̄⁽¹⁾ h⁽⁰⁾ᵀ, and zero, since h⁽⁰⁾ = 0: for T = 3 the sum for W̄ has two terms."),
    (
        "29",
        "Ū and V̄ have three terms each. Apart from these sums, BPTT is the back-propagation of an ordinary network.",
    ),
]

VANISHING_AND_EXPLODING: Sequence[Stop] = [
    (
        "loss",
        "Two networks read the same inputs. W_v is 0.5 times a rotation, W_e is 2 times the same; all else is alike.",
    ),
    ("h[8]", "Both states of the last time step begin with a gradient of norm 1.41."),
    (
        "W_v",
        "Through W_v the gradient goes from h⁽⁸⁾ to h⁽⁷⁾, and is halved: ×0.5. The same happens in every time step.",
    ),
    (
        "g[4]",
        "After four time steps the gradient of g⁽⁴⁾ is 22.6: sixteen times what it was. What will h⁽⁴⁾ have?",
        "A sixteenth of the same: 0.0884.",
    ),
    ("h[4]", "On the log scale both lines are straight: the same factor in every time step."),
    (
        "61",
        "Exploding: to U_e the first time step gives most, 0.161, and the last gives 0.00109. "
        "A step of gradient descent follows the oldest inputs.",
    ),
    ("h[1]", "tanh is not to blame: the inputs are small, and 1 − h² is above 0.99999 everywhere. It is the matrix."),
    (
        "65",
        "Vanishing: to U_v the first time step gives least, about 0.00001, and the last gives 0.00109. "
        "What happened early is hardly learned.",
    ),
]

MEMORY_LANE: Sequence[Stop] = [
    ("loss", "An LSTM over five time steps. The loss reads the last output alone: all gradient must come from there."),
    ("h[5]", "h = o ⊙ tanh(s): one part of the gradient goes to the output gate o⁽⁵⁾, the other to the memory s⁽⁵⁾."),
    ("s[5]", "s⁽⁵⁾ = f ⊙ s⁽⁴⁾ + i ⊙ g. The sum passes its adjoint on unchanged, of norm 0.193, to both products."),
    (
        "9",
        "This is the lane. Back along it the only factor is the forget gate, between 0.958 and 0.987 here: "
        "no matrix, no tanh.",
    ),
    (
        "u[5]",
        "The other way back leads through the gates and their matrices to h⁽⁴⁾. It carries less: h̄⁽⁴⁾ has norm 0.115, "
        "h̄⁽⁵⁾ had 0.466.",
    ),
    (
        "s[3]",
        "Two time steps back the gradient of the memory has norm 0.196. What came along the lane has 0.193, what "
        "came from h⁽³⁾ 0.0529.",
    ),
    (
        "s[1]",
        "Four time steps back it is 0.197; at the end it was 0.193. Through the forget gates alone 0.175 would have "
        "arrived: the gradient survives, because the gates stand open.",
    ),
    ("73", "b_f, which opened the gates, receives exactly zero at t = 1: there was no memory yet to keep, s⁽⁰⁾ = 0."),
]

ATTENTION: Sequence[Stop] = [
    ("ŷ[2]", "The decoder's second word: ŷ⁽²⁾ = V s⁽²⁾. From here the gradient goes back to both decoder and encoder."),
    (
        "c[2]",
        "The context is a mean of the encoder's states with weights α⁽²⁾ = 0.373, 0.326, 0.300. Each state receives "
        "its weight times the adjoint of c⁽²⁾: one step from the decoder to every time step of the encoder.",
    ),
    (
        "α[2]",
        "softmax: raising one weight lowers the others, so the three elements of the adjoint of e⁽²⁾ add up to 0.",
    ),
    (
        "U",
        "The scores receive little: what arrives here has norm 0.0121, where the context had 0.388. "
        "It has passed softmax, v and tanh on its way.",
    ),
    (
        "s[1]",
        "s⁽¹⁾ was read three times: by the next state (norm 0.388), by ŷ⁽¹⁾ (0.36) and by the scores e⁽²⁾ (0.00149).",
    ),
    ("H", "H has received four terms, two from each word of the decoder, and hands one row to each encoder state."),
    (
        "h[3]",
        "The last encoder state is also the first of the decoder. That way brings 0.467, the contexts 0.0544.",
    ),
    (
        "h[1]",
        "Attention reaches h⁽¹⁾ directly, with 0.0603; the chain through h⁽²⁾ brings 0.208. "
        "In a longer sequence the chain grows by a factor with every time step, the direct way stays as short.",
    ),
]

EXAMPLES = [
    Page("B2", "worked-series", "The worked series: window 4, H = 20", programs.worked_example, WORKED_SERIES),
    Page("C4", "bptt", "BPTT for T = 3, in bar notation", through_time.bptt, BPTT),
    Page(
        "C7",
        "vanishing-exploding",
        "Vanishing beside exploding",
        through_time.vanishing_and_exploding,
        VANISHING_AND_EXPLODING,
    ),
    Page("B12", "memory-lane", "An LSTM's memory lane", through_time.memory_lane, MEMORY_LANE),
    Page("B10", "attention", "Encoder and decoder with attention", programs.encoder_decoder_attention, ATTENTION),
]


def build(folder: Path = PAGES) -> None:
    """Write all pages into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in EXAMPLES:
        page.save(folder)


if __name__ == "__main__":
    build()
    print(f"wrote {len(EXAMPLES)} pages into {PAGES}")

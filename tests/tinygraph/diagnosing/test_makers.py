"""Which line made a constant, in programs of several styles."""

from pathlib import Path

import numpy as np
import pytest

import tinygraph as tg
from tinygraph.diagnosing import made_at


def line_that_says(text):
    """Return the number of the line of this file that says so, and is not this one's argument."""
    lines = Path(__file__).read_text(encoding="utf-8").split("\n")
    [number] = [n for n, line in enumerate(lines, 1) if line.strip().endswith(f"# {text}")]
    return number


def assigned(h):
    keep = h.data > 0  # assigned
    scale = 2.0
    return np.sum(h * keep * scale)


def assigned_in_part(h):
    keep = np.ones(3)
    keep[1] = 0  # assigned in part
    return np.sum(h * keep)


def of_a_loop(h):
    total = 0.0
    for weight in (np.array([1.0, 2.0, 3.0]),):  # of a loop
        total = total + np.sum(h * weight)
    return total


def with_argument(h, mask):  # an argument
    return np.sum(h * (1 - mask))


def over_several_lines(h):
    keep = np.where(  # over several lines
        h.data > 0,
        1.0,
        0.0,
    )
    return np.sum(keep * h)


class Dropout:
    def __init__(self):
        self.mask = np.array([1.0, 0.0, 1.0])  # an attribute

    def __call__(self, h):
        return np.sum(h * self.mask)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (assigned, "assigned"),
        (assigned_in_part, "assigned in part"),
        (of_a_loop, "of a loop"),
        (lambda h: with_argument(h, np.array([1.0, 0.0, 0.0])), "an argument"),
        (over_several_lines, "over several lines"),
        (Dropout(), "an attribute"),
    ],
)
@pytest.mark.parametrize("loaded", [False, True])
def test_the_line_that_made_a_constant(program, said, loaded, tmp_path):
    trace = tg.trace(program(tg.parameter([0.5, -1.0, 2.0], name="h")))
    if loaded:
        trace.save(tmp_path / "run.trace")
        trace = tg.load_trace(tmp_path / "run.trace")
    [constant] = [node for node in trace.graph.nodes if node.kind == "constant" and node.shape == (3,)]
    maker = made_at(trace, constant)
    assert maker.lineno == line_that_says(said)
    assert maker.text.endswith(f"# {said}")
    assert maker.filename == __file__


def test_an_op_and_a_number_have_no_maker():
    h = tg.parameter([0.5, -1.0], name="h")
    trace = tg.trace(np.sum(np.tanh(h) * 3.0))
    assert [made_at(trace, node) for node in trace.graph.nodes if node.kind != "parameter"] == [None] * 4
    assert made_at(trace, trace.node("h")).text.startswith("h = tg.parameter(")

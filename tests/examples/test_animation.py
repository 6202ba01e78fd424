"""The README's moving picture is of the page as it is walked today."""

from PIL import Image

import tinygraph as tg
from examples.through_time import bptt
from tests.tools.processes import ROOT


def test_it_has_a_frame_before_the_first_step_and_one_for_each():
    with Image.open(ROOT / "examples" / "bptt.webp") as picture:
        assert picture.n_frames == len(tg.trace(bptt())) + 1


def test_the_readme_opens_with_it():
    first = next(line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("!["))
    assert first.endswith("(examples/bptt.webp)")

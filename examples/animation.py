"""The picture at the top of the README: a page of `viz.export`, walked through in Chromium, step by step.

python examples/animation.py    # needs the extra [page] and Chromium; writes examples/bptt.webp
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

from PIL import Image

import tinygraph as tg
import viz
from examples.through_time import bptt

SIZE = {"width": 1280, "height": 900}  # pixels
FIRST, EACH, LAST = 1500, 800, 4000  # milliseconds


def frames(trace: tg.Trace) -> list[Image.Image]:
    """Return the page before the first step and after each."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "bptt.html"
        viz.export(trace, page_file, title="Back-propagation through time")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, reduced_motion="reduce")
        page.goto(page_file.as_uri())
        page.wait_for_timeout(1500)
        page.get_by_role("button", name="fit").click()
        page.evaluate("document.activeElement.blur()")
        pictures = []
        for _ in range(len(trace) + 1):
            page.wait_for_timeout(400)
            pictures.append(Image.open(BytesIO(page.screenshot())).convert("RGB"))
            page.keyboard.press("n")
        browser.close()
    return pictures


if __name__ == "__main__":
    first, *others = frames(tg.trace(bptt()))
    durations = [FIRST, *[EACH] * (len(others) - 1), LAST]
    path = Path(__file__).with_name("bptt.webp")
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, lossless=True, method=6)
    print(f"wrote {path}, {path.stat().st_size / 1000:.0f} kB")

"""Each how-to page is a program: its blocks run one after the other, and print what stands below them.

``python -m tests.examples.test_howto`` writes what they print, and their pictures, anew.
"""

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.tools.processes import ROOT, run_python
from tests.tools.quoted import assert_same, links, words_of

PAGES = sorted((ROOT / "examples" / "howto").glob("*.md"))
BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<text>.*?)^```\n)?", re.DOTALL | re.MULTILINE)
END = "\x1e"


def run(page, folder):
    """Run the page's blocks as one program in `folder`; return what each printed."""
    code = "".join(f"{block['code']}\nprint({END!r}, end='')\n" for block in BLOCK.finditer(page.read_text("utf-8")))
    (Path(folder) / "page.py").write_text(code, encoding="utf-8")
    ran = run_python("-W", "error", "page.py", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    return ["\n".join(line.rstrip() for line in text.splitlines()) for text in ran.stdout.split(END)[:-1]]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_what_a_page_shows_is_what_its_program_prints(page, tmp_path):
    text = page.read_text("utf-8")
    if "import torch" in text:
        pytest.importorskip("torch", reason="torch is not installed")
    for printed, block in zip(run(page, tmp_path), BLOCK.finditer(text), strict=True):
        assert_same(printed, (block["text"] or "").rstrip("\n"), rel_tol=1e-2)
    for picture in tmp_path.glob("*.svg"):
        assert words_of(picture.read_text("utf-8")) == words_of((page.parent / picture.name).read_text("utf-8"))
        assert picture.name in links(text)


@pytest.mark.parametrize("page", sorted((ROOT / "examples").rglob("*.md")), ids=lambda path: path.stem)
def test_links_lead_to_files(page):
    for link in links(page.read_text("utf-8")):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_numbers_in_the_prose_stand_in_a_block(page):
    text = page.read_text("utf-8")
    shown = "".join(re.findall(r"^```.*?^```$", text, re.DOTALL | re.MULTILINE))
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"\d+\.\d+", prose)) <= set(re.findall(r"\d+\.\d+", shown))


def test_there_are_four_pages():
    assert len(PAGES) == 4


def test_every_row_that_the_code_names_is_explained():
    explained = set(re.findall(r"^\| ([A-C]\d+) \|", (ROOT / "examples" / "rows.md").read_text("utf-8"), re.MULTILINE))
    files = [path for room in ("examples", "rnn", "tinygraph", "viz") for path in (ROOT / room).rglob("*.py")]
    named = {row for path in files for row in re.findall(r"\brows? ([A-C]\d+)\b", path.read_text("utf-8"))}
    assert named
    assert named <= explained


def rewrite(page, folder):
    """Write a page anew, with what its blocks print."""
    printed = iter(run(page, folder))

    def block(match):
        text = next(printed)
        return f"```python\n{match['code']}```\n" + (f"\n```text\n{text}\n```\n" if text else "")

    page.write_text(BLOCK.sub(block, page.read_text("utf-8")), encoding="utf-8")
    for picture in Path(folder).glob("*.svg"):
        shutil.copy(picture, page.parent)


if __name__ == "__main__":
    import tempfile

    for each in PAGES:
        if not sys.argv[1:] or each.stem in sys.argv[1:]:
            with tempfile.TemporaryDirectory() as empty:
                rewrite(each, empty)

"""What somebody reads who trains without having read the documentation: `tests/programs/naive`, script by script."""

import contextlib
import io
import re
import runpy
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "programs" / "naive").glob("[!_]*.py"))


def reads(script):
    """The error in which a script ends, else what it prints."""
    screen = io.StringIO()
    with contextlib.redirect_stdout(screen):
        try:
            runpy.run_path(str(script), run_name="__main__")
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return screen.getvalue()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_author_reads_what_the_script_says(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    promised = re.search(r"Reads: (.*?)\n\"\"\"", script.read_text(), re.DOTALL)[1]
    words, numbers = re.split(r"\d+\.\d+", " ".join(promised.split())), r"\d+\.\d+"
    said = " ".join(reads(script).split())
    assert re.match(numbers.join(map(re.escape, words)), said), said
    exact = [float(number) for number in re.findall(numbers, promised)]
    assert [float(number) for number in re.findall(numbers, said)][: len(exact)] == pytest.approx(exact, rel=1e-3)

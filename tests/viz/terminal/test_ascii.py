"""Terminals without Unicode: the names that ASCII has, nothing that runs over, and no question marks."""

import ast
import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

import tinygraph as tg
import viz
from tests.tools.processes import ROOT, run_python
from viz.terminal.ascii_text import ascii_text
from viz.terminal.session import COMMANDS
from viz.terminal.terminal import debug

WRITTEN_BY = ["viz/terminal", "viz/debugging", "viz/cli.py", "viz/script.py", "viz/demo.py", "tinygraph"]
FOR_OTHERS = {"tinygraph/testing", "tinygraph/ops", "tinygraph/loops", "tinygraph/folding"}  # not on the screen


def literals(path):
    """Yield the texts in a module that are no docstrings."""
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def modules():
    for place in WRITTEN_BY:
        paths = sorted((ROOT / place).rglob("*.py")) if (ROOT / place).is_dir() else [ROOT / place]
        yield from (p for p in paths if not any(str(p.relative_to(ROOT)).startswith(other) for other in FOR_OTHERS))


def test_every_sign_of_ours_has_a_name_in_ascii():
    signs = {char for path in modules() for text in literals(path) for char in text if not char.isascii()}
    assert len(signs) > 40
    assert {sign for sign in signs if not ascii_text(f"a{sign}").isascii()} == set()


def deep():
    rng = np.random.default_rng(0)
    W = tg.parameter(rng.normal(size=(5, 5)) * 0.5, name="W")
    encoder_bias, h, loss = tg.parameter(np.zeros(5)), tg.tensor(np.zeros(5), name="h"), 0.0
    for _ in range(9):
        with tg.scope("encoder"), tg.scope("recurrent layer"):
            a = W @ h + encoder_bias * rng.normal(size=5)
            h = np.tanh(a)
        loss = loss + np.sum((h - 1.0) ** 2) / np.sqrt(np.sum(h * h) + 1e-8)
    return loss


def commands():
    lines = [
        "n 4",
        "display norm(grad)",
        "n",
        "b op tanh",
        "watch W",
        "c",
        "c",
        "c",
        "con",
        "con h[3]",
        "p W",
        "p W.grad",
    ]
    lines += [
        "p (W, 1)",
        "p encoder_bias",
        "info h[3]",
        "b jump 2",
        "c",
        "xyz",
        "p norm(",
        "goto 10",
        "n t",
        "n cell",
        "who W",
    ]
    lines += [f"help {name}" for name in COMMANDS] + [
        "help expressions",
        "b",
        "formula",
        "flow",
        "lag",
        "lag W",
        "c",
        "c",
    ]
    return [*lines, *(name for name in COMMANDS if name not in ("quit", "abort", "save", "draw", "print"))]


def screen(width, ascii_only, lines=None):
    output = io.StringIO()
    stdin = io.StringIO("\n".join(lines or commands()) + "\n")
    debug(deep(), stdin=stdin, stdout=output, width=width, ascii_only=ascii_only)
    return output.getvalue()


@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [40, 57, 80, 100])
def test_nothing_runs_over(width, ascii_only):
    text = screen(width, ascii_only)
    for line in text.splitlines():
        assert cell_len(line) <= width or line.startswith("(tinygraph)"), line
    assert not ascii_only or text.isascii()


PROSE = ("! ", "`help`", "on, `quit`", "  rows:", "columns:", "pass to the last bit")
VERDICTS = ("  vanishing", "  exploding", "  healthy", "  mixed")  # words, to the end


def test_the_lines_of_tables_are_not_folded_on_a_narrow_screen():
    """A line that is folded has the rest of it below, without the margin of its table."""
    for ascii_only in (False, True):
        for command in ("w", "con", "grads", "flow", "lag", "p W", "formula"):
            for line in screen(40, ascii_only, ["n 4", "c", command]).splitlines():
                if line.startswith(VERDICTS):
                    break
                in_prose = line.startswith(PROSE)
                assert line.startswith((" ", "(", "step", "---", "───", "■", "*", "5")) or not line or in_prose, line


def test_names_are_those_of_ascii_and_not_question_marks():
    text = screen(80, True)
    for name in ("dh[3]", "dencoder_bias", "dloss[9]", "da[9] = dh[9] * (1 - h[9] * h[9])", "|dL/dh|", "L[9] alone"):
        assert name in text
    assert not re.search(r"\W\?|\?\S", text.replace("h, ?", ""))  # only at the end of a question


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_a_stream_that_encodes_less_gets_ascii(tmp_path, encoding):
    (tmp_path / "net.py").write_text(
        "import numpy as np, tinygraph as tg\nw = tg.parameter([0.5, 2.0], name='βä')\nh = w\n"
        "for t in range(3):\n    h = np.tanh(w * h)\nloss = h.sum()\nloss.backward()\n"
    )
    settings = {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding, "COLUMNS": "60"}
    lines = "n\ncon\ngrads\nflow\nhelp\nq\n"
    ran = run_python("-m", "viz.cli", "debug", "net.py", cwd=tmp_path, stdin=lines, **settings)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.isascii()
    assert "dh[3]" in ran.stdout and "d?a" in ran.stdout  # no letter of ASCII is like β
    for command in (["draw", "--help"], ["debug", "--help"], ["draw", "net.py", "-o", "ŵ.svg"]):
        ran = run_python("-m", "viz.cli", *command, cwd=tmp_path, **settings)
        assert (ran.returncode, ran.stderr) == (0, "")


def test_a_terminal_of_the_locale_c_is_written_to_in_ascii(monkeypatch):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    for locale, is_ascii in {"C": True, "POSIX": True, "C.UTF-8": False, "": False}.items():
        monkeypatch.setitem(os.environ, "LC_ALL", locale)
        output = Terminal()
        viz.debug(deep(), stdin=io.StringIO("n 3\n"), stdout=output, width=80)
        assert output.getvalue().isascii() == is_ascii


def test_this_file_knows_where_texts_are_written():
    assert all((ROOT / place).exists() for place in [*WRITTEN_BY, *FOR_OTHERS])
    assert Path(viz.__file__).is_relative_to(ROOT)

"""What the author of a wrong rule sees on the screen: the line of the test, then the verdict."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.tools.processes import ROOT, run_python

pytestmark = pytest.mark.slow
AUTHORS = Path(__file__).parent / "authors"
EXPECTED = {
    "test_sign": r"softplus: the rule for x gives -\S+ at \(0, 0\), expected [^-]",
    "test_transpose": r"affine: the rule for W gives shape \(3, 2\), expected \(2, 3\)$",
    "test_transpose_in_a_layer": r"affine: the rule for W gives (shape|\S+ at) ",
    "test_sum": r"scale_columns: the rule for s gives shape \(4, 3\), expected \(3,\)$",
    "test_factor": r"scale: the rule for s gives \S+ at \(0,\), expected 0 ",
    "test_argument": r"product: no rule for b, which has a derivative: ",
    "test_saved": r"rms_norm: the rule for x gives \S+ at \(0, 0\), expected ",
    "test_any_number": r"weighted: the rule for argument 2 gives \S+ at \(0,\), expected ",
    "test_dtype": r"wide: arguments of float32 give an output of float64$",
    "test_hidden_state": r"leaky: the gradient of x changes when the function is called again before the ",
}


def run_pytest(*arguments, folder):
    return run_python("-m", "pytest", "-p", "no:cacheprovider", *arguments, cwd=folder).stdout


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("authors")
    files = sorted(AUTHORS.glob("*.py"))
    for file in files:
        (folder / file.name).write_text(file.read_text())
    shown = run_pytest("-p", "tinygraph_pytest", *[file.name for file in files], folder=folder)
    sections = re.split(r"^_{3,} (\w+) _{3,}$", shown.partition("= short test summary")[0], flags=re.MULTILINE)
    return dict(zip(sections[1::2], sections[2::2], strict=True))


def verdict(report):
    """Return what stands behind the E of pytest, line by line."""
    return [line.removeprefix("E").strip() for line in report.splitlines() if line.startswith("E ")]


@pytest.mark.parametrize("test", EXPECTED)
def test_the_first_line_names_op_and_rule_and_what_is_wrong(reports, test):
    kind, _, headline = verdict(reports[test])[0].partition(": ")
    assert kind in ("tinygraph.testing.LawError", "tinygraph.testing.GradientError")
    assert re.match(EXPECTED[test], headline)


@pytest.mark.parametrize("test", EXPECTED)
def test_no_line_of_ours_stands_around_it(reports, test):
    assert "tinygraph/" not in reports[test]
    assert "direct cause" not in reports[test]
    assert "During handling" not in reports[test]
    assert re.search(r"^> +check_(op|gradients)\(", reports[test], re.MULTILINE)
    assert len(verdict(reports[test])) <= 30


def test_a_rule_of_several_lines_keeps_them(reports):
    said = "\n".join(line.removeprefix("E").removeprefix("       ") for line in reports["test_sign"].splitlines())
    source = (AUTHORS / "statics.py").read_text().splitlines()
    written = source.index("    def backward(g, y, x):")  # the decorator's line, counted from 1
    assert (
        "  rule:\n"
        "    s = 1 / (\n"
        "        1 + np.exp(-x)  # as it should be\n"
        "    )\n"
        "    return -(g * s)\n"
        f'  in File "statics.py", line {written}\n'
    ) in said


def test_the_parts_come_in_order_of_use(reports):
    said = verdict(reports["test_any_number"])
    marks = ["weighted: ", "rule: ", "used in ", "lambda *xs: ", "order ", "at seed=0, ", "●", "Failing test case"]
    places = [next(i for i, line in enumerate(said) if mark in line) for mark in marks]
    assert places == sorted(places)


def test_arguments_are_printed_as_code(reports):
    assert "    x=tg.parameter([0.0]),\n" in reports["test_any_number"]


def test_the_op_is_shown_in_the_program_that_uses_it(reports):
    assert "lambda x, W, b: np.tanh(affine(x, W, b))" in reports["test_transpose_in_a_layer"]
    assert "● affine: affine(x, W, b) " in reports["test_transpose_in_a_layer"]


def test_an_op_by_itself_is_not_drawn_nor_looked_for(reports):
    assert "●" not in reports["test_sign"]
    assert "used in" not in reports["test_sign"]


PLAIN = """
import pytest, {imported}

def helper(n):
    return 1 / n

def test_it():
    helper(0)
"""


def test_in_the_tests_of_others_the_plugin_changes_nothing(tmp_path):
    (tmp_path / "test_plain.py").write_text(PLAIN.format(imported="tinygraph"))
    with_plugin, without = (run_pytest(*options, folder=tmp_path) for options in (("-p", "tinygraph_pytest"), ()))
    timed = re.compile(r"=* in \d+\.\d+s =*|=+")  # a line is filled up around the time
    assert timed.sub("", with_plugin) == timed.sub("", without)
    assert "ZeroDivisionError" in without


def test_the_plugin_imports_nothing_of_weight():
    program = "import sys, tinygraph_pytest; assert not {'numpy', 'hypothesis', 'tinygraph'} & set(sys.modules)"
    assert run_python("-c", program).returncode == 0


def test_the_package_brings_the_plugin():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["pytest11"] == {"tinygraph_pytest": "tinygraph_pytest"}
    assert "tinygraph_pytest" in project["tool"]["setuptools"]["py-modules"]
    assert (ROOT / "tinygraph_pytest.py").exists()


RAISING = """
import numpy as np, tinygraph as tg

def cell(W, h):
    return np.tanh(W @ h).reshape(7)

def test_cell():
    tg.testing.check_gradients(cell, np.ones((2, 2)), np.ones(2))
"""


BACKWARD = """
import numpy as np, tinygraph as tg

half = tg.op(lambda x: x / 2, vjp=lambda g, y, x: g.sum() / 2, name="half")

def test_backward():
    loss = np.sum(half(tg.parameter([1.0, 2.0])))
    loss.backward()

def test_forward():
    np.ones((2, 3)) @ tg.parameter([1.0, 2.0])
"""


def test_an_error_of_the_engine_that_shows_the_line_is_all_there_is_to_see(tmp_path):
    (tmp_path / "test_backward.py").write_text(BACKWARD)
    shown = run_pytest("-p", "tinygraph_pytest", folder=tmp_path)
    assert "2 failed" in shown
    assert "half: the rule for argument 0 (x) gave " in shown
    assert "tinygraph/" not in shown
    assert "direct cause" not in shown


def test_an_error_of_the_function_itself_shows_its_line_and_no_frame_of_ours(tmp_path):
    (tmp_path / "test_raising.py").write_text(RAISING)
    shown = run_pytest("-p", "tinygraph_pytest", folder=tmp_path)
    assert "tinygraph/testing/" not in shown
    assert re.search(r"^> +return np.tanh\(W @ h\).reshape\(7\)", shown, re.MULTILINE)
    whole = run_pytest("-p", "tinygraph_pytest", "--full-trace", folder=tmp_path)
    assert "tinygraph/testing/" in whole

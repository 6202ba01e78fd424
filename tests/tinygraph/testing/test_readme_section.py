"""The README's way from an op to a report and its fix: what it shows is what pytest prints."""

import re

import pytest

from tests.tools.processes import ROOT, run_python

pytestmark = pytest.mark.slow
README = (ROOT / "README.md").read_text()
SECTION = README.partition("### Test the gradient of an op of your own")[2].partition("\n## ")[0]
(PROGRAM,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
(REPORT,) = re.findall(r"```text\n(.*?)```", SECTION, re.DOTALL)
FIX = re.search(r"With `(vjp=.*?)` both tests pass", SECTION)[1]


def pytest_says(program, folder):
    (folder / "test_softsign.py").write_text(program)
    return run_python("-m", "pytest", "-pno:cacheprovider", "-ptinygraph_pytest", "test_softsign.py", cwd=folder).stdout


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return pytest_says(PROGRAM, tmp_path_factory.mktemp("readme"))


def test_the_report_is_the_one_shown(report):
    assert "2 failed" in report
    shown = re.sub(r"\n +\^+\n", "\n", report)  # later Pythons underline the call
    assert REPORT in shown


def test_the_cell_is_reported_too(report):
    assert "GradientError: softsign: the rule for x gives" in report.partition(" test_cell ")[2]


def test_with_the_fix_both_pass(tmp_path):
    fixed = re.sub(r"vjp=[^#]*,  # the square is forgotten", f"{FIX},", PROGRAM)
    assert fixed != PROGRAM
    assert "2 passed" in pytest_says(fixed, tmp_path)

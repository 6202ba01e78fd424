"""The README's way from an op to a report and its fix: what it shows is what pytest prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SECTION = (
    (ROOT / "README.md").read_text().partition("### Test the gradient of an op of your own")[2].partition("\n## ")[0]
)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
PROGRAM, VERIFYING = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
(REPORT,) = re.findall(r"```text\n(.*?)```", SECTION, re.DOTALL)
FIX = re.search(r"With `(vjp=.*?)` both tests pass", SECTION)[1]


def pytest_says(program, folder):
    (folder / "test_softsign.py").write_text(program)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tinygraph_pytest", "test_softsign.py"]
    run = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True)
    return run.stdout


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


def test_what_verify_prints(capsys):
    exec(VERIFYING, {})
    assert capsys.readouterr().out.strip() == re.search(r"# (every rule.*)", VERIFYING)[1]

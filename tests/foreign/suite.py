"""Run another library's tests on this engine, and say what became of each."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import tinygraph as tg
from tests.foreign.autograd_checks import ComplexValue, is_about_complex, tally
from tests.foreign.standin import NoCounterpart, forget

ENGINE = str(Path(tg.__file__).parent)
VERDICTS = ("passed", "failed", "refused", "unclear", "complex", "no counterpart", "skipped")


@dataclass(frozen=True)
class Outcome:
    """What became of one test.

    Attributes
    ----------
    file, test : str
    verdict : str
        One of `VERDICTS`. "refused": the engine raised an error that shows the line it is about; "unclear": it raised
        one that does not; "failed": everything else, a wrong number above all.
    reason : str
        The first line of the error.
    """

    file: str
    test: str
    verdict: str
    reason: str


def verdict_of(error: BaseException) -> str:
    """Return the verdict on a test that ended in an error."""
    while error.__cause__ is not None and isinstance(error, BaseExceptionGroup | AssertionError):
        error = error.__cause__
    if isinstance(error, NoCounterpart):
        return "no counterpart"
    if isinstance(error, ComplexValue):
        return "complex"
    if isinstance(error, BaseExceptionGroup):
        return verdict_of(error.exceptions[0])
    if isinstance(error, AssertionError) or not _raised_by_the_engine(error):
        return "failed"
    if isinstance(error, TypeError | ValueError) and is_about_complex(error):
        return "complex"
    return "refused" if 'File "' in str(error) else "unclear"


def _raised_by_the_engine(error: BaseException) -> bool:
    files = []
    traceback = error.__traceback__
    while traceback is not None:
        files.append(traceback.tb_frame.f_code.co_filename)
        traceback = traceback.tb_next
    return bool(files) and files[-1].startswith(ENGINE)


@dataclass(frozen=True)
class Suite:
    """Another library's tests, and what stands in for the library.

    Attributes
    ----------
    stand_in : callable
        Puts the stand-in packages into `sys.modules`.
    packages : tuple of str
        Names to forget first: the library itself, and packages of its tests.
    wanted : callable
        Tells whether a test, an item of pytest, is to run.
    about_itself : dict
        Tests of what only that library has, by name, with what they ask for.
    conftest : bool
        Whether its own ``conftest.py`` can be used.
    """

    stand_in: Callable[[], None]
    packages: tuple[str, ...]
    wanted: Callable[[Any], bool] = lambda item: True
    about_itself: Mapping[str, str] = field(default_factory=dict)
    conftest: bool = True


class Collector:
    """A plugin of pytest that notes the outcome of every test."""

    def __init__(self, root: Path, suite: Suite):
        self.root = root
        self.suite = suite
        self.outcomes: list[Outcome] = []

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Keep the tests that are wanted."""
        items[:] = [item for item in items if self.suite.wanted(item)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        """Note how a phase of a test ended."""
        report = yield
        if report.when == "setup":
            tally.verdict()
        if call.excinfo is not None and report.skipped:
            self._note(item, "skipped", str(call.excinfo.value))
        elif call.excinfo is not None:
            error = call.excinfo.value
            about = self.suite.about_itself.get(item.originalname)
            self._note(item, *(("no counterpart", about) if about else (verdict_of(error), _first_line(error))))
        elif report.when == "call":
            self._note(item, tally.verdict(), "")
        return report

    def _note(self, item: Any, verdict: str, reason: str) -> None:
        file = str(Path(item.fspath).relative_to(self.root))
        self.outcomes.append(Outcome(file, item.name, verdict, reason))

    def pytest_collectreport(self, report: Any) -> None:
        """Count a file that cannot be imported as one test."""
        if report.failed:
            last = str(report.longrepr).strip().splitlines()[-1]
            verdict = "no counterpart" if NoCounterpart.__name__ in last else "failed"
            self.outcomes.append(Outcome(str(report.nodeid), "(import)", verdict, last.removeprefix("E").strip()))


def _first_line(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = next((line for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text}"


def run(suite: Suite, path: Path, files: Sequence[str] = ("tests",)) -> list[Outcome]:
    """Run the tests in a checkout's files and folders."""
    forget(*suite.packages)
    suite.stand_in()
    path = path.resolve()
    collector = Collector(path, suite)
    options = ["--continue-on-collection-errors", "-c", "/dev/null", "-W", "ignore", f"--rootdir={path}"]
    options += [
        "-p",
        "no:cacheprovider",
        "-p",
        "no:terminal",
        "-p",
        "no:tinygraph_pytest",
        *([] if suite.conftest else ["--noconftest"]),
    ]
    sys.path.insert(0, str(path))
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        os.environ.pop("PYTEST_ADDOPTS", None)  # of the run around this one: stand-ins live in this process alone
        pytest.main([*options, *(str(path / file) for file in files)], plugins=[collector])
    finally:
        sys.path.remove(str(path))
        sys.dont_write_bytecode = writes
    return collector.outcomes


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as text: a line for each file, and the reasons by how often they were given."""
    by_file: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        by_file[outcome.file][outcome.verdict] += 1
    by_file["all"] = Counter(outcome.verdict for outcome in outcomes)
    width = max(map(len, by_file))
    lines = [" ".join([f"{'file':{width}}", *(f"{verdict:>14}" for verdict in VERDICTS)])]
    lines += [
        " ".join([f"{file:{width}}", *(f"{counts[verdict] or '':>14}" for verdict in VERDICTS)])
        for file, counts in by_file.items()
    ]
    return "\n".join([*lines, "", *_reasons(outcomes)])


def _reasons(outcomes: list[Outcome]) -> list[str]:
    """Return the reasons, of a kind together: numbers, shapes and quoted names make no difference."""
    examples: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.verdict != "passed":
            kind = re.sub(r"\(.*?\)|\[.*?\]|[-+]?\d[\d.e+-]*", "…", outcome.reason)[:150]
            examples[outcome.verdict, kind].append(outcome)
    lines = []
    for (verdict, _), alike in sorted(examples.items(), key=lambda pair: (VERDICTS.index(pair[0][0]), -len(pair[1]))):
        tests = ", ".join(sorted({outcome.test for outcome in alike})[:4])
        lines.append(f"{verdict:>14} {len(alike):4}  {alike[0].reason[:160]}\n{'':21}{tests}")
    return lines

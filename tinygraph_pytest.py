"""The pytest plugin that comes with tinygraph: a failing test reports the user's lines and what is wrong with them.

It stands outside of the package, so that to load it imports neither tinygraph nor NumPy nor Hypothesis. In tests that
do not use tinygraph it does nothing. ``-p no:tinygraph_pytest`` turns it off, ``--full-trace`` shows all frames.
"""

from __future__ import annotations

from types import TracebackType

import pytest

profile_chosen = False
"""Whether the command line names a profile of Hypothesis, which `tinygraph.testing.profile` then leaves alone."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Note whether a profile is chosen, and register ours where it is that, before Hypothesis's plugin loads it."""
    global profile_chosen
    name = config.getoption("--hypothesis-profile", None)
    profile_chosen = name is not None
    if name == "tinygraph":
        import tinygraph.testing.strategies  # noqa: F401 - registers it


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Leave tinygraph's frames out of a gradient test's report, and of an error that shows the user's line itself."""
    if call.excinfo is None or item.config.getoption("fulltrace", False):
        return
    error = call.excinfo.value
    entries = _entries(error.__traceback__)
    ours = [_module(entry) for entry in entries if _is_ours(entry)]
    located = bool(ours) and 'File "' in str(error)  # what made it tells nothing more
    if not located and not any(module.startswith("tinygraph.testing.") for module in ours):
        return
    last = max((i for i, entry in enumerate(entries) if not _is_ours(entry)), default=0)
    shown = None
    for i, entry in reversed(list(enumerate(entries))):
        if not _is_ours(entry) or (i > last and not located):  # an error of our own shows where it comes from
            shown = TracebackType(shown, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    if shown is not None:
        if located and last < len(entries) - 1:
            error.__cause__, error.__suppress_context__ = None, True
        error.__traceback__ = shown
        call.excinfo = pytest.ExceptionInfo.from_exc_info((type(error), error, shown))


def _entries(traceback: TracebackType | None) -> list[TracebackType]:
    entries = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    return entries


def _module(entry: TracebackType) -> str:
    return str(entry.tb_frame.f_globals.get("__name__", ""))


def _is_ours(entry: TracebackType) -> bool:
    return _module(entry).startswith("tinygraph.")

"""The pytest plugin that comes with tinygraph: a failing gradient test reports the test's line and the verdict.

It stands outside of the package, so that to load it imports neither tinygraph nor NumPy nor Hypothesis. In tests that
do not use `tinygraph.testing` it does nothing. ``-p no:tinygraph`` turns it off.
"""

import sys

import pytest

profile_chosen = False
"""Whether the command line names a profile of Hypothesis, which `tinygraph.testing.profile` then leaves alone."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Note whether a profile is chosen, and register ours where it is that, before Hypothesis's plugin loads it."""
    global profile_chosen
    name = config.getoption("--hypothesis-profile", None)
    profile_chosen = name is not None
    if name == "tinygraph":
        import tinygraph.testing.strategies  # noqa: F401 - registers it


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    """Leave tinygraph's own frames out of a report, where they lie between the test and what it is about."""
    excinfo = call.excinfo
    if excinfo is None or "tinygraph.testing" not in sys.modules or item.config.getoption("fulltrace", False):
        return
    modules = [entry.frame.f_globals.get("__name__", "") for entry in excinfo.traceback]
    if not any(name.startswith("tinygraph.testing.") for name in modules):
        return  # not a gradient test
    # after the user's last frame, ours are shown unless the message itself says where: then it is no error of ours
    explained = 'File "' in str(excinfo.value) or excinfo.type.__module__ == "tinygraph.testing"
    last = max((i for i, name in enumerate(modules) if not _is_ours(name)), default=-1)
    shown = [
        entry
        for i, (entry, name) in enumerate(zip(excinfo.traceback, modules, strict=True))
        if not _is_ours(name) or (i > last and not explained)
    ]
    if shown:
        excinfo.traceback = type(excinfo.traceback)(shown)


def _is_ours(module):
    return module == "tinygraph" or module.startswith("tinygraph.")

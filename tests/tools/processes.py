"""Python in a process of its own, with the packages of this checkout."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of such a process; pytest's options are those of the run around it."""
    outer = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return {**outer, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1", **variables}


def run_python(*arguments, cwd=None, stdin="", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python to its end, which need not be a good one."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )

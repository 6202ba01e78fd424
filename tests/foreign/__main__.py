"""Run the tests of HIPS autograd or of MyGrad on this engine: ``python -m tests.foreign autograd|mygrad PATH``."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.foreign.autograd_package import ABOUT_AUTOGRAD, install_autograd
from tests.foreign.mygrad_package import install_mygrad, made_by_a_factory
from tests.foreign.suite import Suite, run, table

SUITES = {
    "autograd": Suite(install_autograd, ("autograd", "tests"), about_itself=ABOUT_AUTOGRAD),
    "mygrad": Suite(install_mygrad, ("mygrad", "tests"), made_by_a_factory, conftest=False),
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.foreign", description=__doc__)
    parser.add_argument("suite", choices=list(SUITES))
    parser.add_argument("path", type=Path, help="a checkout of the library's repository")
    parser.add_argument("files", nargs="*", default=["tests"], help="files or folders in it")
    options = parser.parse_args()
    print(table(run(SUITES[options.suite], options.path, options.files)))

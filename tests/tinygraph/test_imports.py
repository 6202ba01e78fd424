"""What `import tinygraph` brings along, and what its names are."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from importlib.util import find_spec

import pytest

import rnn
import tinygraph as tg
import viz


def modules_after(statement):
    code = f"import sys; {statement}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_the_engine_loads_numpy_and_nothing_else_that_is_not_in_the_standard_library():
    installed = set(packages_distributions())
    assert modules_after("import tinygraph") & installed - modules_after("import numpy") == {"tinygraph"}


OPTIONAL = {  # modules that a package beside NumPy is needed for
    "tinygraph.compiling.llvm.": "numba",
    "tinygraph.pytorch": "torch",
    "viz.page.widget": "anywidget",
}


@pytest.mark.parametrize("package", [tg, rnn, viz], ids=lambda package: package.__name__)
def test_no_public_name_hides_a_module(package):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        needed = next((extra for start, extra in OPTIONAL.items() if module.name.startswith(start)), None)
        if module.name.endswith("__main__") or (needed and not find_spec(needed)):
            continue
        imported = importlib.import_module(module.name)
        parent, _, name = module.name.rpartition(".")
        assert getattr(sys.modules[parent], name) is imported, module.name


@pytest.mark.parametrize("package", [tg, rnn, viz], ids=lambda package: package.__name__)
def test_everything_listed_is_there_and_documented(package):
    for name in package.__all__:
        assert getattr(package, name).__doc__, name

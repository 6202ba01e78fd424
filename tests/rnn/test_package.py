"""The front door: what `help(rnn)` shows is all there is, and all that is there."""

import inspect
import pkgutil
import re
from types import ModuleType

import pytest

import rnn

MODULES = [module.name for module in pkgutil.iter_modules(rnn.__path__)]
WORDS = set(re.findall(r"\w+", rnn.__doc__))


def test_the_map_names_everything_public():
    assert set(rnn.__all__) == {name for name in vars(rnn) if name.isidentifier() and not name.startswith("_")} - set(
        MODULES
    ) | {"analysis"}
    assert sorted(set(rnn.__all__) - WORDS) == []


def test_the_map_names_every_analysis():
    own = inspect.getmembers(rnn.analysis, lambda x: inspect.isfunction(x) and x.__module__ == "rnn.analysis")
    assert [name for name, _ in own if not name.startswith("_") and name not in WORDS] == []


@pytest.mark.parametrize("name", MODULES)
def test_no_public_name_hides_a_module(name):
    assert isinstance(getattr(rnn, name), ModuleType)


@pytest.mark.parametrize("name", rnn.__all__)
def test_everything_public_says_what_it_is(name):
    assert inspect.getdoc(getattr(rnn, name))

"""Packages that exist in memory alone: stand-ins for the libraries whose test suites are run on this engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any


class NoCounterpart(Exception):
    """A test uses a part of its own library that this engine has nothing like."""


class Missing:
    """A name of the other library without counterpart: it can be imported and passed around, but not used."""

    def __init__(self, name: str):
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NoCounterpart(self.__name__)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self.__name__}.{name}")

    def __getitem__(self, item: Any) -> Missing:
        return self

    def __iter__(self) -> Iterator[Any]:
        raise NoCounterpart(self.__name__)  # by __getitem__ alone it would have elements without end

    def __or__(self, other: Any) -> Missing:
        return self

    __ror__ = __or__

    def __enter__(self) -> Any:
        raise NoCounterpart(self.__name__)

    def __exit__(self, *error: object) -> None:
        """Never entered."""

    def __repr__(self) -> str:
        return f"<no counterpart: {self.__name__}>"


def install(name: str, contents: Mapping[str, Any], otherwise: Callable[[str], Any] | None = None) -> ModuleType:
    """Put a module of this name in the place of an installed one.

    Parameters
    ----------
    name : str
        Dotted; its package has to be installed first.
    contents : mapping
        What it holds.
    otherwise : callable, optional
        Looks up a name that it does not hold, or raises AttributeError; such a name is then a `Missing`.
    """
    module = ModuleType(name)
    module.__dict__.update(contents)
    module.__path__ = []  # a package: its submodules are looked up in sys.modules

    def look_up(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        try:
            if otherwise is not None:
                return otherwise(attribute)
        except AttributeError:
            pass
        return Missing(f"{name}.{attribute}")

    module.__getattr__ = look_up  # type: ignore[method-assign]
    sys.modules[name] = module
    package, _, last = name.rpartition(".")
    if package:
        setattr(sys.modules[package], last, module)
    return module


def forget(*packages: str) -> None:
    """Take modules out of `sys.modules`, so that what is imported next under these names is another package."""
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            del sys.modules[name]

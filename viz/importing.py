"""When a script imports a library: what is to be done from then on."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


@contextmanager
def importing(name: str, inside: Callable[[], AbstractContextManager]) -> Iterator[None]:
    """Be inside of ``inside()`` from when the module `name` has been imported, be it already, to the end of the block.

    Examples
    --------
    >>> from contextlib import nullcontext
    >>> with importing("wave", lambda: nullcontext(print("wave is there"))):
    ...     import wave
    wave is there
    """
    with ExitStack() as stack:
        if name in sys.modules:
            stack.enter_context(inside())
            yield
            return
        finder = _Finder(name, lambda: stack.enter_context(inside()))
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            finder.leave()


class _Finder(MetaPathFinder):
    """Finds one module as the others do, once, and lets its loader say when it is there."""

    def __init__(self, name: str, then: Callable[[], Any]):
        self._name = name
        self._then = then

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        self.leave()
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Telling(spec.loader, self._then)
        return spec

    def leave(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)


class _Telling(Loader):
    """A loader that tells when it has loaded its module."""

    def __init__(self, loader: Loader, then: Callable[[], Any]):
        self._loader = loader
        self._then = then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._then()

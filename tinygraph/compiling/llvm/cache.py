"""Compiled functions on disk: a process that needs one that another has compiled loads it.

numba takes them apart and puts them together, as for its own ``cache=True``, which is for functions of files. Here is
where they lie, what they are known by, and that whatever lies there does no harm. A file is a digest and a pickle,
which could run anything: it and its directory must belong to the user, and nobody else may write to them.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import pickle
import stat
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from llvmlite import binding
from numba.core import config
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

_SOURCES = ("blas", "instructions", "losses", "mathematics", "numeric", "products")
_FILES, _BYTES = 200, 50 * 2**20  # at most; what was used least recently goes
_DIGEST = hashlib.sha256().digest_size


class Disk(NullCache):
    """What numba asks for one function. Whatever fails, the function is compiled.

    Parameters
    ----------
    name : str
        What the function is made of.
    """

    def __init__(self, name: str):
        self._name = name

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function; None where there is none."""
        with suppress(Exception):  # also what comes of another version's pickle
            content = _read(self._path(target_context))
            called, compiled = pickle.loads(content)
            if not _there(called):
                target_context.refresh()  # which takes a fifth of a second
            return CompileResult._rebuild(target_context, *compiled) if _there(called) else None
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write the compiled function."""
        with suppress(Exception):
            module = data.library._final_module
            named = [x.name for x in (*module.functions, *module.global_variables) if x.is_declaration]
            called = [name for name in named if not name.startswith("llvm.")]
            if not data.library.has_dynamic_globals and _there(called):
                _write(self._path(data.target_context), dumps((called, data._reduce())))

    def _path(self, target_context: Any) -> Path:
        place = _directory()
        if place is None:
            raise FileNotFoundError
        what = self._name, target_context.codegen().magic_tuple(), _surroundings()
        return place / f"{hashlib.sha256(repr(what).encode()).hexdigest()}.compiled"


def _directory() -> Path | None:
    if os.environ.get("TINYGRAPH_CACHE") == "0":
        return None
    ours = AppDirs("tinygraph", appauthor=False).user_cache_dir
    numbas = vars(config)["CACHE_DIR"]
    place = Path(numbas, "tinygraph") if numbas else Path(ours)
    return place if place.is_absolute() else None  # never where the program happens to run


@cache
def sources() -> list[str]:
    """Return the sources of what compiled functions call, as they are where this is first asked."""
    return [inspect.getsource(sys.modules[f"{__package__}.{name}"]) for name in _SOURCES]


@cache
def _surroundings() -> str:
    """Return what decides, besides its source, what a function is compiled to."""
    versions = numba.__version__, llvmlite.__version__, np.__version__, sys.version
    settings = [vars(config)[name] for name in ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK")]
    return repr((sources(), versions, settings, binding.get_host_cpu_features().flatten()))


def _there(names: list[str]) -> bool:
    """Tell whether this process has all that a compiled function calls: LLVM ends it where something is missing."""
    return all(binding.address_of_symbol(name) for name in names)


def _read(path: Path) -> bytes:
    _refuse_others(os.stat(path.parent))
    with open(path, "rb") as file:
        _refuse_others(os.fstat(file.fileno()))
        digest, content = file.read(_DIGEST), file.read()
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("not as it was written")
    with suppress(OSError):
        os.utime(path)
    return content


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_others(os.stat(path.parent))
    handle, temporary = tempfile.mkstemp(suffix=path.suffix, dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    _forget(path)


def _forget(like: Path) -> None:
    """Delete the files that were used least recently."""
    files = [(file, file.stat()) for file in like.parent.glob(f"*{like.suffix}")]
    size = 0
    for number, (file, status) in enumerate(sorted(files, key=lambda file: -file[1].st_mtime_ns)):
        size += status.st_size
        if number >= _FILES or size > _BYTES:
            file.unlink()


def _refuse_others(status: os.stat_result) -> None:
    if os.name == "posix" and (status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        raise PermissionError("others can write to the cache")

"""Trace files: a recorded backward pass in one file of arrays and JSON, opened on any machine, never executed.

The file is a zip archive of two members: ``trace.json``, and ``arrays.bin`` with the numbers of all arrays.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from .packing import Packer
from .saving import described
from .trace import Trace

FORMAT = "tinygraph trace"
VERSION = 1
_MOST_JSON = 2**30
_MOST_RATIO = 400


class TraceFileError(ValueError):
    """A file that is no trace, is damaged, or was written by a newer version."""


def save(trace: Trace, path: str | Path) -> None:
    """Write a trace to `path`, whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written; what stood there before is then intact.
    """
    packer = Packer()
    text = json.dumps({"format": FORMAT, "version": VERSION, **described(trace, packer), "arrays": packer.entries})
    target = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            archive.writestr(_member("trace.json", zipfile.ZIP_DEFLATED), text)
            with archive.open(_member("arrays.bin", zipfile.ZIP_STORED), "w", force_zip64=True) as block:
                for chunk in packer.chunks:
                    block.write(chunk)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _member(name: str, compression: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # no clock: the same trace gives the same file
    info.compress_type = compression
    return info


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load_trace(path: str | Path) -> Trace:
    """Open a trace that `Trace.save` wrote, here or on another machine.

    Nothing of the file is executed, and the program it came from is not needed: its source lines are in the file.
    Ops that the program had registered itself show their recorded contributions.

    Raises
    ------
    TraceFileError
        If the file is no trace, is damaged, or is newer than this version of tinygraph.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile, tinygraph as tg
    >>> w = tg.parameter(3.0, name="w")
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "square.trace"
    >>> tg.trace(w * w).save(path)
    >>> trace = tg.load_trace(path)
    >>> [str(formula) for formula in trace.formulas(0)], float(trace.gradient("w"))
    (['w̄ += v̄₁ · w', 'w̄ += v̄₁ · w'], 6.0)
    """
    from .loading import restored

    content = Path(path).read_bytes()
    try:
        header, block = _opened(content)
        return restored(header, block)
    except TraceFileError as error:
        raise TraceFileError(f"{path}: {error}") from None
    except Exception as error:  # whatever a hostile file makes of the readers
        raise TraceFileError(f"{path}: the file is damaged: {type(error).__name__}: {error}") from error


def _opened(content: bytes) -> tuple[dict[str, Any], memoryview]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        raise TraceFileError("this is no trace file, or the end of it is missing") from None
    with archive:
        names = set(archive.namelist())
        if not {"trace.json", "arrays.bin"} <= names:
            raise TraceFileError(f"this is no trace file: it holds {', '.join(sorted(names)[:5]) or 'nothing'}")
        for name in ("trace.json", "arrays.bin"):
            info = archive.getinfo(name)
            if info.file_size > _MOST_RATIO * info.compress_size + 4096 or (
                name == "trace.json" and info.file_size > _MOST_JSON
            ):
                raise TraceFileError(f"{name} would unpack to {info.file_size} bytes from {info.compress_size}")
        header = json.loads(archive.read("trace.json"))
        _check_version(header)
        return header, memoryview(archive.read("arrays.bin"))


def _check_version(header: Any) -> None:
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise TraceFileError("this is no trace file: its header says otherwise")
    version = header.get("version")
    if type(version) is not int or version < 1:
        raise TraceFileError(f"its version is {version!r}")
    if version > VERSION:
        raise TraceFileError(
            f"it was written by a newer tinygraph (format {version}, this one reads up to {VERSION}); update to open it"
        )

"""Trace files: a recorded backward pass in one file of arrays and JSON, opened on any machine, never executed.

The file is a zip archive of two members: ``trace.json``, and ``arrays.bin`` with the numbers of all arrays.
"""

from __future__ import annotations

import io
import json
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from ..files import replacing
from ..plain_text import clean
from .loading import restored
from .packing import Packer
from .pooled import InBlock
from .recorded_pass import Pass, PassNodes
from .saving import described

FORMAT = "tinygraph trace"
VERSION = 1
_MOST_JSON = 2**30
_MOST_RATIO = 400


class TraceFileError(ValueError):
    """A file that is no trace, is damaged, or was written by a newer version."""

    def __init__(self, message: str):
        super().__init__(clean(message))  # which may quote the file


def save(recorded: Pass, path: str | PathLike[str]) -> None:
    """Write a pass to `path`, whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written; what stood there before is then intact.
    """
    with replacing(path) as file:
        write(recorded, file)


def write(recorded: Pass, file: BinaryIO) -> None:
    """Write a pass to an open file.

    Raises
    ------
    TypeError
        If an op of the program has a static argument that no file can hold.
    """
    packer = Packer()
    text = json.dumps({"format": FORMAT, "version": VERSION, **described(recorded, packer), "arrays": packer.entries})
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(_member("trace.json", zipfile.ZIP_DEFLATED), text)
        with archive.open(_member("arrays.bin", zipfile.ZIP_STORED), "w", force_zip64=True) as block:
            for chunk in packer.chunks:
                block.write(chunk)


def is_trace(path: str | PathLike[str]) -> bool:
    """Tell by its first bytes whether a file is a trace, be it damaged further on.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with open(path, "rb") as file:
        start = file.read(30 + len("trace.json"))
    return start.startswith(b"PK") and start.endswith(b"trace.json")  # the name of an archive's first member


def _member(name: str, compression: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # no clock: the same trace gives the same file
    info.compress_type = compression
    return info


def load(path: str | PathLike[str]) -> tuple[InBlock, PassNodes, dict[str, dict[int, str]]]:
    """Return the adjoints, the nodes and the source lines that `save` wrote; see `loading.restored`.

    Raises
    ------
    TraceFileError
        If the file is no trace, is damaged, or is newer than this version of tinygraph.
    OSError
        If it cannot be read.
    """
    content = Path(path).read_bytes()
    try:
        adjoints, nodes, files = read(content)
        if len(nodes.graph.outputs) != 1:
            raise TraceFileError("the file is damaged: a trace has one output")
    except TraceFileError as error:
        raise TraceFileError(f"{path}: {error}") from error.__cause__
    return adjoints, nodes, files


def read(content: bytes) -> tuple[InBlock, PassNodes, dict[str, dict[int, str]]]:
    """Return what `write` wrote; see `load`."""
    try:
        return restored(*_opened(content))
    except TraceFileError:
        raise
    except Exception as error:  # whatever a hostile file makes of the readers
        raise TraceFileError(f"the file is damaged: {type(error).__name__}: {error}") from error


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

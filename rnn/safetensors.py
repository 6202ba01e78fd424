"""Files of named arrays in the safetensors format, with a checksum, replaced whole or not at all.

The checksum stands among the file's texts, where other programs pass over it. It is that of the whole file, with zeros
in its own place: no byte can change unnoticed. A file without one, of another program, is read as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as decode
from safetensors.numpy import save as encode

from tinygraph.files import replacing
from tinygraph.plain_text import clean

CHECKSUM = "tinygraph.checksum"
_ZEROS = "0" * 64


class FileError(ValueError):
    """A file that cannot be read as what it was expected to be."""

    def __init__(self, message: str):
        super().__init__(clean(message))  # which may quote the file


def write_safetensors(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named arrays, and texts about them, to a safetensors file."""
    content = encode(dict(arrays), metadata={**(metadata or {}), CHECKSUM: _ZEROS})
    before, after = content.split(_written(_ZEROS), 1)
    with replacing(path) as file:
        file.writelines((before, _written(_checksum(content)), after))


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read the arrays and texts of a safetensors file.

    Raises
    ------
    OSError
        When there is no such file, or it cannot be read.
    FileError
        When it is truncated, damaged or something else.
    """
    content = Path(path).read_bytes()
    try:
        metadata = _metadata(content)
        if CHECKSUM in metadata and _checksum(_with_zeros(content, metadata[CHECKSUM])) != metadata[CHECKSUM]:
            raise ValueError("it has changed since it was written, its checksum says")
        return decode(content), metadata
    except (SafetensorError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise FileError(f"{os.fspath(path)} is not a whole safetensors file: {error}") from error


def _metadata(content: bytes) -> dict[str, str]:
    """Return the texts of a file."""
    header: Any = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    metadata = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("its header is malformed")
    return metadata


def _written(checksum: str) -> bytes:
    """Return how a checksum stands in a header."""
    return f'"{CHECKSUM}":"{checksum}"'.encode()


def _with_zeros(content: bytes, checksum: str) -> bytes:
    return content.replace(_written(checksum), _written(_ZEROS), 1)


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

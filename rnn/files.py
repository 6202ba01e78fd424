"""Files of named arrays in the safetensors format, replaced whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as encode


class FileError(ValueError):
    """A file that cannot be read as what it was expected to be."""


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file so that at every moment the path holds the old content or the new, whole."""
    target = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def write_safetensors(
    path: str | os.PathLike[str],
    arrays: Mapping[str, np.ndarray],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write named arrays, and texts about them, to a safetensors file."""
    write_bytes(path, encode(dict(arrays), metadata=dict(metadata or {})))


def read_safetensors(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read the arrays and texts of a safetensors file.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    FileError
        When it is truncated or something else.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            names = file.keys()
            arrays = {name: file.get_tensor(name) for name in names}
            return arrays, dict(file.metadata() or {})
    except (SafetensorError, json.JSONDecodeError) as error:
        raise FileError(f"{os.fspath(path)} is not a whole safetensors file: {error}") from error

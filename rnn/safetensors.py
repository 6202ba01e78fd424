"""Files of named arrays in the safetensors format, replaced whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as encode

from tinygraph.files import replacing
from tinygraph.plain_text import clean


class FileError(ValueError):
    """A file that cannot be read as what it was expected to be."""

    def __init__(self, message: str):
        super().__init__(clean(message))  # which may quote the file


def write_safetensors(
    path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named arrays, and texts about them, to a safetensors file."""
    content = encode(dict(arrays), metadata=dict(metadata or {}))
    with replacing(path) as file:
        file.write(content)


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

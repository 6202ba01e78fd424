"""Files that are replaced whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where what a killed save leaves stays
    fcntl = None  # type: ignore[assignment]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file to write that takes the place of `path` when the ``with`` block ends without an error.

    At every moment, also of a kill or a power cut, `path` holds its old content or the new, whole. A link stays a link,
    and a file keeps its permissions. A pipe is written to as it is; a device and a file that is read-only are refused.

    Raises
    ------
    OSError
        If it cannot be written, naming `path`; what stood there before is then intact.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "numbers"
    >>> with replacing(path) as file:
    ...     _ = file.write(b"1 2 3")
    >>> path.read_bytes()
    b'1 2 3'
    """
    name = os.fspath(path)
    try:
        mode = _mode(name)
        if mode is not None and stat.S_ISFIFO(mode):
            with open(name, "wb") as file:
                yield file
        else:
            _check_replaceable(name, mode)
            with _beside(Path(os.path.realpath(name)), mode) as file:
                yield file
    except OSError as error:
        if error.errno is None or error.filename not in (None, name):
            raise  # about another file, which the block reads
        raise type(error)(error.errno, error.strerror, name) from error


def _mode(name: str) -> int | None:
    """Return type and permissions of what stands there, or of what a link there leads to; None if it is nothing."""
    try:
        return os.stat(name).st_mode
    except FileNotFoundError:
        return None


def _check_replaceable(name: str, mode: int | None) -> None:
    if mode is None:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "this is a device, not a file", name)
    if not os.access(name, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)


@contextmanager
def _beside(target: Path, mode: int | None) -> Iterator[BinaryIO]:
    """Open a new file in the directory of `target`, and move it there in the end; on an error, remove it.

    What writers of the same file left there that were killed is removed, too.
    """
    permissions = 0o666 if mode is None else stat.S_IMODE(mode)
    prefix = f".tinygraph.{zlib.crc32(os.fsencode(target.name)):08x}."
    _remove_abandoned(target.parent, prefix)
    temporary, in_block = target, False
    try:
        file, temporary = _locked(target, prefix, permissions)
        with file:
            in_block = True
            yield file
            in_block = False
            file.flush()
            os.fsync(file.fileno())
            if mode is not None:
                os.chmod(temporary, permissions)
            if fcntl is not None:
                os.replace(temporary, target)  # while it is locked
        if fcntl is None:
            os.replace(temporary, target)  # Windows moves no file that is open
    except BaseException as error:
        if temporary != target:
            with suppress(OSError):
                temporary.unlink()
        if isinstance(error, OSError) and not in_block:
            error.filename = None  # the temporary one, which nobody has named
        raise


def _locked(target: Path, prefix: str, permissions: int) -> tuple[BinaryIO, Path]:
    """Open a new file beside `target`, locked as long as it is open or until its writer is killed: not abandoned."""
    while True:
        temporary = target.with_name(prefix + secrets.token_hex(8))  # another each time: nobody else may remove it
        file = open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, permissions))  # noqa: SIM115
        if fcntl is not None:
            with suppress(OSError):  # of a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if temporary.exists():
            return file, temporary
        file.close()  # another writer took it for abandoned before it was locked


def _remove_abandoned(folder: Path, prefix: str) -> None:
    """Remove the temporary files of that name which nobody writes any more."""
    if fcntl is None:
        return
    with suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(prefix):
                with suppress(OSError), open(folder / name, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(folder / name)

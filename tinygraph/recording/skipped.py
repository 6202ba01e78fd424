"""Whose frames are skipped where the program's own source is looked for: ours, and those of bridged frameworks."""

from __future__ import annotations

from .calls import foreign_frames
from .primitive import PACKAGE

_foreign: tuple[str, ...] = ()


def skip_frames_of(folder: str, calls: tuple[str, ...] = ()) -> None:
    """Skip the frames of the files in `folder` too, from now on: a framework whose programs are recorded.

    An op that ran in such a file is then shown at the program's own call that led to it. No call of a function there
    counts as one of the program's, except where the function's loops mean something.

    Parameters
    ----------
    folder : str
        Its path, with the separator at the end.
    calls : tuple of str
        Beginnings of the paths of files whose functions do count.
    """
    global _foreign
    if folder not in _foreign:
        _foreign = (*_foreign, folder)
        foreign_frames.append((folder, calls))


def is_foreign(filename: str) -> bool:
    """Tell whether a file belongs to a framework whose programs are recorded.

    Examples
    --------
    >>> is_foreign("/home/ada/net.py")
    False
    """
    return filename.startswith(_foreign)


def is_skipped(filename: str) -> bool:
    """Tell whether a file is tinygraph's or such a framework's."""
    return filename.startswith(PACKAGE) or filename.startswith(_foreign)

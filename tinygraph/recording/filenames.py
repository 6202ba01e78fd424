"""Names of files as people say them."""

from __future__ import annotations

import sys
from pathlib import PureWindowsPath


def file_name(filename: str) -> str:
    r"""Return a file's name without its folders, which may be of another system; of a notebook's cell, ``Cell In[2]``.

    Examples
    --------
    >>> file_name("/home/ada/net.py"), file_name(r"C:\ada\net.py")
    ('net.py', 'net.py')
    """
    return cell_name(filename) or PureWindowsPath(filename).name


def cell_name(filename: str) -> str | None:
    """Return what IPython calls the cell that was written into a file, as in ``Cell In[2]``; None for other files."""
    if "ipykernel" not in filename or "IPython" not in sys.modules:
        return None
    shell = sys.modules["IPython"].get_ipython()
    kind_and_name = None if shell is None else shell.compile.format_code_name(filename)
    return None if kind_and_name is None else " ".join(kind_and_name)

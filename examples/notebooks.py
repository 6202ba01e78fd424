"""The guide's notebooks, run from top to bottom, with outputs that stay small.

    python examples/notebooks.py                # all of them, stored with what they print and draw today
    python examples/notebooks.py walk_backward  # only those whose name contains it

A picture is stored as SVG, which GitHub shows, light or dark as the reader's system is, and in words, which tests
compare. What a notebook shows beside that when it is run, pages and scrolling pictures, is not stored.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

HERE = Path(__file__).parent
GUIDE = sorted((HERE / "guide").glob("*.ipynb"))
SECONDS = 120  # that one cell may take


def executed(path: Path) -> NotebookNode:
    """Run a notebook in a kernel of this Python and return it with its outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails and is not tagged ``raises-exception``.
    """
    import nbformat  # these come with the extra `page`
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_PATH"] = _kernel(Path(folder))
        client = NotebookClient(notebook, timeout=SECONDS, kernel_name="here", resources={"metadata": {"path": folder}})
        asyncio.run(client.async_execute())
    for cell in notebook.cells:
        cell.metadata = {name: value for name, value in cell.metadata.items() if name == "tags"}
        if cell.cell_type == "code":
            cell.outputs = [_small(output) for output in _joined(cell.outputs)]
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return notebook


def _kernel(folder: Path) -> str:
    """Write a kernel that is this very Python, with the packages of this checkout."""
    here = folder / "kernels" / "here"
    here.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    paths = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH"))))
    kernel = {"argv": command, "display_name": "here", "language": "python", "env": {"PYTHONPATH": paths}}
    (here / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    return str(folder)


def _joined(outputs: list[Any]) -> list[Any]:
    """Return outputs in which what a cell printed is one: how often it is cut differs from run to run."""
    printed = [output for output in outputs if output.output_type == "stream"]
    if printed:
        printed[0].text = "".join(output.text for output in printed)
    return [output for output in outputs if output.output_type != "stream" or output is printed[0]]


def _small(output: Any) -> Any:
    """Return an output without what is not stored: of a picture its HTML, of an error all but its message."""
    data = output.get("data", {})
    if "image/svg+xml" in data:
        data.pop("text/html", None)
    if output.output_type == "error":
        output.traceback = [f"{output.ename}: {output.evalue}"]
    return output


def build(wanted: str = "") -> None:
    """Run and store the notebooks whose name contains `wanted`."""
    import nbformat

    for path in GUIDE:
        if wanted in path.stem:
            nbformat.write(executed(path), path)
            print(f"wrote {path}")


if __name__ == "__main__":
    wanted = " ".join(sys.argv[1:])
    if not any(wanted in path.stem for path in GUIDE):
        sys.exit(f"no notebook's name contains {wanted!r}: {', '.join(path.stem for path in GUIDE)}")
    try:
        build(wanted)
    except ImportError as error:
        sys.exit(f"{error.name} is not installed: pip install 'tinygraph-rnn[page]'")

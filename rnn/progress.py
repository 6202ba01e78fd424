"""What `fit` shows while it trains: a bar, or a table of losses and gradient norms by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .history import History


@contextmanager
def progress(epochs: int, quiet: bool) -> Iterator[Callable[[History], None]]:
    """Give a function that shows how far a run is."""
    bar = Progress(
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        disable=quiet,
    )
    with bar:
        task = bar.add_task("", total=epochs)

        def show(history: History) -> None:
            measured = f"loss {history.train[-1]:.4g}" if history.train else ""
            if history.validation:
                measured += f", validation {history.validation[-1]:.4g}"
            bar.update(task, completed=history.epochs, description=measured)

        yield show

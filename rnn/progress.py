"""What `fit` shows while it trains: a bar, or a table of losses and of the norms of gradients by layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .history import History

HEAD_EVERY = 40  # lines of a table


@contextmanager
def progress(epochs: int, quiet: bool, table: bool = False) -> Iterator[Callable[[History], None]]:
    """Give a function that shows how far a run is."""
    if quiet:
        yield lambda history: None
    elif table:
        yield _show_line
    else:
        with _bar() as bar:
            task = bar.add_task("", total=epochs)

            def show(history: History) -> None:
                measured = f"loss {history.train[-1]:.4g}" if history.train else ""
                if history.validation:
                    measured += f", validation {history.validation[-1]:.4g}"
                bar.update(task, completed=history.epochs, description=measured)

            yield show


def _bar() -> Progress:
    return Progress(
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )


def _show_line(history: History) -> None:
    """Print the line of the latest epoch, under a head where one is due."""
    if history.epochs:
        head, line = table_lines(history)
        if history.epochs % HEAD_EVERY == 1:
            print(*head, sep="\n")
        print(line, flush=True)


def table_lines(history: History) -> tuple[list[str], str]:
    """Return the two lines of the head, and the line of the latest epoch.

    Examples
    --------
    >>> head, line = table_lines(History([0.5, 0.25], [0.75, 0.625], {"cell": [3.0, 1.0], "readout": [0.5, 0.125]}))
    >>> for text in [*head, line]:
    ...     print(text)
           |          loss         | norm of the gradient
     epoch |     train  validation |      cell    readout
         2 |      0.25       0.625 |         1      0.125
    """
    losses = {name: values[-1] for name, values in history.data().items() if name != "epoch"}
    norms = {layer: values[-1] for layer, values in history.gradient_norms.items()}
    groups = [("", {"epoch": history.epochs}, 6), ("loss", losses, 10), ("norm of the gradient", norms, 10)]
    head, names, numbers = [], [], []
    for title, columns, least in groups:
        if columns:
            widths = [max(least, len(name) + 1) for name in columns]
            names.append("".join(f"{name:>{width}}" for name, width in zip(columns, widths, strict=True)))
            values = zip(columns.values(), widths, strict=True)
            numbers.append("".join(f"{format(value, '.4g'):>{width}}" for value, width in values))
            head.append(f"{title:^{len(names[-1])}}")
    return [" | ".join(head).rstrip(), " | ".join(names)], " | ".join(numbers)

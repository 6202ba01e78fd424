"""What the example programs share: their options, how most of them train, a table beside baselines, figures.

options = common.options("Forecast sunspots.")     # --quick, --seeds, --output
models = common.each(["LSTM", "Elman"], options.seeds, train)    # train(cell, seed)
common.table("RMSE", {"network": errors, "persistence": 31.1}, "{:.1f}")
model = common.fit(model, batches, epochs, updates, rate=0.01, seed=seed)
with common.figure(options, "forecasting") as axes:
    axes.plot(...)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from lzma import LZMAError
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from zipfile import BadZipFile

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import rnn

__all__ = [
    "COLOURS",
    "GREY",
    "bars",
    "curve",
    "data_file",
    "each",
    "figure",
    "fit",
    "likeliest",
    "mean_cross_entropy",
    "needs",
    "options",
    "progress",
    "reading",
    "save",
    "stop",
    "table",
    "wrote",
]

COLOURS = ["#1a1f26", "#3b66d9", "#b35900", "#3f8577", "#8a2fa0"]  # the truth first, then networks and baselines
GREY = "#aab3bf"  # lines and grounds to compare with

Item = TypeVar("Item")
Kind = TypeVar("Kind")
Result = TypeVar("Result")
Model = TypeVar("Model", bound=rnn.Module)
mean_cross_entropy = partial(rnn.cross_entropy, reduction="mean")  # over all symbols of all sequences
console = Console(highlight=False)


def stop(message: str) -> NoReturn:
    """End the program with one line that says what to change."""
    sys.exit(f"{Path(sys.argv[0]).name}: {message}")


def needs(*packages: str) -> None:
    """End the program with one line unless these packages are installed."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        stop(f"{' and '.join(missing)} not installed: pip install 'tinygraph-rnn[examples]'")


def data_file(package: str, path: str) -> Path:
    """Return a file that comes with a package, which is not imported for it; end the program where there is none."""
    needs(package)
    places = find_spec(package).submodule_search_locations or []  # type: ignore[union-attr]
    for place in places:
        if (Path(place) / path).is_file():
            return Path(place) / path
    stop(f"{package} has no {path}; another version of it may")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        stop(
            f"{message}; the options are {', '.join(flag for flag in self._option_string_actions if flag[:2] == '--')}"
        )


@contextmanager
def reading(name: str) -> Iterator[Path]:
    """Yield the path of a file in examples/data; end the program with one line where it cannot be read."""
    path = Path(__file__).parent / "data" / name
    try:
        yield path
    except (OSError, LookupError, ValueError, EOFError, BadZipFile, LZMAError) as error:
        stop(f"cannot read {path}: {error}; take it from the repository again")


def options(description: str | None, seeds: int = 3) -> argparse.Namespace:
    """Return what the command line asks for.

    Returns
    -------
    Namespace
        ``quick``: a run of seconds, whose results mean nothing; ``seeds``: how many runs from other first weights;
        ``output``: the folder of the pictures, made if need be, or None where a quick run writes none.
    """
    parser = _Parser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="a run of seconds: all is tried, nothing is learned")
    parser.add_argument("--seeds", type=_positive, help=f"runs from different first weights ({seeds})")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where the pictures go (here)")
    arguments = parser.parse_args()
    arguments.seeds = arguments.seeds or (1 if arguments.quick else seeds)
    arguments.output = arguments.output or (None if arguments.quick else Path())
    if arguments.output is not None:
        needs("matplotlib")
        try:
            arguments.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            stop(f"cannot write into {arguments.output}: {error.strerror}")
    return arguments


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 is needed, not {text!r}")
    return int(text)


def fit(
    model: Model, data: Any, epochs: int, updates: int, *, rate: float, seed: int, decay: float = 0, **others: Any
) -> Model:
    """Train a model as most of the programs do, and return it; `others` are options of `rnn.fit`.

    Adam, whose rate falls to 0 along a cosine over so many updates, and gradients of norm 1 at most.
    """
    schedule = rnn.cosine_decay(rate, updates)
    optimizer = rnn.AdamW(model, schedule, weight_decay=decay) if decay else rnn.Adam(model, schedule)
    usual: dict[str, Any] = {"loss": rnn.cross_entropy, "clip_norm": 1.0, "compile": True, "quiet": True}
    rnn.fit(model, data, epochs=epochs, optimizer=optimizer, rng=seed, **usual | others)
    return model


def likeliest(scores: Any, size: int, dtype: Any = float) -> np.ndarray:
    """Return the symbol with the largest score, one-hot, for a decoder to read next."""
    return rnn.one_hot(rnn.greedy(scores), size, dtype)


def progress(items: Sequence[Item], what: str) -> Iterable[Item]:
    """Yield the items, and show in a terminal how far it is."""
    return track(items, what, console=Console(stderr=True), transient=True)


def each(
    kinds: Iterable[Kind], seeds: int, train: Callable[[Kind, int], Result], what: str = "training"
) -> dict[Kind, list[Result]]:
    """Return by kind what `train` gives for it from each seed, and show in a terminal how far it is."""
    results: dict[Kind, list[Result]] = {kind: [] for kind in kinds}
    for kind, seed in progress([(kind, seed) for kind in results for seed in range(seeds)], what):
        results[kind].append(train(kind, seed))
    return results


def table(title: str, results: Mapping[str, float | Sequence[float]], form: str) -> None:
    """Print results; of several seeds their mean, the smallest and the largest."""
    shown = Table(show_header=False)
    shown.add_column("")
    shown.add_column("", justify="right")
    shown.add_column("", justify="right", style="dim")
    for name, result in results.items():
        runs = np.atleast_1d(result)
        ends = form.format(runs.min()), form.format(runs.max())
        spread = f"mean of {len(runs)} seeds, {ends[0]} to {ends[1]}" if len(runs) > 1 else ""
        shown.add_row(name, form.format(runs.mean()), spread)
    console.print(f"[bold]{title}[/]")
    console.print(shown)


@contextmanager
def figure(
    options: argparse.Namespace, name: str, rows: int = 1, size: tuple[float, float] = (9, 3.2)
) -> Iterator[Any | None]:
    """Yield the axes of a figure, which is written to ``name.png`` in the end; None where none is wanted."""
    if options.output is None:
        yield None
        return
    import matplotlib  # an extra: examples

    matplotlib.use("agg")
    from matplotlib import pyplot

    style = {
        "axes.prop_cycle": matplotlib.cycler(color=COLOURS),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": "medium",
        "legend.frameon": False,
        "savefig.dpi": 120,
    }
    with matplotlib.rc_context(style):
        drawn, axes = pyplot.subplots(rows, figsize=(size[0], size[1] * rows), layout="constrained")
        yield axes
        drawn.savefig(options.output / f"{name}.png")
        pyplot.close(drawn)
    wrote(options.output / f"{name}.png")


def curve(panel: Any, x: Any, runs: Any, label: str, colour: str, style: str = "-", **how: Any) -> None:
    """Draw the mean of several seeds' runs, (seeds, points), and all between the smallest and the largest."""
    panel.plot(x, np.mean(runs, axis=0), style, label=label, color=colour, **how)
    panel.fill_between(x, np.min(runs, axis=0), np.max(runs, axis=0), color=colour, alpha=0.2, linewidth=0)


def bars(panel: Any, rows: Mapping[str, Any], names: Sequence[str], form: str | None = None) -> None:
    """Draw a group of bars for each name, in it one of each row; above them their numbers, if a form is given."""
    apart = 0.81 / len(rows)
    for place, (label, heights) in enumerate(rows.items()):
        shift = apart * (place - (len(rows) - 1) / 2)
        drawn = panel.bar(np.arange(len(names)) + shift, heights, apart - 0.02, label=label, color=COLOURS[1 + place])
        if form:
            panel.bar_label(drawn, fmt=form, fontsize="small")
    panel.set_xticks(range(len(names)), names)


def save(picture: Any, path: Path) -> None:
    """Write a picture of `viz`, and say so."""
    picture.save(path)
    wrote(path)


def wrote(path: Path) -> None:
    """Say that a file was written."""
    console.print(f"wrote [bold]{path}[/]")

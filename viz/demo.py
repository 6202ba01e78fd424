"""``tinygraph demo``: train the lectures' forecaster on sunspots, draw its graph, and walk backward through it.

The one module that sees both `viz` and `rnn`.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

import rnn
import tinygraph as tg
from tinygraph.array_text import array_text

from .api import draw
from .plots.plot import Plot
from .plots.plotting import plot
from .terminal.screen import readable

WINDOW = 4
HIDDEN = 20
TESTED = 84  # the last years, 1925 to 2008
VALIDATED = 40  # the years before them, which choose the epoch and the seed
STRETCH = 25  # time steps that a gradient goes back through in training
SEEDS = range(5)


class Sunspots(NamedTuple):
    """The series and its split: everything up to `split` may be learned from."""

    years: np.ndarray
    values: np.ndarray
    split: int


class Network(NamedTuple):
    """A trained network, and what it reached (RMSE in sunspots)."""

    seed: int
    model: rnn.Forecaster
    validation: float
    forecast: np.ndarray
    test: float


def demo(output: str) -> int:
    """Run the whole demonstration; write the drawing to `output`."""
    console = Console(highlight=False, file=readable(sys.stdout))
    data = sunspots()
    console.print(
        f"[bold]Sunspots[/], {data.years[0]:.0f} to {data.years[-1]:.0f}: {len(data.values)} yearly numbers."
        f" A network with a window of {WINDOW} years and {HIDDEN} hidden units forecasts the next year."
    )
    networks = [train(data, seed) for seed in SEEDS]
    best = min(networks, key=lambda network: network.validation)
    console.print(report(data, networks, best))
    loss = record(best.model, data)
    graph = tg.graph(loss)
    draw(loss).save(output)
    forecasts = picture(best, data).save(Path(output).with_name("forecasts.svg"))
    console.print(
        f"\n[bold]One short window[/]: the last {WINDOW} forecasts recorded as {len(graph)} nodes, drawn in {output}."
    )
    walk(console, loss, best.model.parameters()["cell.W"])
    console.print(
        f"\nWrote [bold]{output}[/]: the unrolled graph, one column a time step; [bold]{forecasts}[/]: the forecasts"
        " of the test years. Open them in a browser.\n"
        "Next: [bold]tinygraph draw script.py -o g.svg[/] and [bold]tinygraph debug script.py[/] do this to a script of"
        " your own, at its first backward pass."
    )
    return 0


def sunspots() -> Sunspots:
    """Read the series that ships with the package."""
    path = files("viz.data") / "sunspots.csv"
    table = np.loadtxt(path.read_text().splitlines(), delimiter=",", skiprows=1)
    return Sunspots(table[:, 0], table[:, 1], len(table) - TESTED)


def scaler(data: Sunspots) -> rnn.Scaler:
    """Return the scaler of the square roots that may be learned from: counts vary with their size."""
    return rnn.Scaler.fit(np.sqrt(data.values[: data.split]))


def windows(data: Sunspots) -> tuple[np.ndarray, np.ndarray]:
    """Return windows (T, 4) and what follows each (T, 1), as standardised square roots."""
    inputs, targets = rnn.windows(scaler(data).scale(np.sqrt(data.values)), WINDOW)
    return inputs, targets


def train(data: Sunspots, seed: int) -> Network:
    """Train one network on stretches of the years before the test; validation picks the epoch."""
    xs, ys = windows(data)
    learned = data.split - WINDOW - VALIDATED
    model = rnn.Forecaster(WINDOW, HIDDEN, rng=seed)

    def stretches(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
        count = learned // STRETCH
        start = rng.integers(learned - count * STRETCH + 1)  # so that the cuts between stretches move
        cut = slice(start, start + count * STRETCH)
        return [tuple(part[cut].reshape(count, STRETCH, -1).swapaxes(0, 1) for part in (xs, ys))]  # type: ignore[list-item]

    validated = slice(learned - STRETCH, learned + VALIDATED)
    history = rnn.fit(
        model,
        stretches,
        epochs=300,
        optimizer=rnn.Adam(model, 1e-2),
        validation=[(xs[validated, None], ys[validated, None])],
        clip_norm=1.0,
        rng=seed,
    )
    forecast = np.maximum(scaler(data).restore(model.predict(xs)[-TESTED:, 0]), 0) ** 2
    return Network(seed, model, min(history.validation), forecast, rmse(forecast, data))


def rmse(forecast: np.ndarray, data: Sunspots) -> float:
    """Return the root mean squared error over the test years, in sunspots."""
    return float(np.sqrt(np.mean((forecast - data.values[data.split :]) ** 2)))


def autoregression(data: Sunspots, order: int = WINDOW, roots: bool = False) -> float:
    """Return the RMSE of an AR(order) with intercept, fitted by least squares to the years before the test."""
    series = np.sqrt(data.values) if roots else data.values
    xs, ys = rnn.windows(series, order)
    design = np.column_stack([np.ones(len(xs)), xs])
    weights, *_ = np.linalg.lstsq(design[: data.split - order], ys[: data.split - order, 0], rcond=None)
    forecast = design[-len(data.values[data.split :]) :] @ weights
    return rmse(np.maximum(forecast, 0) ** 2 if roots else forecast, data)


def best_order(data: Sunspots) -> int:
    """Return the order of the AR on square roots that does best on the years that choose the network's seed."""
    known = Sunspots(data.years[: data.split], data.values[: data.split], data.split - VALIDATED)
    return min(range(1, 13), key=lambda order: autoregression(known, order, roots=True))


def report(data: Sunspots, networks: list[Network], best: Network) -> Table:
    """Return the table of errors, the network beside forecasts that need none."""
    errors = [network.test for network in networks]
    persistence = rmse(data.values[data.split - 1 : -1], data)
    years = f"{data.years[data.split]:.0f} to {data.years[-1]:.0f}"
    table = Table(title=f"RMSE of one-year forecasts, {years}", title_style="bold")
    table.add_column("forecast")
    table.add_column("RMSE", justify="right")
    table.add_column("", style="dim")
    table.add_row("persistence", f"{persistence:.1f}", "next year is like this year")
    table.add_row("AR(4)", f"{autoregression(data):.1f}", "least squares, on the last four years")
    regressions = {order: autoregression(data, order, roots=True) for order in sorted({WINDOW, best_order(data), 9})}
    notes = {WINDOW: "the network's own scale", best_order(data): "its order chosen by validation"}
    for order, error in regressions.items():
        table.add_row(
            f"AR({order}) on square roots", f"{error:.1f}", notes.get(order, "a common choice for this series")
        )
    parameters = best.model.num_parameters()
    table.add_row(f"RNN, {parameters} parameters", f"{best.test:.1f}", f"seed {best.seed}, chosen by validation")
    table.add_row(
        "RNN, all seeds", f"{np.mean(errors):.1f}", f"mean of {len(errors)}: {min(errors):.1f} to {max(errors):.1f}"
    )
    beaten = [f"AR({order})" for order, error in regressions.items() if best.test < error]
    ahead = [f"AR({order})" for order, error in regressions.items() if best.test >= error]
    verdicts = [f"{verb} {' and '.join(names)}" for verb, names in (("beats", beaten), ("not", ahead)) if names]
    table.caption = f"the network {', '.join(verdicts)} on these years"
    return table


def picture(network: Network, data: Sunspots) -> Plot:
    """Return the forecasts of the test years beside what was, on the scale that the network sees."""
    columns = {"year": data.years[data.split :], "√sunspots": np.sqrt(data.values[data.split :])}
    columns["√forecast"] = np.sqrt(network.forecast)
    return plot(columns, title="Sunspots, and the network's forecast one year ahead")


def record(model: rnn.Forecaster, data: Sunspots) -> tg.Tensor:
    """Return the loss of the last four forecasts, recorded."""
    xs, ys = windows(data)
    loss = rnn.mse(model(xs[-WINDOW:]), ys[-WINDOW:])
    loss.name = "L"
    return loss


def walk(console: Console, loss: tg.Tensor, weight: tg.Tensor) -> None:
    """Print the backward pass from `loss`, step by step, until the contributions to `weight` are its gradient."""
    trace = tg.trace(loss)
    terms = trace.contributions(weight)
    bar = trace.symbols.of(terms.node).bar
    console.print(f"[bold]The walk backward[/], {len(trace)} steps; {bar} is the sum of {len(terms)} contributions.\n")
    for k, node in enumerate(trace.nodes):
        line = Text.assemble((f"{k:3d}  ", "dim"), (str(trace.symbols.of(node)), "bold"), f" = {node.expression}")
        console.print(line, overflow="ellipsis", no_wrap=True)
        for formula in trace.formulas(k):
            console.print(Text(f"     {formula}", style="cyan"))
        for number, term in enumerate(terms, 1):
            if term.step == k:
                told = f"     contribution {number} of {len(terms)} to {bar}, of time step {term.timestep}: "
                value = array_text(term.term) if term.norm else "0, since the state before the first time step is 0"
                console.print(Text.assemble((told, "yellow"), value))
                console.print(Text.assemble((f"     running sum of {bar}: ", "yellow"), array_text(term.running)))
    weight.zero_grad()  # training left its last gradient there
    loss.backward()
    assert weight.grad is not None
    difference = np.abs(terms.sum - weight.grad).max()
    console.print(
        f"\nThe running sum is [bold]{terms.node.name}.grad[/]: {array_text(weight.grad)};"
        f" largest difference {difference:g}."
    )

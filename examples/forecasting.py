"""Forecast sunspots one and two years ahead, and see which years a forecast depends on.

    python examples/forecasting.py            # 5 networks for each, half a minute
    python examples/forecasting.py --quick    # seconds

309 yearly numbers, in the public domain. A recurrent network reads four years at a time; what lies further back it has
to keep in its state. It is compared with persistence (the future is like this year) and with autoregressions, which
are weighted sums of the last years, 9 being a common choice for this series. All but persistence work on square roots.
The last 84 years are the test; the 40 before them choose the network's epoch and seed, and an order for the
autoregression, whose weights are then fitted to these 40, too. The guide's fifth notebook tells the story around it.

What to see: one year ahead the network (17.6) beats the AR(4) (19.6), which sees the same window, so its state is of
use, and no longer autoregression (17.2 by validation, AR(9) 15.7). Two years ahead it loses to them, 36.4 against 27.6
and 27.2. In the second picture the first term of W̄ is 0: there W was multiplied by h⁽⁰⁾, which is 0.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import common

WINDOW, HIDDEN, STRETCH = 4, 20, 25
TESTED, VALIDATED = 84, 40
BACK = 20  # windows that the influence on a forecast is followed back through

text = (files("viz.data") / "sunspots.csv").read_text()
YEARS, SUNSPOTS = np.loadtxt(text.splitlines(), delimiter=",", skiprows=1).T
SPLIT = len(YEARS) - TESTED  # what comes before it may be learned from
SCALER = rnn.Scaler.fit(np.sqrt(SUNSPOTS[:SPLIT]))


class Trained(NamedTuple):
    """A network, and what it reached."""

    model: rnn.Forecaster
    validation: float
    forecast: np.ndarray
    error: float


class Regression(NamedTuple):
    """An autoregression: its weights, the last year's first, and what it reached."""

    order: int
    weights: np.ndarray
    forecast: np.ndarray
    error: float


def counts(roots: np.ndarray) -> np.ndarray:
    """Return sunspots from their roots; below zero there are none."""
    return np.maximum(roots, 0) ** 2


def rmse(forecast: np.ndarray, until: int | None = None) -> float:
    """Return the root mean squared error over the last years, in sunspots."""
    return float(np.sqrt(np.mean((forecast - SUNSPOTS[:until][-len(forecast) :]) ** 2)))


def train(horizon: int, seed: int, epochs: int) -> Trained:
    """Train one network; each epoch cuts the years into stretches at another place."""
    xs, ys = rnn.windows(SCALER.scale(np.sqrt(SUNSPOTS)), WINDOW, horizon)
    learned = SPLIT - VALIDATED - WINDOW - horizon + 1
    model = rnn.Forecaster(WINDOW, HIDDEN, horizon, rng=seed)

    def stretches(rng: np.random.Generator) -> list[tuple[np.ndarray, ...]]:
        count = learned // STRETCH
        start = rng.integers(learned - count * STRETCH + 1)
        cut = slice(start, start + count * STRETCH)
        return [tuple(part[cut].reshape(count, STRETCH, -1).swapaxes(0, 1) for part in (xs, ys))]

    validated = slice(learned - STRETCH, learned + VALIDATED)
    history = rnn.fit(
        model,
        stretches,
        epochs=epochs,
        optimizer=rnn.Adam(model, 0.01),
        validation=[(xs[validated, None], ys[validated, None])],
        clip_norm=1.0,
        rng=seed,
        quiet=True,
    )
    forecast = counts(SCALER.restore(model.predict(xs)[-TESTED:, -1]))
    return Trained(model, min(history.validation), forecast, rmse(forecast))


def autoregression(order: int, horizon: int, tested: int = TESTED, until: int | None = None) -> Regression:
    """Fit an autoregression by least squares to the years before the tested ones, which end at `until`."""
    past, following = rnn.windows(np.sqrt(SUNSPOTS[:until]), order, horizon)
    design = np.column_stack([np.ones(len(past)), past])
    weights, *_ = np.linalg.lstsq(design[:-tested], following[:-tested, -1], rcond=None)
    forecast = counts(design[-tested:] @ weights)
    return Regression(order, weights[:0:-1], forecast, rmse(forecast, until))


def chosen_by_validation(horizon: int) -> Regression:
    """Return the autoregression whose order does best on the validation years."""
    tried = [autoregression(order, horizon, VALIDATED, SPLIT) for order in range(1, 13)]
    return autoregression(min(tried, key=lambda regression: regression.error).order, horizon)


def influence(model: rnn.Forecaster) -> np.ndarray:
    """Return ∂ŷ/∂x for the years before a forecast, the last year first: the mean over all test years.

    A year stands in up to four windows, whose parts are added up. What is further back than the window reaches the
    forecast through the state alone.
    """
    xs, _ = rnn.windows(SCALER.scale(np.sqrt(SUNSPOTS)), WINDOW, model.horizon)
    inputs = np.stack([xs[i - BACK + 1 : i + 1] for i in range(len(xs) - TESTED, len(xs))], axis=1)
    gradient = tg.grad(lambda inputs: np.sum(model(inputs)[-1][:, -1]))(inputs).numpy().mean(axis=1)
    by_year = np.zeros(BACK + WINDOW - 1)
    for window in range(BACK):
        for place in range(WINDOW):
            by_year[(BACK - 1 - window) + (WINDOW - 1 - place)] += gradient[window, place]
    return by_year


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__, seeds=5)
    epochs = 10 if options.quick else 300
    chosen = {}
    for horizon in (1, 2):
        networks = [train(horizon, seed, epochs) for seed in common.progress(range(options.seeds), "training")]
        chosen[horizon] = best = min(networks, key=lambda network: network.validation)
        regression = chosen_by_validation(horizon)
        common.table(
            f"RMSE of forecasts {horizon} year{'s' * (horizon > 1)} ahead, {YEARS[SPLIT]:.0f} to {YEARS[-1]:.0f}",
            {
                "persistence": rmse(SUNSPOTS[SPLIT - horizon : -horizon]),
                "AR(4)": autoregression(4, horizon).error,
                "AR(9)": autoregression(9, horizon).error,
                f"AR({regression.order}), by validation": regression.error,
                f"network ({best.model.num_parameters()} parameters), by validation": best.error,
                "network, all seeds": [network.error for network in networks],
            },
            "{:.1f}",
        )
    with common.figure(options, "forecasting", rows=2) as axes:
        if axes is not None:
            draw(axes, chosen[1])
    if options.output is not None:
        terms(options.output / "forecasting-terms.svg", chosen[1].model)


def draw(axes: np.ndarray, best: Trained) -> None:
    """Draw the forecasts of the test years, and what they depend on."""
    regression = autoregression(9, 1)
    axes[0].plot(YEARS[SPLIT:], SUNSPOTS[SPLIT:], label="sunspots", linewidth=2)
    axes[0].plot(YEARS[SPLIT:], best.forecast, label=f"network, RMSE {best.error:.1f}")
    axes[0].plot(YEARS[SPLIT:], regression.forecast, "--", label=f"AR(9), RMSE {regression.error:.1f}")
    axes[0].set(title="One year ahead", xlabel="year", ylabel="sunspots", ylim=(0, 240))
    axes[0].legend(ncols=3)
    back = np.arange(1, 13)
    axes[1].axhline(0, color=common.GREY, linewidth=0.8)
    axes[1].axvspan(0.5, WINDOW + 0.5, color="#f3f5f8")
    axes[1].text(WINDOW + 0.4, 1.22, "the network's window", color="#5c6672", ha="right")
    axes[1].plot(back, influence(best.model)[:12], "o-", color=common.COLOURS[1], label="network, ∂forecast/∂year")
    axes[1].plot(back[:9], regression.weights, "s--", color=common.COLOURS[2], label="AR(9), its weights")
    axes[1].set(
        title="How a forecast depends on the years before it", xlabel="years back", xticks=back, ylim=(-0.6, 1.4)
    )
    axes[1].legend()


def terms(path: Path, model: rnn.Forecaster) -> None:
    """Draw what each time step contributes to the gradient of W, for the last forecast."""
    xs, ys = rnn.windows(SCALER.scale(np.sqrt(SUNSPOTS)), WINDOW)
    _, h = rnn.unroll(model.cell, xs[-BACK:])
    loss = rnn.mse(model.readout(h), ys[-1])
    common.save(viz.plot(loss, "W", title="The last forecast: what each time step contributes to W̄"), path)


if __name__ == "__main__":
    main()

"""Learn W and b of an affine system s⁽ᵗ⁺¹⁾ = W s⁽ᵗ⁾ + b from a path that was seen with noise: how far ahead to look?

    python examples/affine.py            # 5 draws of the noise, half a minute
    python examples/affine.py --quick    # seconds

Two systems turn a plane, one inward (spectral radius 0.98), one outward (1.05). Of each 101 states are seen,
with noise of 0.1. Least squares fits each state to the one before. Back-propagation through time fits what the system
does 1, 5, 20 or 100 time steps after a state that was seen; where it is the whole path, its start is learned, too. The
first guess is W = I/2 and b = 0; a growing horizon begins each of the four stages where the last one ended.

What to see: inward least squares is wrong in one direction, for what it explains each state with has noise, too: it
says that the path dies away sooner. One step ahead back-propagation finds the very same W. Looking 20 or 100 time steps
ahead divides the error by four. Outward the states soon dwarf the noise and least squares is nearly exact; the whole
path teaches nothing: its last states make the loss, and the debugger shows that at W = I/2 their gradient halves with
every time step back. From a radius that is too large it would explode. Between the two lies a valley, the narrower the
longer the path is; a growing horizon reaches it, and is less exact there than least squares.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import common

STEPS, NOISE, TURN, UPDATES, RATE = 100, 0.1, 0.3, 400, 0.02
RADII = {"inward": 0.98, "outward": 1.05}
HORIZONS = (1, 5, 20, STEPS)
START, OFFSET = np.array([2.0, 0.0]), np.array([0.2, -0.1])


def turning(radius: float) -> np.ndarray:
    """Return the matrix of that spectral radius that turns a plane by TURN."""
    return radius * np.array([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]])


def path(system: rnn.LinearSystem, start: np.ndarray = START) -> np.ndarray:
    """Return the states of a system, (101, 2)."""
    with tg.no_grad():
        return np.array([np.asarray(s) for s in system.run(tg.tensor(start), STEPS)])


def least_squares(seen: np.ndarray) -> rnn.LinearSystem:
    """Return the system that is best one time step ahead, in closed form."""
    solution, *_ = np.linalg.lstsq(np.column_stack([seen[:-1], np.ones(STEPS)]), seen[1:], rcond=None)
    return rnn.LinearSystem(solution[:2].T, solution[2])


class Started(rnn.LinearSystem):
    """A system with the states that it starts from, (N, 2); a single one is learned."""

    def __init__(self, first: rnn.LinearSystem, starts: np.ndarray) -> None:
        super().__init__(first.W.data, first.b.data)
        self.starts = tg.parameter(starts) if len(starts) == 1 else tg.tensor(starts)


def guess() -> rnn.LinearSystem:
    """Return the system that learning begins with."""
    return rnn.LinearSystem(np.eye(2) / 2, np.zeros(2))


def learn(seen: np.ndarray, horizon: int, first: rnn.LinearSystem, updates: int, rate: float = RATE) -> Started:
    """Return the system that is best up to so many time steps ahead, as gradient descent finds it."""
    count = STEPS - horizon + 1
    model = Started(first, seen[:count])
    targets = np.stack([seen[t : t + count] for t in range(1, horizon + 1)])
    rnn.fit(
        model,
        (seen[:count], targets),
        epochs=updates,
        loss=rnn.mse,
        optimizer=rnn.Adam(model, rnn.cosine_decay(rate, updates)),
        forward=lambda model, batch: model.run(model.starts, horizon)[1:],
        compile=True,
        quiet=True,
    )
    return model


def in_stages(seen: np.ndarray, updates: int) -> Started:
    """Return what is learned when the horizon grows, each stage beginning where the last one ended."""
    model: rnn.LinearSystem = guess()
    for horizon, rate in zip(HORIZONS, (RATE, RATE / 2, RATE / 10, RATE / 100), strict=True):
        model = learn(seen, horizon, model, updates, rate)
    return model  # type: ignore[return-value]


def loss_of(system: rnn.LinearSystem, seen: np.ndarray) -> tg.Tensor:
    """Return the squared error over the whole path, recorded."""
    return rnn.mse(system.run(tg.tensor(seen[0]), STEPS)[1:], seen[1:])


def main() -> None:
    """Fit, compare, draw."""
    options = common.options(__doc__, seeds=5)
    updates = 20 if options.quick else UPDATES
    runs = [(name, seed) for name in RADII for seed in range(options.seeds)]
    errors: dict[str, dict[str, list[float]]] = {name: {} for name in RADII}
    for name, seed in common.progress(runs, "fitting"):
        true = rnn.LinearSystem(turning(RADII[name]), OFFSET)
        seen = path(true)
        seen = seen + NOISE * np.random.default_rng(seed).normal(size=seen.shape)
        systems = {"least squares": least_squares(seen)}
        systems |= {f"horizon {horizon}": learn(seen, horizon, guess(), updates) for horizon in HORIZONS}
        systems["a growing horizon"] = in_stages(seen, updates)
        for kind, system in systems.items():
            errors[name].setdefault(kind, []).append(float(np.linalg.norm(system.W.data - true.W.data)))
    for name, of_kind in errors.items():
        common.table(f"{name.capitalize()}: error of W, ‖W − true W‖", of_kind, "{:.5f}")
    stuck = systems[f"horizon {STEPS}"]
    diagnose(seen, stuck)
    with common.figure(options, "affine", rows=3, size=(9, 2.6)) as axes:
        if axes is not None:
            ahead(axes[0], seen, true, systems)
            by_kind(axes[1], errors)
            valleys(axes[2], seen)
    if options.output is not None:
        target = options.output / "affine-gradient.svg"
        flow(target, seen, {"where the fit ends": stuck, "a growing horizon": systems["a growing horizon"]})


def diagnose(seen: np.ndarray, stuck: rnn.LinearSystem) -> None:
    """Say in numbers why the whole path outward teaches nothing, and open the debugger on the first guess."""
    late = np.sum(seen[-20:] ** 2) / np.sum(seen**2)
    radii = np.abs(np.linalg.eigvals(stuck.W.data))
    print(f"Outward, horizon {STEPS}: the last 20 states make {late:.0%} of the loss;", end=" ")
    print(f"learned is a W with eigenvalues of size {radii[0]:.2f} and {radii[1]:.2f}. In the debugger, at W = I/2:")
    viz.debug(loss_of(guess(), seen), stdin=io.StringIO("flow\nquit\n"), width=80)


def flow(target: Path, seen: np.ndarray, learned: dict[str, rnn.LinearSystem]) -> None:
    """Draw how the gradient of the last state's error comes back through the path outward."""
    systems = {
        "W = I/2, the first guess": guess(),
        **learned,
        "a radius of 1.2": rnn.LinearSystem(turning(1.2), OFFSET),
    }
    losses = {
        label: np.sum((system.run(tg.tensor(seen[0]), STEPS)[-1] - seen[-1]) ** 2) for label, system in systems.items()
    }
    common.save(viz.plot(losses, "s", title="Outward: the last state's error on its way back"), target)


def ahead(panel: Any, seen: np.ndarray, true: rnn.LinearSystem, systems: dict[str, rnn.LinearSystem]) -> None:
    """Draw the first component of the path outward, and what systems say of it from its start."""
    panel.plot(path(true)[:, 0], label="true", linewidth=3)
    for kind, colour in zip(("a growing horizon", f"horizon {STEPS}"), common.COLOURS[1:], strict=False):
        system = systems[kind]
        start = system.starts.data[0] if isinstance(system, Started) else START
        panel.plot(path(system, start)[:, 0], color=colour, label=kind)
    panel.plot(seen[:, 0], ".", color=common.GREY, markersize=4, label="seen")
    panel.set(title="Outward: what was learned, run from the start of the path", xlabel="time step", ylabel="s₁")
    panel.legend(loc="upper left", ncols=2)


def by_kind(panel: Any, errors: dict[str, dict[str, list[float]]]) -> None:
    """Draw the errors of W of every run."""
    for (name, of_kind), colour in zip(errors.items(), common.COLOURS[1:], strict=False):
        for place, several in enumerate(of_kind.values()):
            label = f"{name}, spectral radius {RADII[name]}" if place == 0 else None
            panel.plot([place] * len(several), several, "o", color=colour, alpha=0.6, label=label)
    panel.set(title="Error of W in each run", ylabel="‖W − true W‖", yscale="log")
    panel.set_xticks(range(len(of_kind)), list(of_kind))
    panel.legend(loc="upper left")


def valleys(panel: Any, seen: np.ndarray) -> None:
    """Draw the loss outward by the spectral radius of W, all else being right."""
    radii = np.linspace(0.5, 1.25, 301)
    for horizon, colour in zip((1, 20, STEPS), common.COLOURS[1:], strict=False):
        count = STEPS - horizon + 1
        targets = np.stack([seen[t : t + count] for t in range(1, horizon + 1)])
        with tg.no_grad():
            systems = [rnn.LinearSystem(turning(radius), OFFSET) for radius in radii]
            losses = [rnn.mse(system.run(tg.tensor(seen[:count]), horizon)[1:], targets).item() for system in systems]
        panel.plot(radii, losses, color=colour, label=f"horizon {horizon}")
    panel.axvline(RADII["outward"], color=common.COLOURS[0], linestyle=":", label="true")
    panel.set(title="Outward: the loss by spectral radius, the angle and b being right", xlabel="spectral radius of W")
    panel.set(yscale="log", ylabel="loss", xlim=(radii[0], radii[-1]))
    panel.legend(loc="upper left")


if __name__ == "__main__":
    main()

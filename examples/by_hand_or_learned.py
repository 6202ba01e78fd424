"""Three tasks that a network can be built for by hand: does one that learns find a solution, and does it hold?

    python examples/by_hand_or_learned.py            # 3 seeds of each network, five minutes
    python examples/by_hand_or_learned.py --quick    # seconds

* sum: after each number, the sum of all so far
* comparison: which of two inputs has the larger total so far
* parity: whether the ones so far are odd in number

Everything is learned from sequences of at most 12 time steps and tried on sequences of 100. The networks set by hand
are those of the lectures: `rnn.summing_network`, `rnn.ComparingNetwork`, `rnn.ParityNetwork`.

What to see: parity needs a state with two values. A network with a nonlinearity learns it from twelve time steps and
holds it for a hundred: its units are saturated, and a small error in one time step is gone in the next. (So its
gradient vanishes on the way back, and that is no illness.) A sum needs a state without bounds and an eigenvalue of
exactly 1. tanh and the LSTM run out of range; the linear network comes as near as 0.9996, which is nearly enough.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import common

HIDDEN, SHORT, LONG, BATCH, UPDATES = 8, 12, 100, 64, 2000
Sequences = tuple[np.ndarray, np.ndarray]  # inputs (T, N, I), and what is right after each (T, N) or (T, N, 1)


def sums(rng: np.random.Generator, steps: int, count: int) -> Sequences:
    """Numbers, and their sums."""
    xs = rng.normal(size=(steps, count, 1))
    return xs, np.cumsum(xs, axis=0)


def comparisons(rng: np.random.Generator, steps: int, count: int) -> Sequences:
    """Pairs of numbers, and whether the first have the larger total."""
    xs = rng.normal(size=(steps, count, 2))
    totals = np.cumsum(xs, axis=0)
    return xs, (totals[..., 0] > totals[..., 1]).astype(int)


def parities(rng: np.random.Generator, steps: int, count: int) -> Sequences:
    """Bits, and the parity of those so far."""
    bits = rng.integers(2, size=(steps, count, 1))
    return bits.astype(float), np.cumsum(bits[..., 0], axis=0) % 2


class Task(NamedTuple):
    """A task, the network set by hand for it, and what is learned: numbers, or one of two classes."""

    name: str
    sequences: Callable[[np.random.Generator, int, int], Sequences]
    by_hand: Callable[[], Any]
    inputs: int
    classes: bool = True

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return by time step the share of right answers, or the root mean squared error of numbers."""
        if not self.classes:
            return np.sqrt(np.mean((outputs - targets) ** 2, axis=(1, 2)))
        answers = outputs.argmax(-1) if outputs.shape[-1] == 2 else outputs[..., 0] > 0.5
        return np.mean(answers == targets, axis=1)


TASKS = [
    Task("sum", sums, rnn.summing_network, 1, classes=False),
    Task("comparison", comparisons, rnn.ComparingNetwork, 2),
    Task("parity", parities, rnn.ParityNetwork, 1),
]
CELLS = {
    "Elman, linear": lambda inputs, rng: rnn.ElmanCell(inputs, HIDDEN, "linear", rng=rng),
    "Elman, tanh": lambda inputs, rng: rnn.ElmanCell(inputs, HIDDEN, rng=rng),
    "LSTM": lambda inputs, rng: rnn.LSTMCell(inputs, HIDDEN, rng=rng),
}


def train(task: Task, cell: str, seed: int, updates: int) -> rnn.ManyToMany:
    """Train on new sequences of random lengths up to 12 in every update."""
    rng = np.random.default_rng(seed)
    model = rnn.ManyToMany(CELLS[cell](task.inputs, rng), 2 if task.classes else 1, rng=rng)

    def batches(rng: np.random.Generator) -> list[Sequences]:
        return [task.sequences(rng, int(rng.integers(1, SHORT + 1)), BATCH) for _ in range(50)]

    loss = rnn.cross_entropy if task.classes else rnn.mse
    return common.fit(model, batches, max(1, updates // 50), updates, rate=0.02, seed=seed, loss=loss, compile=False)


class Comparison(NamedTuple):
    """By network what it reaches in each time step, (seeds, 100); and those that learned."""

    reached: dict[str, np.ndarray]
    models: dict[str, list[rnn.ManyToMany]]


def compare(task: Task, seeds: int, updates: int) -> Comparison:
    """Train the networks of a task, and try them and the one set by hand on long sequences."""
    xs, targets = task.sequences(np.random.default_rng(99), LONG, 200)
    models = common.each(CELLS, seeds, partial(train, task, updates=updates), f"learning: {task.name}")
    networks = {"by hand": [task.by_hand()], **models}
    reached = {
        name: np.array([task.measure(rnn.predict(model, xs), targets) for model in several])
        for name, several in networks.items()
    }
    constant = np.full(np.shape(np.atleast_3d(targets)), np.rint(targets.mean()) if task.classes else 0.0)
    reached["the best constant"] = task.measure(constant, targets)[None]
    return Comparison(reached, models)


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    updates = 50 if options.quick else UPDATES
    results = {task.name: compare(task, options.seeds, updates) for task in TASKS}
    for task in TASKS:
        unit = "share of right answers" if task.classes else "root mean squared error"
        reached = {name: rows[:, -1] for name, rows in results[task.name].reached.items()}
        common.table(f"{task.name}: {unit} after {LONG} time steps", reached, "{:.3f}")
    radii = {
        name: [rnn.analysis.spectral_radius(model.layer.W) for model in results["sum"].models[name]]
        for name in ("Elman, linear", "Elman, tanh")
    }
    common.table("sum: the largest eigenvalue of W", {"by hand": 1.0, **radii}, "{:.4f}")
    with common.figure(options, "by-hand-or-learned", rows=len(TASKS), size=(9, 2.4)) as axes:
        if axes is not None:
            for task, panel in zip(TASKS, axes, strict=True):
                draw(panel, task, results[task.name].reached)
    if options.output is not None:
        gradients(options.output / "by-hand-or-learned-gradients.svg", results["parity"].models)


def draw(panel: Any, task: Task, reached: dict[str, np.ndarray]) -> None:
    """Draw what each network reaches by length; of several seeds the mean and all between the ends."""
    places = np.arange(1, LONG + 1)
    panel.axvspan(1, SHORT, color="#f3f5f8")
    for (name, rows), colour in zip(reached.items(), [*common.COLOURS[:4], common.GREY], strict=True):
        width = 4 if name == "by hand" else 2.5 if name == "Elman, tanh" else 1.2  # so that equal ones are all seen
        common.curve(panel, places, rows, name, colour, linewidth=width)
    unit = "right answers" if task.classes else "error"
    panel.set(title=task.name, ylabel=unit, xlim=(1, LONG))
    if task is TASKS[-1]:
        panel.set(xlabel=f"time step (learned up to {SHORT}, shaded)")
    if task is TASKS[0]:
        panel.legend(ncols=3)


def gradients(path: Path, models: dict[str, list[rnn.ManyToMany]]) -> None:
    """Draw how much of the gradient of the last answer's loss arrives at each time step."""
    xs, targets = parities(np.random.default_rng(7), 30, 16)
    losses = {}
    for name in ("Elman, tanh", "LSTM"):
        outputs = models[name][0](xs)
        losses[name] = np.mean(tg.softmax_cross_entropy(outputs[-1], targets[-1]))
    common.save(viz.plot(losses, title="Parity, learned: the gradient of the last answer on its way back"), path)


if __name__ == "__main__":
    main()

"""Three tasks that a network can be built for by hand: does one that learns find a solution, and does it hold?

    python examples/by_hand_or_learned.py            # 3 seeds of each network, some minutes
    python examples/by_hand_or_learned.py --quick    # seconds

* sum: after each number, the sum of all so far
* comparison: which of two inputs has the larger total so far
* parity: whether the ones so far are odd in number

Everything is learned from sequences of at most 12 time steps and tried on sequences of 100. The networks set by hand
are those of the lectures: `rnn.summing_network`, `rnn.ComparingNetwork`, `rnn.ParityNetwork`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import common

HIDDEN, SHORT, LONG, BATCH = 8, 12, 100, 64
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
    updates: int
    classes: bool = True

    def measure(self, outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Return by time step the share of right answers, or the root mean squared error of numbers."""
        if not self.classes:
            return np.sqrt(np.mean((outputs - targets) ** 2, axis=(1, 2)))
        answers = outputs.argmax(-1) if outputs.shape[-1] == 2 else outputs[..., 0] > 0.5
        return np.mean(answers == targets, axis=1)


TASKS = [
    Task("sum", sums, rnn.summing_network, 1, 600, classes=False),
    Task("comparison", comparisons, rnn.ComparingNetwork, 2, 600),
    Task("parity", parities, rnn.ParityNetwork, 1, 1500),
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

    rnn.fit(
        model,
        batches,
        epochs=max(1, updates // 50),
        loss=rnn.cross_entropy if task.classes else rnn.mse,
        optimizer=rnn.Adam(model, 0.01),
        clip_norm=1.0,
        rng=seed,
        quiet=True,
    )
    return model


def compare(task: Task, seeds: int, quick: bool) -> tuple[dict[str, np.ndarray], dict[str, rnn.ManyToMany]]:
    """Return by network what it reaches in each time step, (seeds, 100); and the networks of the first seed."""
    xs, targets = task.sequences(np.random.default_rng(99), LONG, 200)
    reached = {"by hand": task.measure(rnn.predict(task.by_hand(), xs), targets)[None]}
    first = {}
    runs = [(cell, seed) for cell in CELLS for seed in range(seeds)]
    for cell, seed in common.progress(runs, f"learning: {task.name}"):
        model = train(task, cell, seed, 50 if quick else task.updates)
        row = task.measure(rnn.predict(model, xs), targets)[None]
        reached[cell] = np.concatenate([reached[cell], row]) if cell in reached else row
        first.setdefault(cell, model)
    guess = np.zeros_like(targets) if not task.classes else np.full_like(targets, np.rint(targets.mean()))
    reached["the best constant"] = task.measure(np.atleast_3d(guess), targets)[None]
    return reached, first


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    results = {task.name: compare(task, options.seeds, options.quick) for task in TASKS}
    for task in TASKS:
        unit = "share of right answers" if task.classes else "root mean squared error"
        reached = {name: rows[:, -1] for name, rows in results[task.name][0].items()}
        common.table(f"{task.name}: {unit} after {LONG} time steps", reached, "{:.3f}")
    with common.figure(options, "by-hand-or-learned", rows=len(TASKS), size=(9, 2.4)) as axes:
        if axes is not None:
            for task, panel in zip(TASKS, axes, strict=True):
                draw(panel, task, results[task.name][0])
    if options.output is not None:
        gradients(options.output / "by-hand-or-learned-gradients.svg", results["parity"][1])


def draw(panel: Any, task: Task, reached: dict[str, np.ndarray]) -> None:
    """Draw what each network reaches by length; of several seeds the mean and all between the ends."""
    places = np.arange(1, LONG + 1)
    panel.axvspan(1, SHORT, color="#f3f5f8")
    for (name, rows), colour in zip(reached.items(), [*common.COLOURS[:4], "#aab3bf"], strict=True):
        panel.plot(places, rows.mean(0), label=name, color=colour)
        panel.fill_between(places, rows.min(0), rows.max(0), color=colour, alpha=0.2, linewidth=0)
    unit = "right answers" if task.classes else "error"
    panel.set(title=task.name, ylabel=unit, xlim=(1, LONG))
    if task is TASKS[-1]:
        panel.set(xlabel=f"time step (learned up to {SHORT}, shaded)")
    if task is TASKS[0]:
        panel.legend(ncols=3)


def gradients(path: Path, models: dict[str, rnn.ManyToMany]) -> None:
    """Draw how much of the gradient of the last answer's loss arrives at each time step."""
    xs, targets = parities(np.random.default_rng(7), 30, 16)
    losses = {}
    for name in ("Elman, tanh", "LSTM"):
        outputs = models[name](xs)
        losses[name] = np.mean(tg.softmax_cross_entropy(outputs[-1], targets[-1]))
    viz.plot(losses, title="Parity, learned: the gradient of the last answer on its way back").save(path)
    common.wrote(path)


if __name__ == "__main__":
    main()

"""Four tasks that ask for what was seen long ago: which recurrent network still knows it?

    python examples/long_lags.py            # 3 seeds of each network, four minutes
    python examples/long_lags.py --quick    # seconds

* embedded Reber grammar: the last letter but one of a word is its second, after 5 to 24 others
* adding: two of 50 numbers are marked; their sum
* temporal order: among 50 symbols is an X or a Y early, and an X or a Y later; which of four orders was it
* copying: 3 symbols, repeated after 20 time steps

Measured is the share of right answers, for the sum within 0.1, on sequences that were not learned from; the baseline
knows all about the task but remembers nothing. After Hochreiter and Schmidhuber (1997), with lags that are shorter.

What to see: it is not the gradient alone. In a fresh Elman network, whose first W is orthogonal, more of it arrives at
the first time step than in a fresh GRU; it is the first to learn to copy, and with silence between X and Y it learns
their order, too. But where 50 time steps bring something new it fails: it has no gate to keep that out, and what it was
to remember is written over. The last picture shows which symbols the answer depends on. In long-lags.html you walk
backward through an LSTM and an Elman network that have read the same 50 symbols.
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
from examples import common, walks
from examples.reber import IGNORED, Sequences, reber

HIDDEN, BATCH, UPDATES, EVERY = 24, 32, 1500, 50
CELLS = {"LSTM": rnn.LSTMCell, "GRU": rnn.GRUCell, "Elman": rnn.ElmanCell}


def adding(rng: np.random.Generator, count: int, steps: int = 50) -> Sequences:
    """Numbers from 0 to 1 with a mark beside two of them, one in each half; their sum."""
    numbers, marks, each = rng.random((steps, count)), np.zeros((steps, count)), np.arange(count)
    for half in (0, steps // 2):
        marks[rng.integers(half, half + steps // 2, count), each] = 1
    sums = np.sum(numbers * marks, axis=0)[:, None]
    return Sequences(np.stack([numbers, marks], axis=-1), sums, np.full(sums.shape, True))


def temporal_order(rng: np.random.Generator, count: int, steps: int = 50) -> Sequences:
    """Four symbols that mean nothing, with an X or Y early and another later; which were they."""
    symbols, each = rng.integers(4, size=(steps, count)), np.arange(count)
    first, second = rng.integers(2, size=(2, count))
    symbols[rng.integers(steps // 10, steps // 5, count), each] = 4 + first
    symbols[rng.integers(steps // 2, 3 * steps // 5, count), each] = 4 + second
    return Sequences(rnn.one_hot(symbols, 6), 2 * first + second, np.full(count, True))


def in_silence(rng: np.random.Generator, count: int) -> Sequences:
    """The temporal order, with nothing where the other symbols were."""
    sequences = temporal_order(rng, count)
    return sequences._replace(inputs=sequences.inputs * (np.arange(6) >= 4))


def copying(rng: np.random.Generator, count: int, remembered: int = 3, lag: int = 20) -> Sequences:
    """Some of 8 symbols, blanks, and a sign at which to repeat them."""
    symbols = rng.integers(8, size=(remembered, count))
    inputs = np.full((lag + 2 * remembered, count), 8)
    inputs[:remembered], inputs[-remembered] = symbols, 9
    targets = np.full(inputs.shape, IGNORED)
    targets[-remembered:] = symbols
    return Sequences(rnn.one_hot(inputs, 10), targets, targets != IGNORED)


class Task(NamedTuple):
    """A task: its sequences, the sizes of its network, its loss, and what is reached without a memory."""

    name: str
    sequences: Callable[[np.random.Generator, int], Sequences]
    inputs: int
    outputs: int
    model: Any
    forgetful: float
    loss: Any = common.mean_cross_entropy

    def right(self, model: rnn.Module, sequences: Sequences) -> float:
        """Return the share of right answers."""
        outputs = rnn.predict(model, sequences.inputs)
        if self.loss is rnn.mse:
            return float(np.mean(abs(outputs - sequences.targets) < 0.1))
        return float(np.mean((outputs.argmax(-1) == sequences.targets)[sequences.asked]))


TASKS = [
    Task("embedded Reber grammar", reber, 7, 7, rnn.ManyToMany, 1 / 2),
    Task("adding", adding, 2, 1, rnn.ManyToOne, 0.19, rnn.mse),  # 1 is right within 0.1 so often
    Task("temporal order", temporal_order, 6, 4, rnn.ManyToOne, 1 / 4),
    Task("copying", copying, 10, 8, rnn.ManyToMany, 1 / 8),
]


def network(task: Task, cell: str, seed: int) -> rnn.Module:
    """Return a network with its first weights."""
    rng = np.random.default_rng(seed)
    return task.model(CELLS[cell](task.inputs, HIDDEN, rng=rng), task.outputs, rng=rng)


class Trained(NamedTuple):
    """A network, and its share of right answers as it learned."""

    model: Any
    reached: list[float]


def train(task: Task, cell: str, seed: int, updates: int) -> Trained:
    """Train on new sequences in every update."""
    model, tested = network(task, cell, seed), task.sequences(np.random.default_rng(99), 500)
    reached = [task.right(model, tested)]
    common.fit(
        model,
        lambda rng: [task.sequences(rng, BATCH)[:2] for _ in range(EVERY)],
        max(1, updates // EVERY),
        max(EVERY, updates),
        rate=0.01,
        seed=seed,
        loss=task.loss,
        after_epoch=lambda history: reached.append(task.right(model, tested)),
    )
    return Trained(model, reached)


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    updates = EVERY if options.quick else UPDATES
    runs = [(task.name, cell, seed) for task in TASKS for cell in CELLS for seed in range(options.seeds)]
    tasks = {task.name: task for task in TASKS}
    trained = {
        (name, cell, seed): train(tasks[name], cell, seed, updates)
        for name, cell, seed in common.progress(runs, "training")
    }
    curves = {
        name: {cell: np.array([trained[name, cell, seed].reached for seed in range(options.seeds)]) for cell in CELLS}
        for name in tasks
    }
    for task in TASKS:
        reached = {cell: rows[:, -1] for cell, rows in curves[task.name].items()}
        if task.sequences is temporal_order:
            silent = [
                train(task._replace(sequences=in_silence), "Elman", seed, updates) for seed in range(options.seeds)
            ]
            reached["Elman, in silence"] = np.array([run.reached[-1] for run in silent])
        common.table(f"{task.name}: right answers", {**reached, "without a memory": task.forgetful}, "{:.3f}")
    with common.figure(options, "long-lags", rows=len(TASKS), size=(9, 1.9)) as axes:
        if axes is not None:
            for task, panel in zip(TASKS, axes, strict=True):
                draw(panel, task, curves[task.name])
    if options.output is not None:
        models = {cell: trained["temporal order", cell, 0].model for cell in CELLS}
        gradients(options.output / "long-lags-gradients.svg")
        influences(options.output / "long-lags-influence.svg", models)
        symbols, right, _ = temporal_order(np.random.default_rng(7), 1)
        walks.page(options.output / "long-lags.html", walks.through_an_order(models, symbols, right))


def draw(panel: Any, task: Task, curves: dict[str, np.ndarray]) -> None:
    """Draw how each network learns: the mean of its seeds, and all between the ends."""
    panel.axhline(task.forgetful, color=common.GREY, linestyle="--", linewidth=0.9, label="without a memory")
    for (cell, rows), colour in zip(curves.items(), common.COLOURS[1:], strict=False):
        seen = np.arange(rows.shape[1]) * EVERY * BATCH / 1000
        common.curve(panel, seen, rows, cell, colour)
    panel.set(title=task.name, ylabel="right answers", ylim=(0, 1.04), xlim=(0, seen[-1]))
    if task is TASKS[0]:
        panel.legend(ncols=4)
    if task is TASKS[-1]:
        panel.set(xlabel="sequences learned from, in thousands")


def gradients(path: Path) -> None:
    """Draw how much of the gradient arrives at each time step, before anything is learned."""
    task, sequences = TASKS[2], temporal_order(np.random.default_rng(7), 16)
    losses = {cell: task.loss(network(task, cell, 0)(sequences.inputs), sequences.targets) for cell in CELLS}
    states = {"LSTM": "s", "GRU": "h", "Elman": "h"}
    common.save(viz.plot(losses, states, title="Temporal order, first weights: the gradient on its way back"), path)


def influences(path: Path, models: dict[str, rnn.Module]) -> None:
    """Draw how much the answer would change with each symbol, if another of its kind stood there."""
    symbols, right, _ = temporal_order(np.random.default_rng(7), 1, steps=30)
    kinds = np.where(symbols[:, 0, 4:].any(-1, keepdims=True), [0, 0, 0, 0, 1, 1], [1, 1, 1, 1, 0, 0]).astype(bool)

    def margin(symbols: tg.Tensor, model: Any) -> tg.Tensor:
        answer = model(symbols)[0]
        return answer[right[0]] - np.mean(answer)

    rows = []
    for model in models.values():
        gradient = tg.grad(margin)(symbols, model).numpy()[:, 0]
        changes = np.std(gradient, axis=1, where=kinds)
        rows.append(changes / changes.max())
    picture = viz.heat_map(
        rows,
        rows=list(models),
        columns=["abcdXY"[symbol] for symbol in symbols[:, 0].argmax(-1)],
        axes=("network", "symbol, the first on the left"),
        title="Temporal order, learned: the symbols that the answer depends on",
    )
    common.save(picture, path)


if __name__ == "__main__":
    main()

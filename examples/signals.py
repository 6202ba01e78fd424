"""Who speaks, and what does the arm do? Sequences of measurements in, one answer out: when does a network know?

    python examples/signals.py            # 3 networks of each kind, five minutes
    python examples/signals.py --quick    # seconds

Vowels: nine men say /ae/, 7 to 29 frames of 12 coefficients (UCI, CC BY 4.0); the answer is who. Learned from is one
session, tested are others. Exercises: ten people do seven exercises of the shoulder with a watch on the wrist, cut into
pieces of 4 seconds, 40 frames of acceleration and turning (seglearn, BSD-3); the answer is which. Two people are tested
by what was learned from the other eight, five times. Baselines are logistic regression and the nearest neighbour on
each channel's mean and spread, and the nearest neighbour by dynamic time warping (DTW).

What to see: the networks do as well as logistic regression on means and spreads, no better: the order of the frames
adds little. Two seconds of an exercise, about one of its repetitions, are nearly as good as four. With the people mixed
the GRU leads all baselines (0.957), far above what it reaches with new people (0.848): it has learned who does it, too.
The Elman network fails at the exercises: 60 % of its gradient lies in the last 0.4 seconds, of the LSTM's 34 %. There
is no third part to choose epochs and noise by; they were set on the tested one, which flatters the networks a little.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import common

HIDDEN, BATCH, EPOCHS, NOISE = 32, 32, 60, 0.3
PIECE = 40  # frames of an exercise that are one sequence
CELLS = {"LSTM": (rnn.LSTMCell, 0.01), "GRU": (rnn.GRUCell, 0.01), "Elman": (rnn.ElmanCell, 0.005)}  # with their rates
LOGISTIC = "logistic regression, mean and spread"


class Series(NamedTuple):
    """Sequences of frames (T, N, channels), padded with zeros; the length and the class of each, (N,)."""

    xs: np.ndarray
    lengths: np.ndarray
    classes: np.ndarray

    def part(self, members: np.ndarray) -> Series:
        """Return some of them."""
        return Series(self.xs[:, members], self.lengths[members], self.classes[members])

    def until(self, frames: int) -> Series:
        """Return their first frames alone."""
        return Series(self.xs[:frames], np.minimum(self.lengths, frames), self.classes)

    def active(self) -> np.ndarray:
        """Return which frames are no padding, (T, N)."""
        return np.arange(len(self.xs))[:, None] < self.lengths

    def scaled(self, scaler: rnn.Scaler) -> Series:
        """Return them with each channel standardised, the padding still zero."""
        return self._replace(xs=scaler.scale(self.xs) * self.active()[..., None])

    def summaries(self) -> np.ndarray:
        """Return the mean and the spread of each channel, (N, 2 channels)."""
        each = [x[:length] for x, length in zip(self.xs.swapaxes(0, 1), self.lengths, strict=True)]
        return np.array([np.concatenate([x.mean(axis=0), x.std(axis=0)]) for x in each])


class Task(NamedTuple):
    """Sequences, which of them are learned from and which tested (once or several times), and what they are."""

    title: str
    series: Series
    folds: list[tuple[np.ndarray, np.ndarray]]
    groups: np.ndarray  # (N,) what is never in both parts
    channels: list[str]
    frame: float  # how long one is
    unit: str

    def parts(self) -> list[tuple[Series, Series]]:
        """Return by fold what is learned from and what is tested, by the scale of the former."""
        pairs = [(self.series.part(learned), self.series.part(tested)) for learned, tested in self.folds]
        scalers = [rnn.Scaler.fit(learned.xs[learned.active()]) for learned, _ in pairs]
        return [(a.scaled(scaler), b.scaled(scaler)) for (a, b), scaler in zip(pairs, scalers, strict=True)]

    def quick(self) -> Task:
        """Return it with one fold and few sequences."""
        return self._replace(folds=[tuple(part[::5] for part in self.folds[0])])  # type: ignore[list-item]


def vowels() -> Task:
    """Return the task to tell speakers apart."""
    with common.reading("vowels.npz") as path, np.load(path) as stored:
        xs, lengths = rnn.pad(np.split(stored["frames"] / 1000, np.cumsum(stored["lengths"], dtype=int)[:-1]))
        series = Series(xs, lengths, stored["speakers"].astype(int))
        tested = stored["tested"]
    channels = [f"c{number}" for number in range(1, 13)]
    return Task(
        "vowels", series, [(np.flatnonzero(~tested), np.flatnonzero(tested))], tested, channels, 6.4, "milliseconds"
    )


def exercises(mixed: bool = False) -> Task:
    """Return the task to tell exercises apart, of people nothing was learned from; or with the people mixed."""
    with common.reading("exercises.npz") as path, np.load(path) as stored:
        pieces = stored["frames"].reshape(-1, PIECE, 6).swapaxes(0, 1) / 100
        count = pieces.shape[1] // len(stored["people"])
        classes, people = (np.repeat(stored[name].astype(int), count) for name in ("exercises", "people"))
    of_fold = np.random.default_rng(0).permutation(len(people)) % 5 if mixed else (people - 1) // 2
    folds = [(np.flatnonzero(of_fold != fold), np.flatnonzero(of_fold == fold)) for fold in range(5)]
    channels = ["ax", "ay", "az", "wx", "wy", "wz"]  # acceleration and angular velocity
    series = Series(pieces, np.full(len(people), PIECE), classes)
    return Task("exercises, people mixed" if mixed else "exercises", series, folds, people, channels, 0.1, "seconds")


def train(cell: str, seed: int, epochs: int, learned: Series) -> rnn.ManyToOne:
    """Train one network; noise on what it reads keeps it from learning its few sequences by heart."""
    rng, (build, rate) = np.random.default_rng(seed), CELLS[cell]
    model = rnn.ManyToOne(build(learned.xs.shape[-1], HIDDEN, rng=rng), learned.classes.max() + 1, rng=rng)
    count = max(1, len(learned.classes) // BATCH)

    def batches(rng: np.random.Generator) -> list[rnn.Batch]:
        some = [learned.part(members) for members in np.array_split(rng.permutation(len(learned.classes)), count)]
        return [rnn.Batch(xs + NOISE * rng.normal(size=xs.shape), classes, lengths) for xs, lengths, classes in some]

    return common.fit(model, batches, epochs, epochs * count, rate=rate, seed=seed)


def right_by_frame(model: rnn.ManyToOne, tested: Series) -> np.ndarray:
    """Return whether the state after each frame gives the right answer, (T, N); after the end the last one stands."""
    with tg.no_grad():
        hs, _ = rnn.unroll(model.cell, tested.xs, lengths=tested.lengths)
        return np.stack([rnn.greedy(model.readout(h)) == tested.classes for h in hs])


def influence(model: rnn.ManyToOne, tested: Series) -> np.ndarray:
    """Return |∂ log p/∂x| by channel and tenth of a sequence, (channels, 10), its mean over the sequences.

    p is that of the right answer; each sequence counts the same, whatever its gradient.
    """

    def likelihood(xs: tg.Tensor) -> tg.Tensor:
        return -rnn.cross_entropy(model(xs, lengths=tested.lengths), tested.classes, reduction="sum")

    sizes = np.abs(tg.grad(likelihood)(tested.xs).numpy())
    sizes /= sizes.sum(axis=(0, 2), keepdims=True)
    tenths = 10 * np.arange(len(sizes))[:, None] // tested.lengths  # (T, N)
    return np.stack([np.sum(sizes * (tenths == tenth)[..., None], axis=(0, 1)) for tenth in range(10)], axis=1)


def warped(asked: Series, known: Series) -> np.ndarray:
    """Return the distance by DTW of each of N sequences from each of M, (N, M)."""
    costs = np.full((len(known.xs) + 1, len(asked.classes), len(known.classes)), np.inf)
    costs[0] = 0
    distances = np.empty(costs.shape[1:])
    for t, x in enumerate(asked.xs, 1):
        before, costs = costs, np.full_like(costs, np.inf)
        for s, y in enumerate(known.xs, 1):
            apart = np.sum(x**2, axis=1)[:, None] + np.sum(y**2, axis=1) - 2 * x @ y.T
            costs[s] = apart + np.minimum(np.minimum(before[s - 1], before[s]), costs[s - 1])
        ended = asked.lengths == t
        distances[ended] = costs[known.lengths, :, np.arange(len(known.classes))].T[ended]
    return distances


def baselines(parts: list[tuple[Series, Series]]) -> tuple[dict[str, float], np.ndarray]:
    """Return what the baselines reach, and whether logistic regression is right after each frame, (T, N)."""
    from sklearn.linear_model import LogisticRegression  # an extra: examples
    from sklearn.neighbors import KNeighborsClassifier

    right: dict[str, list[np.ndarray]] = {}
    by_frame = []
    for learned, tested in parts:
        known, asked = learned.summaries(), tested.summaries()
        logistic = LogisticRegression(max_iter=5000).fit(known, learned.classes)
        answers = {
            LOGISTIC: logistic.predict(asked),
            "nearest, mean and spread": KNeighborsClassifier(1).fit(known, learned.classes).predict(asked),
            "nearest by DTW": learned.classes[warped(tested, learned).argmin(axis=1)],
            "the commonest class": np.bincount(learned.classes).argmax(),
        }
        for name, answer in answers.items():
            right.setdefault(name, []).append(answer == tested.classes)
        frames = [tested.until(t).summaries() for t in range(1, len(tested.xs) + 1)]
        by_frame.append(np.stack([logistic.predict(summaries) == tested.classes for summaries in frames]))
    return {name: float(np.concatenate(some).mean()) for name, some in right.items()}, np.hstack(by_frame)


class Trained(NamedTuple):
    """Of some networks with one kind of cell: whether each is right after each frame, and what it looks at."""

    right: np.ndarray  # (seeds, T, N)
    influence: np.ndarray  # (channels, 10)


def compare(task: Task, cells: list[str], options: Any) -> dict[str, Any]:
    """Train on every fold, print the table, and return by cell what was trained, and the logistic regression."""
    task = task.quick() if options.quick else task
    parts, epochs = task.parts(), 1 if options.quick else EPOCHS

    def folds(cell: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
        pairs = [(train(cell, seed, epochs, learned), tested) for learned, tested in parts]
        return np.hstack([right_by_frame(*pair) for pair in pairs]), sum(influence(*pair) for pair in pairs)

    runs = common.each(cells, options.seeds, folds, task.title)
    reached, by_frame = baselines(parts)
    networks = {cell: [right[-1].mean() for right, _ in several] for cell, several in runs.items()}
    common.table(f"{task.title.capitalize()}: share of right answers", {**networks, **reached}, "{:.3f}")
    trained: dict[str, Any] = {}
    for cell, several in runs.items():
        right, looked = zip(*several, strict=True)
        trained[cell] = Trained(np.stack(right), sum(looked) / np.sum(looked))
    return trained | {LOGISTIC: Trained(by_frame[None], np.empty(0))}


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    common.needs("sklearn")
    tasks = [vowels(), exercises()]
    results = [compare(task, list(CELLS), options) for task in tasks]
    compare(exercises(mixed=True), ["GRU"], options)
    with common.figure(options, "signals", rows=3, size=(9, 2.7)) as axes:
        if axes is not None:
            for panel, task, result in zip(axes, tasks, results, strict=False):
                draw(panel, task, result)
            people(axes[2], tasks[1].quick() if options.quick else tasks[1], results[1])
    if options.output is not None:
        maps = [
            viz.heat_map(
                100 * result[cell].influence,
                rows=task.channels,
                columns=[str(tenth) for tenth in range(1, 11)],
                axes=("channel", "tenth of the sequence"),
                title=f"{task.title.capitalize()}, {cell}: the gradient, in per cent",
            )
            for task, result in zip(tasks, results, strict=True)
            for cell in ("LSTM", "Elman")
        ]
        common.save(viz.side_by_side(*maps, columns=2), options.output / "signals-gradient.svg")


def draw(panel: Any, task: Task, result: dict[str, Trained]) -> None:
    """Draw the share of right answers by how much was read."""
    for (name, trained), colour in zip(result.items(), common.COLOURS[1:], strict=True):
        runs = trained.right.mean(axis=2)
        read = task.frame * np.arange(1, runs.shape[1] + 1)
        common.curve(panel, read, runs, name, colour, "--" if name == LOGISTIC else "-")
    panel.set(title=f"{task.title.capitalize()}: answers that would be right after so much", ylim=(0, 1.02))
    panel.set(xlabel=f"{task.unit} read", ylabel="share", xlim=(0, read[-1]))
    panel.legend(loc="lower right")


def people(panel: Any, task: Task, result: dict[str, Trained]) -> None:
    """Draw the share of right answers for each person."""
    order = task.groups[np.concatenate([tested for _, tested in task.folds])]
    members = {f"person {person}": order == person for person in np.unique(order)}
    shares = {
        name: [trained.right[:, -1][:, own].mean() for own in members.values()] for name, trained in result.items()
    }
    common.bars(panel, shares, list(members))
    panel.set(title="Exercises: right answers for each person, of whom nothing was learned", ylabel="share")
    panel.set(ylim=(0, 1.02))


if __name__ == "__main__":
    main()

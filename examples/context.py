"""What does a recurrent network add? An n-gram, a fixed window, Elman and LSTM, by how many letters they see.

    python examples/context.py            # 2 seeds of each network, five minutes
    python examples/context.py --quick    # seconds

The text is thirteen books of the King James Bible, whole chapters held out. All networks have as many parameters,
30,000 at most. A fixed window over k letters (Bengio et al. 2003) is trained once for each k; the recurrent networks
are trained once, and tested with a state that was zero k letters before. The n-gram has Kneser and Ney's smoothing and
as many counts as there are.

In the text nobody knows how much context a letter needs. In the second task it is known: a verb has the number of its
noun, which stands d other words before it.

What to see: with as many parameters the Elman network needs 1.88 bits a letter, the best window, of 4 letters, 1.92; a
wider one needs its parameters for more inputs and is worse. The LSTM has half as many units as the Elman network, and
after two epochs it is behind all of these but the window of 2. What stands before the last 12 letters gains 0.01 bits,
the mean of two seeds: for this text and this training windows would do, and counts do better (1.49 with 1.5 million).
What a recurrent network adds shows where the context needed is longer: a window of k words is right up to k − 1 words
between noun and verb and guesses from there on, Elman and LSTM are right after 16 with the same weights. (Cut short
they are worse than a window: they were not trained to begin in the middle.)
"""

from __future__ import annotations

import sys
from bisect import bisect
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import bible, common

EMBEDDED, STRETCH = 16, 40
DISCOUNT = 0.9
GIVEN = [1, 2, 3, 4, 6, 8, 12, 16, 32, 64]  # letters, to the recurrent networks
FARTHEST = 16  # words between a noun and its verb
WORDS = rnn.Vocabulary(["dog", "dogs", "barks", "bark", *"abcdefgh"])

Kind = str | int  # a cell, or how many symbols a fixed window sees
Models = dict[Kind, list[rnn.Module]]


class Task(NamedTuple):
    """A text to learn from, of so many symbols, and the networks that learn it: how many parameters, which windows."""

    text: np.ndarray
    symbols: int
    parameters: int
    epochs: int
    windows: list[int]


def network(kind: Kind, symbols: int, hidden: int, seed: int) -> rnn.Module:
    """Return an Elman network, an LSTM, or a fixed window over so many symbols."""
    rng = np.random.default_rng(seed)
    if isinstance(kind, int):
        return rnn.FixedWindowModel(symbols, EMBEDDED, kind, hidden, rng=rng, dtype=np.float32)
    cell = {"Elman": rnn.ElmanCell, "LSTM": rnn.LSTMCell}[kind](EMBEDDED, hidden, rng=rng, dtype=np.float32)
    embedding = rnn.Embedding(symbols, EMBEDDED, rng=rng, dtype=np.float32)
    return rnn.ManyToMany(rnn.Layers(embedding, cell), symbols, rng=rng)


def train(task: Task, kind: Kind, seed: int) -> rnn.Module:
    """Train the largest network that the parameters allow."""
    size = lambda hidden: network(kind, task.symbols, hidden, seed).num_parameters()
    model = network(kind, task.symbols, bisect(range(1, 1000), task.parameters, key=size), seed)
    return bible.learn(model, task.text, STRETCH, task.epochs, rate=0.01, seed=seed)


def bits(model: Any, text: np.ndarray, seen: int, places: np.ndarray) -> float:
    """Return the bits a letter that a model needs at these places, where it has seen so many letters before each."""
    with tg.no_grad():
        losses = [
            common.mean_cross_entropy(model(text[some - seen + np.arange(seen)[:, None]])[-1], text[some]).item()
            for some in np.array_split(places, 8)
        ]
    return rnn.bits_per_character(float(np.mean(losses)))


def sentences(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return sentences one after another: a noun, words between that say nothing, and the verb of its number."""
    words: list[int] = []
    for number in rng.integers(2, size=count):
        words += [number, *rng.integers(4, len(WORDS), rng.integers(FARTHEST + 1)), 2 + number]
    return np.array(words)


def agreement(model: Any, text: np.ndarray) -> np.ndarray:
    """Return the share of verbs that have the number of their noun, by the words between, (FARTHEST + 1,)."""
    nouns = np.where(text < 2, np.arange(len(text)), 0)
    between = np.arange(len(text)) - np.maximum.accumulate(nouns) - 1
    xs, ys = bible.streams(text, 64)
    with tg.no_grad():
        scores = np.stack([output.numpy() for output in model(xs)])
    right = (scores[..., 2] > scores[..., 3]) == (ys == 2)
    distances = bible.streams(between, 64)[1]
    verbs = ((ys == 2) | (ys == 3)) & (distances <= np.arange(len(ys))[:, None])  # whose noun is in the stretch
    return np.array([right[verbs & (distances == distance)].mean() for distance in range(FARTHEST + 1)])


def trained(task: Task, options: Any, what: str) -> Models:
    """Return networks of each kind, one for each seed."""
    return common.each(("LSTM", "Elman", *task.windows), options.seeds, partial(train, task), what)


def name(kind: Kind) -> str:
    """Return what a kind is called."""
    return kind if isinstance(kind, str) else f"fixed window of {kind}"


def read(options: Any) -> dict[str, dict[int, list[float]]]:
    """Return by kind of model and letters seen the bits a letter, of each seed."""
    learned, _, tested = (bible.numbers(part) for part in bible.parts(quick=options.quick))
    places = np.random.default_rng(0).integers(max(GIVEN), len(tested), 1000 if options.quick else 20_000)
    task = Task(learned, len(bible.LETTERS), 30_000, 1 if options.quick else 2, [2, 4, 8])
    models = trained(task, options, "learning letters")
    counted = {n: rnn.NGram(n, task.symbols, discount=DISCOUNT).count(learned) for n in (2, 3, 4, 5, 7, 9)}
    reached = {
        cell: {seen: [bits(model, tested, seen, places) for model in models[cell]] for seen in GIVEN}
        for cell in ("LSTM", "Elman")
    }
    reached["fixed window"] = {
        seen: [bits(model, tested, seen, places) for model in models[seen]] for seen in task.windows
    }
    reached["n-gram"] = {n - 1: [bits(model, tested, n - 1, places)] for n, model in counted.items()}
    common.table(
        "Letters of other chapters, bits a letter",
        {
            **{f"{cell}, {max(GIVEN)} letters seen": reached[cell][max(GIVEN)] for cell in ("LSTM", "Elman")},
            **{f"fixed window of {seen}": runs for seen, runs in reached["fixed window"].items()},
            **{f"{n}-gram, {counted[n].num_counts():,} counts": reached["n-gram"][n - 1] for n in (4, 5, 9)},
        },
        "{:.3f}",
    )
    return reached


def agree(options: Any) -> tuple[dict[str, np.ndarray], Models]:
    """Return by kind of model and distance the share of verbs that are right, of each seed; and the networks."""
    rng = np.random.default_rng(1)
    learned, tested = (sentences(rng, 500 if options.quick else 15_000) for _ in range(2))
    models = trained(Task(learned, len(WORDS), 4_000, 1 if options.quick else 4, [4, 8]), options, "learning verbs")
    reached = {name(kind): np.array([agreement(model, tested) for model in models[kind]]) for kind in models}
    reached["5-gram"] = agreement(rnn.NGram(5, len(WORDS), discount=DISCOUNT).count(learned), tested)[None]
    for distance in (3, 8, FARTHEST):
        title = f"Verbs after {distance} words that say nothing, share that have the number of their noun"
        common.table(title, {label: list(right[:, distance]) for label, right in reached.items()}, "{:.3f}")
    return reached, models


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__, seeds=2)
    right, models = agree(options)
    reached = read(options)
    with common.figure(options, "context", rows=2) as axes:
        if axes is not None:
            draw_text(axes[0], reached)
            draw_verbs(axes[1], right)
    if options.output is not None:
        flow(options.output / "context-gradients.svg", models)


def draw_text(panel: Any, reached: dict[str, dict[int, list[float]]]) -> None:
    """Draw the bits a letter by how many letters are seen."""
    for (label, by_seen), colour in zip(reached.items(), common.COLOURS[1:], strict=True):
        runs = np.transpose(list(by_seen.values()))
        common.curve(panel, [*by_seen], runs, label, colour, "o-", markersize=4)
    panel.set_xscale("log", base=2)
    panel.set_xticks(GIVEN, GIVEN)
    panel.minorticks_off()
    panel.set(title="King James Bible: what a letter costs", xlabel="letters that are seen before it", ylabel="bits")
    panel.legend()


def draw_verbs(panel: Any, right: dict[str, np.ndarray]) -> None:
    """Draw the share of verbs that are right by how far away their noun is."""
    colours = [common.COLOURS[1], common.COLOURS[2], *[common.COLOURS[3]] * 2, common.COLOURS[4]]
    styles = ["-", "--", ":", "-", "-"]
    for (label, runs), colour, style in zip(right.items(), colours, styles, strict=True):
        panel.plot(runs.mean(axis=0), style, label=label, color=colour, marker="o", markersize=4)
    panel.set(title="Verbs that have the number of their noun", xlabel="words between the noun and its verb")
    panel.set(ylabel="share", ylim=(0.4, 1.04), xticks=range(0, FARTHEST + 1, 2))
    panel.legend(ncols=2, loc="center right")


def flow(path: Path, models: Models) -> None:
    """Draw how the gradient of one verb goes back to its noun."""
    sentence = np.array([0, *np.random.default_rng(3).integers(4, len(WORDS), FARTHEST), 2])
    losses = {
        cell: common.mean_cross_entropy(models[cell][0](sentence[:-1])[-1:], sentence[-1:])
        for cell in ("LSTM", "Elman")
    }
    picture = viz.plot(
        losses, {"LSTM": "s", "Elman": "h"}, title="The gradient of a verb on its way back to its noun, the first word"
    )
    common.save(picture, path)


if __name__ == "__main__":
    main()

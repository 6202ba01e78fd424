"""Which language is a surname from? A sequence of letters in, one answer out.

    python examples/surnames.py            # 3 seeds of each network, one minute
    python examples/surnames.py --quick    # seconds

3,200 surnames of ten languages, in small letters and without the accents, which would give it away. Each stands there
once: a name of two languages was left out before the names were divided into those to learn from (70 %), to choose the
epoch by, and to test. The baseline, naive Bayes, counts the groups of one, two and three letters of each language.

What to see: with 224 names a language counting groups of three letters does better than networks, which have to find
out for themselves what a group is and learn their names by heart first. Letter by letter they are well ahead of single
letters: order matters. The pictures show what they go by, often the ending, and how the answer grows; surnames.html is
a page to walk backward through one name, from the answer to its letters.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import tinygraph as tg
import viz
from examples import common, walks

HIDDEN, BATCH, EPOCHS, LONGEST = 48, 32, 25, 14
CELLS = {"LSTM": rnn.LSTMCell, "GRU": rnn.GRUCell, "Elman": rnn.ElmanCell}
LETTERS = rnn.Vocabulary("abcdefghijklmnopqrstuvwxyz")


class Names(NamedTuple):
    """Names, and the numbers of their languages (N,)."""

    names: list[str]
    languages: np.ndarray

    def batch(self, members: Sequence[int] | np.ndarray | slice = slice(None)) -> rnn.Batch:
        """Return some of them as a network reads them, (14, N, 26), with what is right and their lengths."""
        names = [self.names[i] for i in np.arange(len(self.names))[members]]
        numbers = np.stack([LETTERS.encode(name.ljust(LONGEST, "a")) for name in names], axis=1)
        lengths = np.array([len(name) for name in names])
        return rnn.Batch(rnn.one_hot(numbers, len(LETTERS)), self.languages[members], lengths)


def read() -> tuple[list[str], list[Names]]:
    """Return the languages; and the names to learn from, to choose by and to test."""
    with common.reading("surnames.csv") as path:
        rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
        names, languages = [row["name"] for row in rows], rnn.Vocabulary(row["language"] for row in rows)
        numbers = languages.encode(row["language"] for row in rows)
        if len(rows) != 3200:
            raise ValueError(f"{len(rows)} of 3200 names are there")
    order = np.random.default_rng(0).permutation(len(names))
    parts = np.split(order, [int(0.7 * len(names)), int(0.85 * len(names))])
    return languages.symbols, [Names([names[i] for i in part], numbers[part]) for part in parts]


LANGUAGES, (LEARNED, VALIDATED, TESTED) = read()


def groups(name: str, longest: int) -> list[str]:
    """Return all groups of letters in a name up to that length, with signs for its beginning and its end."""
    marked = f"^{name}$"
    return [marked[i : i + size] for size in range(1, longest + 1) for i in range(len(marked) - size + 1)]


def naive_bayes(longest: int, smoothing: float = 0.3) -> float:
    """Return the share of test names that the counts of groups get right."""
    vocabulary = rnn.Vocabulary([group for name in LEARNED.names for group in groups(name, longest)])
    counts = np.full((len(LANGUAGES), len(vocabulary)), smoothing)
    for name, language in zip(*LEARNED, strict=True):
        np.add.at(counts[language], vocabulary.encode(groups(name, longest)), 1)
    scores = np.log(counts / counts.sum(axis=1, keepdims=True))
    known = [
        vocabulary.encode(group for group in groups(name, longest) if group in vocabulary) for name in TESTED.names
    ]
    answers = [scores[:, numbers].sum(axis=1).argmax() for numbers in known]
    return float(np.mean(answers == TESTED.languages))


def train(cell: str, seed: int, epochs: int) -> rnn.ManyToOne:
    """Train one network, and leave it as it was in the epoch that did best on the validation names."""
    rng = np.random.default_rng(seed)
    model = rnn.ManyToOne(CELLS[cell](len(LETTERS), HIDDEN, rng=rng), len(LANGUAGES), rng=rng)

    def batches(rng: np.random.Generator) -> list[rnn.Batch]:
        order = rng.permutation(len(LEARNED.names))
        return [LEARNED.batch(order[i : i + BATCH]) for i in range(0, len(order), BATCH)]

    rnn.fit(
        model,
        batches,
        epochs=epochs,
        loss=rnn.cross_entropy,
        optimizer=rnn.Adam(model, 0.005),
        validation=VALIDATED.batch(),
        clip_norm=1.0,
        compile=True,
        rng=seed,
        quiet=True,
    )
    return model


def answers(model: rnn.Module) -> np.ndarray:
    """Return what a network answers to the test names, (N,)."""
    xs, _, lengths = TESTED.batch()
    return rnn.greedy(rnn.predict(model, xs, lengths))


def by_letter(model: Any, names: Names) -> np.ndarray:
    """Return ‖∂ log p/∂x⁽ᵗ⁾‖ of the right language for each letter, (14, N), the largest of each name being 1."""
    xs, languages, lengths = names.batch()

    def likelihood(xs: tg.Tensor) -> tg.Tensor:
        return -rnn.cross_entropy(model(xs, lengths=lengths), languages, reduction="sum")

    norms = np.linalg.norm(tg.grad(likelihood)(xs).numpy(), axis=-1)
    return norms / norms.max(axis=0)


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    models = common.each(CELLS, options.seeds, partial(train, epochs=1 if options.quick else EPOCHS))
    share = lambda model: float(np.mean(answers(model) == TESTED.languages))
    common.table(
        f"The language of {len(TESTED.names)} held-out surnames, right of {len(LANGUAGES)}",
        {
            **{cell: [share(model) for model in several] for cell, several in models.items()},
            "naive Bayes, single letters": naive_bayes(1),
            "naive Bayes, up to 3 letters": naive_bayes(3),
            "the commonest language": float(np.mean(TESTED.languages == np.bincount(LEARNED.languages).argmax())),
        },
        "{:.3f}",
    )
    shown = models["GRU"][0]
    with common.figure(options, "surnames", size=(9, 4.2)) as axes:
        if axes is not None:
            draw(axes, shown)
    if options.output is not None:
        grows(options.output / "surnames-grows.svg", shown)
        walk = walks.through_a_name(shown, TESTED.names, TESTED.batch(), LANGUAGES)
        walks.page(options.output / "surnames.html", walk)


def draw(axes: Any, model: rnn.Module) -> None:
    """Draw names of each language, a letter the darker the more the answer depends on it."""
    correct = np.flatnonzero(answers(model) == TESTED.languages)
    chosen = [i for number in range(len(LANGUAGES)) for i in correct[TESTED.languages[correct] == number][:3]]
    names = Names([TESTED.names[i] for i in chosen], TESTED.languages[chosen])
    norms = by_letter(model, names)
    for place, (name, language) in enumerate(zip(*names, strict=True)):
        rank = sum(names.languages[:place] == language)
        for t, letter in enumerate(name):
            x, shade = 16 * rank + t, 0.75 * norms[t, place]
            axes.bar(x, 0.7, 1, -language - 0.35, color=common.COLOURS[1], alpha=shade, linewidth=0)
            axes.text(x, -language, letter, ha="center", va="center", family="monospace")
    axes.set(title="How much the answer depends on each letter: ‖∂ log p/∂x⁽ᵗ⁾‖", xlim=(-1, 46))
    axes.set(yticks=-np.arange(len(LANGUAGES)), yticklabels=LANGUAGES, ylim=(-len(LANGUAGES) + 0.4, 0.6), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def grows(path: Path, model: Any) -> None:
    """Draw the probability of each language after each letter of a name."""
    name = next(name for name in sorted(TESTED.names, key=len, reverse=True) if name.endswith("nen"))
    with tg.no_grad():
        hs, _ = rnn.unroll(model.cell, rnn.one_hot(LETTERS.encode(name), len(LETTERS)))
        probabilities = np.stack([tg.softmax(model.readout(h)).numpy() for h in hs], axis=1)
    picture = viz.heat_map(
        probabilities,
        rows=LANGUAGES,
        columns=name,
        axes=("language", "letters read so far"),
        title=f"{name.title()}: the probability of each language",
    )
    common.save(picture, path)


if __name__ == "__main__":
    main()

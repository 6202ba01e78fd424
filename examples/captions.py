"""Say what a letter is called: a picture in, the words of its Unicode name out.

    python examples/captions.py            # 3 networks of each kind, three minutes
    python examples/captions.py --quick    # seconds

1,282 pictures of 16×8 pixels from GNU Unifont (SIL Open Font License): Latin, Greek and Cyrillic letters, whose names
are put together, as in LATIN SMALL LETTER E WITH ACUTE. What looks the same under two names is left out. Held out are
200 letters with marks: each word of their names stands in three other names at least, the whole in none, so whoever
copies a name is wrong. The picture x enters h = tanh(W h + U y + R x + b) in every time step, or as the first state
alone, of that cell or of a GRU. Baselines are the name of the nearest picture, and three logistic regressions: one says
which script and case it is, one which letter, one which marks. The weight decay was chosen on 100 other letters.

What to see: 45 of 100 new letters are named without a mistake, twice as many as by the regressions. All methods tell
script, case and letter; the marks are what it is about. Words say them one by one, each learned from all letters that
bear it, where a regression knows whole combinations. WITH depends on ink above and below the letter: whether there is
a mark. What fails: marks that look alike (DOT ABOVE for ACUTE, CARON for CIRCUMFLEX), one of two marks, ETA for H. With
R x in every step the last word's gradient fades on its way back, for nothing has to be remembered. Where the picture
is the first state it does not fade, in neither cell: what ails the Elman network there is no vanishing gradient.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
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

HIDDEN, BATCH, EPOCHS, RATE, DECAY = 128, 64, 60, 0.01, 0.3
HEIGHT, WIDTH = 16, 8
VALIDATED, TESTED, KNOWN = 100, 200, 3  # each word of a held-out name stands in so many others at least
END, BEST = ".", "R x in every step"


class Glyphs(NamedTuple):
    """Pictures, (N, 128) of 0 and 1, and their names."""

    pictures: np.ndarray
    names: list[str]

    def part(self, members: np.ndarray | list[int]) -> Glyphs:
        """Return some of them."""
        return Glyphs(self.pictures[members], [self.names[i] for i in members])

    def words(self) -> np.ndarray:
        """Return the names as numbers of words, each ended and padded with END, (T, N)."""
        padded = [[*name.split(), *[END] * (LONGEST - name.count(" "))] for name in self.names]
        return np.stack([WORDS.encode(name) for name in padded], axis=1)

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what is read, and what is to be written."""
        return self.pictures, self.words()


def load() -> Glyphs:
    """Return all pictures that have one name."""
    names: dict[str, list[str]] = {}
    with common.reading("letters.hex") as path:
        for line in path.read_text("ascii").splitlines():
            code, bits = line.split(":")
            names.setdefault(bits, []).append(unicodedata.name(chr(int(code, 16))))
        if sum(map(len, names.values())) != 1423:
            raise ValueError(f"{sum(map(len, names.values()))} of 1423 letters are there")
        known = {bits: several[0] for bits, several in names.items() if len(several) == 1}
        rows = np.frombuffer(bytes.fromhex("".join(known)), np.uint8).reshape(-1, HEIGHT)
    return Glyphs(np.unpackbits(rows, axis=1).astype(float), list(known.values()))


def divided(glyphs: Glyphs) -> list[Glyphs]:
    """Return what is learned from, what is validated and what is tested: names that can be put together from others."""
    counts = Counter(word for name in glyphs.names for word in name.split())
    held_out: list[int] = []
    for i in np.random.default_rng(1).permutation(len(glyphs.names)):
        own = Counter(glyphs.names[i].split())
        if own["WITH"] and len(held_out) < VALIDATED + TESTED and all(counts[w] - own[w] >= KNOWN for w in own):
            held_out.append(int(i))
            counts -= own
    learned = np.setdiff1d(np.arange(len(glyphs.names)), held_out)
    return [glyphs.part(members) for members in (learned, held_out[:VALIDATED], held_out[VALIDATED:])]


ALL = load()
WORDS = rnn.Vocabulary([END, *sorted({word for name in ALL.names for word in name.split()})])
LONGEST = max(name.count(" ") + 1 for name in ALL.names)
LEARNED, VALIDATION, TEST = divided(ALL)
likeliest = partial(common.likeliest, size=len(WORDS))


class FirstState(rnn.Module):
    """The other way to show a picture: the first state is tanh(R x + r), and after it x is seen no more."""

    def __init__(self, cell: rnn.Cell, rng: np.random.Generator) -> None:
        self.look = rnn.Readout(HEIGHT * WIDTH, HIDDEN, rng=rng)
        self.decoder = rnn.Decoder(cell, len(WORDS), feed=likeliest, rng=rng)

    def __call__(self, x: Any, targets: Any = None, steps: int | None = None) -> list[tg.Tensor]:
        """Return the scores of the words."""
        return self.decoder(np.tanh(self.look(x)), targets, steps)


KINDS = {
    BEST: lambda rng: rnn.OneToMany(HEIGHT * WIDTH, HIDDEN, len(WORDS), feed=likeliest, rng=rng),
    "first state, GRU": lambda rng: FirstState(rnn.GRUCell(len(WORDS), HIDDEN, rng=rng), rng),
    "first state": lambda rng: FirstState(rnn.ElmanCell(len(WORDS), HIDDEN, rng=rng), rng),
}


def train(kind: str, seed: int, epochs: int, learned: Glyphs) -> Any:
    """Train one network; in training it reads the right words."""
    model = KINDS[kind](np.random.default_rng(seed))
    pictures, words = learned.batch()
    count = len(words[0]) // BATCH

    def batches(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
        members = np.array_split(rng.permutation(len(pictures)), count)
        return [(pictures[some], words[:, some]) for some in members]

    forward = lambda model, batch: model(batch.inputs, rnn.one_hot(batch.targets, len(WORDS)))
    return common.fit(model, batches, epochs, epochs * count, rate=RATE, seed=seed, decay=DECAY, forward=forward)


def write(model: Any, glyphs: Glyphs) -> list[str]:
    """Return the names that a network writes."""
    with tg.no_grad():
        scores = model(glyphs.pictures, steps=LONGEST + 1)
    written = np.stack([rnn.greedy(each) for each in scores], axis=1)
    return [" ".join(WORDS.decode(words)).partition(f" {END}")[0] for words in written]


def pieces(name: str) -> tuple[str, str, str]:
    """Return which script and case, which letter, and which marks: LATIN SMALL, E, ACUTE."""
    script, _, rest = name.partition(" LETTER ")
    letter, _, marks = rest.partition(" WITH ")
    return script, letter, marks


def by_pieces(learned: Glyphs, tested: Glyphs) -> list[str]:
    """Return names of three logistic regressions, one for each piece."""
    from sklearn.linear_model import LogisticRegression  # an extra: examples

    labels = np.array([pieces(name) for name in learned.names])
    answers = [
        LogisticRegression(max_iter=2000).fit(learned.pictures, label).predict(tested.pictures) for label in labels.T
    ]
    return [
        f"{script} LETTER {letter}" + f" WITH {marks}" * bool(marks)
        for script, letter, marks in zip(*answers, strict=True)
    ]


def nearest(learned: Glyphs, tested: Glyphs) -> list[str]:
    """Return the name of the picture that differs in the fewest pixels."""
    apart = [np.abs(learned.pictures - picture).sum(axis=1) for picture in tested.pictures]
    return [learned.names[i] for i in np.argmin(apart, axis=1)]


def right(names: list[str], tested: Glyphs) -> np.ndarray:
    """Return the share of names that are right, as a whole and by piece, (4,)."""
    whole = np.array([name == true for name, true in zip(names, tested.names, strict=True)])
    by_piece = np.array([pieces(name) for name in names]) == np.array([pieces(name) for name in tested.names])
    return np.column_stack([whole, by_piece]).mean(axis=0)


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    common.needs("sklearn")
    learned = LEARNED.part(range(0, len(LEARNED.names), 4)) if options.quick else LEARNED
    epochs = 1 if options.quick else EPOCHS
    models = common.each(KINDS, options.seeds, partial(train, epochs=epochs, learned=learned))
    names = {kind: [write(model, TEST) for model in several] for kind, several in models.items()}
    reached = {kind: np.array([right(written, TEST) for written in several]) for kind, several in names.items()}
    known = [right(write(model, learned), learned) for model in models[BEST]]
    reached |= {f"{BEST}, letters learned from": np.array(known)}
    reached |= {"three logistic regressions": right(by_pieces(learned, TEST), TEST)[None]}
    reached |= {"nearest picture": right(nearest(learned, TEST), TEST)[None]}
    for column, piece in enumerate(["the whole name", "which script and case", "which letter", "which marks"]):
        shares = {kind: shares[:, column] for kind, shares in reached.items()}
        common.table(f"{TESTED} held-out letters: {piece} right", shares, "{:.3f}")
    with common.figure(options, "captions", size=(8, 9.4)) as axes:
        if axes is not None:
            draw(axes, models[BEST][0], names[BEST][0])
    if options.output is not None:
        flow(options.output / "captions-gradient.svg", {kind: models[kind][0] for kind in KINDS})


def by_pixel(model: Any, glyph: Glyphs) -> np.ndarray:
    """Return ∂(o_word − o_rival)/∂x for each word of a name, (words, 16, 8): its score less that of the next best."""
    words = glyph.words()[: glyph.names[0].count(" ") + 1, 0]
    fed = rnn.one_hot(words[:, None], len(WORDS))
    slopes = []
    for t, (word, scores) in enumerate(zip(words, model(glyph.pictures, fed), strict=True)):
        rival = next(number for number in np.argsort(scores.data[0])[::-1] if number != word)
        margin = rnn.one_hot(word, len(WORDS)) - rnn.one_hot(rival, len(WORDS))
        slope = tg.grad(lambda x, t=t, margin=margin: np.sum(model(x, fed)[t] @ margin))
        slopes.append(slope(glyph.pictures).numpy().reshape(HEIGHT, WIDTH))
    return np.array(slopes)


def draw(axes: Any, model: Any, names: list[str]) -> None:
    """Draw letters, what they are called, and the gradient of each word by pixel; the last ones come out wrong."""
    correct = [name == true for name, true in zip(names, TEST.names, strict=True)]
    short = [i for i, name in enumerate(TEST.names) if name.count(" ") <= 6]
    rows = [i for i in short if correct[i]][:3] + [i for i in short if not correct[i]][:3]
    for row, i in enumerate(rows):
        glyph, top = TEST.part([i]), -24 * row
        place = lambda column, top=top: (14 * column, 14 * column + WIDTH, top - HEIGHT, top)
        picture, slopes = glyph.pictures.reshape(HEIGHT, WIDTH), by_pixel(model, glyph)
        axes.imshow(picture, cmap="Greys", extent=place(0))
        size, (down, right_of) = np.abs(slopes).max(), np.nonzero(picture)
        for column, (word, slope) in enumerate(zip(TEST.names[i].split(), slopes, strict=True), 1):
            axes.imshow(slope, cmap="PuOr_r", vmin=-size, vmax=size, extent=place(column))
            axes.plot(14 * column + right_of + 0.5, top - down - 0.5, "k.", markersize=1.5)
            axes.text(14 * column + WIDTH / 2, top + 1, word.lower(), ha="center", va="bottom", size="small")
        said = "" if correct[i] else f"written: {names[i].lower()}"
        axes.text(14, top - HEIGHT - 1, said, va="top", size="small", color=common.COLOURS[2])
    axes.set(xlim=(-1, 112), ylim=(-24 * len(rows) + 4, 6), xticks=[], yticks=[])
    axes.set_title("Held-out letters: where ink speaks for a word (orange) and against it (violet)")
    axes.spines[:].set_visible(False)


def flow(path: Path, models: dict[str, Any]) -> None:
    """Draw how the gradient of the last word, which is a mark, comes back to the first state."""
    glyph = TEST.part([next(i for i, name in enumerate(TEST.names) if name.count(" ") == 5)])
    words = glyph.words()[:6]
    losses = {
        kind: rnn.cross_entropy(model(glyph.pictures, rnn.one_hot(words, len(WORDS)))[-1], words[-1])
        for kind, model in models.items()
    }
    common.save(viz.plot(losses, title=f"{glyph.names[0].title()}: the last word's gradient on its way back"), path)


if __name__ == "__main__":
    main()

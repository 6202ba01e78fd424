"""Words as vectors that a text gives for nothing: which book is a verse from, learned from few labelled verses?

    python examples/word_vectors.py            # 3 networks of each kind, two minutes
    python examples/word_vectors.py --quick    # seconds

The vectors come from counting: how often words stand near one another in 433 chapters of the King James Bible, as
positive pointwise mutual information, and its 50 largest singular vectors. No label is needed for that. A GRU then
learns from 100 to 3,000 labelled verses of these chapters which of nine books, or kinds of books, a verse is from. Its
words are vectors that it learns from scratch, those from counting as they are, or those trained on. Tested are 60 other
chapters. Baselines are naive Bayes on the words and logistic regression on the mean of their vectors.

What to see: the vectors are worth more than three times as many labels. With 300 labelled verses the GRU on vectors
from counting is right in 0.46, from scratch in less with 1,000 and in 0.50 with 3,000. The maps show why: of a word
that stands in no labelled verse a network from scratch knows nothing, and one on these vectors says what it says of the
words near it. Trained on, the vectors lose that, until there are 3,000 verses. And the order of words, which the GRU
alone sees, is no help with this task: logistic regression on the mean vector is ahead of it throughout, and naive Bayes
from 300 verses on.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if __name__ == "__main__":  # from a checkout, with nothing installed
    sys.path.insert(0, str(Path(__file__).parent.parent))

import rnn
import viz
from examples import bible, common

FEATURES, HIDDEN, BATCH, UPDATES, LONGEST = 50, 32, 32, 300, 40
NEAR, LEAST = 4, 3  # words that stand so near are counted, and words that occur so often have a vector
SIZE = 0.2  # of a number in a vector, about
LABELLED = [100, 300, 1000, 3000]
KINDS = ["from scratch", "from counting", "from counting, trained on"]
BOOKS = {"1 Samuel": "Samuel", "2 Samuel": "Samuel", "Acts": "Luke, Acts", "Luke": "Luke, Acts"}
BOOKS |= dict.fromkeys(("Romans", "1 Corinthians", "2 Corinthians"), "Paul")


class Verses(NamedTuple):
    """Verses as the numbers of their words, and the number of the book of each."""

    words: list[np.ndarray]
    books: np.ndarray

    def part(self, members: np.ndarray) -> Verses:
        """Return some of them."""
        return Verses([self.words[i] for i in members], self.books[members])

    def batch(self) -> rnn.Batch:
        """Return them as a network reads them, their first words (40, N), with their books and lengths."""
        words = [words[:LONGEST] for words in self.words]
        padded = np.stack([np.pad(some, (0, LONGEST - len(some))) for some in words], axis=1)
        return rnn.Batch(padded, self.books, np.array([len(some) for some in words]))

    def counts(self, vocabulary: int) -> np.ndarray:
        """Return how often each word stands in each, (N, words)."""
        return np.stack([np.bincount(words, minlength=vocabulary) for words in self.words])

    def counts_by_book(self, vocabulary: int, books: int) -> np.ndarray:
        """Return how often each word stands in each book, (books, words)."""
        counts = self.counts(vocabulary)
        return np.stack([counts[self.books == book].sum(axis=0) for book in range(books)])


def split(verse: str) -> list[str]:
    """Return the words of a verse."""
    return re.findall("[a-z]+", verse.lower())


class Text:
    """The chapters to learn from and the others, as numbers of words; 0 is a word that is rare or new."""

    def __init__(self, quick: bool) -> None:
        learned, *others = bible.parts(quick=quick)
        counts = Counter(word for chapter in learned for verse in chapter.verses for word in split(verse))
        self.vocabulary = rnn.Vocabulary(["·", *(word for word, count in counts.most_common() if count >= LEAST)])
        self.books = rnn.Vocabulary(dict.fromkeys(BOOKS.get(chapter.book, chapter.book) for chapter in bible.CHAPTERS))
        self.learned, self.tested = self.verses(learned), self.verses([*others[0], *others[1]])

    def verses(self, chapters: list[bible.Chapter]) -> Verses:
        """Return the verses of chapters."""
        words, books = [], []
        for chapter in chapters:
            for verse in chapter.verses:
                words.append(self.vocabulary.encode(w if w in self.vocabulary else "·" for w in split(verse)))
                books.append(BOOKS.get(chapter.book, chapter.book))
        return Verses(words, self.books.encode(books))


def vectors(verses: Verses, vocabulary: int) -> np.ndarray:
    """Return a vector for each word: the singular vectors of what the words near it say of it, (words, 50)."""
    from scipy.sparse import coo_matrix  # an extra: examples, where scikit-learn needs it
    from scipy.sparse.linalg import svds

    pairs = [np.stack([words[:-d], words[d:]]) for words in verses.words for d in range(1, NEAR + 1) if len(words) > d]
    first, second = np.concatenate(pairs, axis=1)
    near = coo_matrix((np.ones(len(first)), (first, second)), (vocabulary, vocabulary))
    near = (near + near.T).tocoo()
    often = np.asarray(near.sum(axis=0)).ravel()
    smooth = often**0.75 / np.sum(often**0.75)  # so that rare words do not look too telling (Levy et al. 2015)
    near.data = np.maximum(np.log(near.data / (often[near.row] * smooth[near.col])), 0)
    left, values, _ = svds(near.tocsr(), FEATURES, v0=np.ones(vocabulary))
    table = left * np.sqrt(values)
    table *= SIZE * np.sqrt(FEATURES) / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    table[0] = 0
    return table.astype(np.float32)


def train(kind: str, seed: int, table: np.ndarray, labelled: Verses, books: int, updates: int) -> rnn.ManyToOne:
    """Train one network."""
    rng = np.random.default_rng(seed)
    start = table if kind != "from scratch" else rng.normal(0, SIZE, table.shape).astype(np.float32)
    embedding = rnn.Embedding.from_pretrained(start, freeze=kind == "from counting")
    cell = rnn.GRUCell(FEATURES, HIDDEN, rng=rng, dtype=np.float32)
    model = rnn.ManyToOne(rnn.Layers(embedding, cell), books, rng=rng)

    def batches(rng: np.random.Generator) -> list[rnn.Batch]:
        return [labelled.part(rng.integers(len(labelled.books), size=BATCH)).batch() for _ in range(50)]

    return common.fit(model, batches, updates // 50, updates, rate=0.005, seed=seed)


def answers(model: rnn.Module, verses: Verses) -> np.ndarray:
    """Return which book a network takes each verse to be from, (N,)."""
    words, _, lengths = verses.batch()[:3]
    return rnn.greedy(rnn.predict(model, words, lengths))


def naive_bayes(labelled: Verses, tested: Verses, vocabulary: int, books: int, smoothing: float = 0.1) -> np.ndarray:
    """Return the answers of naive Bayes on the words."""
    of_book = labelled.counts_by_book(vocabulary, books) + smoothing
    scores = np.log(of_book / of_book.sum(axis=1, keepdims=True))
    prior = np.log(np.bincount(labelled.books, minlength=books) + 1)
    return (tested.counts(vocabulary) @ scores.T + prior).argmax(axis=1)


def mean_vectors(labelled: Verses, tested: Verses, table: np.ndarray) -> np.ndarray:
    """Return the answers of logistic regression on the mean of a verse's vectors."""
    from sklearn.linear_model import LogisticRegression

    means = lambda verses: np.stack([table[words].mean(axis=0) for words in verses.words]) / SIZE
    return LogisticRegression(C=10, max_iter=2000).fit(means(labelled), labelled.books).predict(means(tested))


def alone(model: rnn.Module, text: Text, times: int = 8) -> np.ndarray:
    """Return the chance of each book that a network sees in a verse of one word, so many times, (words, books)."""
    words = Verses([np.full(times, word) for word in range(len(text.vocabulary))], np.zeros(len(text.vocabulary), int))
    verses, _, lengths = words.batch()[:3]
    return rnn.sampling_probabilities(rnn.predict(model, verses, lengths))


def telling(text: Text) -> np.ndarray:
    """Return how much more often each word stands in a book than in all of what is learned from, (words, books)."""
    of_book = text.learned.counts_by_book(len(text.vocabulary), len(text.books)).T + 0.5
    shares = of_book / of_book.sum(axis=0)
    return shares / shares.sum(axis=1, keepdims=True)


def main() -> None:
    """Count, train, compare, draw."""
    options = common.options(__doc__)
    common.needs("sklearn")
    text = Text(options.quick)
    words, books = len(text.vocabulary), len(text.books)
    table = vectors(text.learned, words)
    sizes = [20, 40] if options.quick else LABELLED
    updates = 50 if options.quick else UPDATES
    drawn = [np.random.default_rng(seed).permutation(len(text.learned.books)) for seed in range(options.seeds)]
    models: dict[tuple[int, str], rnn.ManyToOne] = {}
    reached: dict[str, dict[int, list[float]]] = {}
    for size, seed in common.progress([(size, seed) for size in sizes for seed in range(options.seeds)], "learning"):
        labelled = text.learned.part(drawn[seed][:size])
        said = {"naive Bayes": naive_bayes(labelled, text.tested, words, books)}
        said["logistic regression, mean vector"] = mean_vectors(labelled, text.tested, table)
        for kind in KINDS:
            models[size, kind] = train(kind, seed, table, labelled, books, updates)
            said[f"GRU, words {kind}"] = answers(models[size, kind], text.tested)
        for who, books_said in said.items():
            right = float(np.mean(books_said == text.tested.books))
            reached.setdefault(who, {}).setdefault(size, []).append(right)
    commonest = np.mean(text.tested.books == np.bincount(text.learned.books).argmax())
    for size in sizes:
        title = f"{size} labelled verses, {len(text.tested.books)} tested: share of right books of {books}"
        rows = {who: by_size[size] for who, by_size in reached.items()} | {"the commonest book": float(commonest)}
        common.table(title, rows, "{:.3f}")
    shown = {kind: alone(models[sizes[1], kind], text) for kind in KINDS[:2]}
    unseen = np.setdiff1d(np.arange(words), np.concatenate(text.learned.part(drawn[-1][: sizes[1]]).words))
    agree = {who: float(np.mean((p.argmax(1) == telling(text).argmax(1))[unseen])) for who, p in shown.items()}
    common.table(f"Words that stand in none of {sizes[1]} verses: the book where they are commonest", agree, "{:.3f}")
    with common.figure(options, "word-vectors", rows=2, size=(9, 3.6)) as axes:
        if axes is not None:
            draw(axes[0], reached)
            maps(axes[1], table, text, shown)
    if options.output is not None:
        single_words(options.output / "word-vectors-alone.svg", text, unseen, shown)


def draw(panel: Any, reached: dict[str, dict[int, list[float]]]) -> None:
    """Draw the share of right answers by the number of labelled verses."""
    for (who, by_size), colour in zip(reached.items(), [common.COLOURS[i] for i in (0, 3, 2, 1, 4)], strict=True):
        runs = np.transpose(list(by_size.values()))
        style = "o-" if who.startswith("GRU") else "s--"
        common.curve(panel, [*by_size], runs, who, colour, style, markersize=5)
    panel.set_xscale("log")
    panel.set_xticks([*by_size], [f"{size:,}" for size in by_size])
    panel.minorticks_off()
    panel.set(title="Which book is a verse from?", xlabel="labelled verses", ylabel="right answers")
    panel.legend(fontsize="small")


def maps(panel: Any, table: np.ndarray, text: Text, shown: dict[str, np.ndarray]) -> None:
    """Draw words where their vectors are alike, in the colour of their book: the true one, and what networks say."""
    from matplotlib import colormaps
    from sklearn.manifold import TSNE

    most = telling(text)
    chosen = np.arange(60, min(1060, len(table)))  # the commonest are in all books
    places = TSNE(random_state=0, metric="cosine", init="pca").fit_transform(table[chosen])
    places = (places - places.min(0)) / (places.max(0) - places.min(0))
    said = {"where it is commonest": most, **{f"the GRU says, words {kind}": p for kind, p in shown.items()}}
    for number, (who, chances) in enumerate(said.items()):
        colours = [colormaps["tab10"](book) for book in chances[chosen].argmax(axis=1)]
        panel.scatter(places[:, 0] + 1.1 * number, places[:, 1], s=4, c=colours, linewidth=0)
        panel.text(1.1 * number, 1.04, who, fontsize="small")
    named: list[np.ndarray] = []
    for book, name in enumerate(text.books.symbols):
        panel.scatter([], [], s=16, color=colormaps["tab10"](book), label=name)
        for i in np.argsort(-most[chosen, book])[:6]:
            if all(max(abs(places[i] - other) * [1, 3]) > 0.15 for other in named):
                panel.text(*places[i], text.vocabulary.symbols[chosen[i]], fontsize="x-small", ha="center")
                named.append(places[i])
    panel.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=9, fontsize="x-small", handletextpad=0)
    panel.set(title="1,000 words, near each other if their vectors are alike, in the colour of a book")
    panel.set(xticks=[], yticks=[], ylim=(-0.03, 1.12))
    panel.spines[:].set_visible(False)


def single_words(path: Path, text: Text, unseen: np.ndarray, shown: dict[str, np.ndarray]) -> None:
    """Draw what networks say of words that no labelled verse has, the most telling ones of each book."""
    most, often = telling(text), text.learned.counts(len(text.vocabulary)).sum(axis=0)
    common_enough = unseen[often[unseen] >= np.quantile(often[unseen], 0.5)]
    chosen = [
        word for book in range(len(text.books)) for word in common_enough[np.argsort(-most[common_enough, book])[:3]]
    ]
    pictures = [
        viz.heat_map(
            chances[chosen],
            rows=[text.vocabulary.symbols[word] for word in chosen],
            columns=text.books.symbols,
            axes=("a verse of this word alone, three of each book", "book"),
            limits=(0, 1),
            title=f"p(book), words {kind}",
        )
        for kind, chances in shown.items()
    ]
    common.save(viz.side_by_side(*pictures), path)


if __name__ == "__main__":
    main()

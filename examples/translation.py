"""Translate from Turkish into English, French and Spanish: one encoder, three decoders that look at its words.

    python examples/translation.py            # 3 seeds, three minutes
    python examples/translation.py --quick    # seconds

The phrases, dates, times, rates and amounts, are of forms in the Unicode Common Locale Data Repository (phrases.py),
each once; a digit is a word. There are three tests: phrases with other numbers; with two words that were never seen
together, such as "hafta" (week) and "önce" (ago); and lists of three amounts, where no list that was learned from has
more than two. The baselines are the phrase that shares most groups of three letters, with its numbers exchanged, and a
dictionary learned from the same phrases (IBM's first model), word by word.

What to see: other numbers are translated nearly always, with the plural and the place of the adjective that the other
language wants (dates and times the nearest phrase does as well), and words never seen together mostly; where they go
wrong, a day of the week is taken for another, or "ago" is left out. α shows how the order of words differs. Another
structure than all that was learned from is not translated: of three amounts one is left out, or "and" stands twice. And
the words themselves are learned by heart: one that never occurred cannot be written.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
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
from examples.phrases import KINDS, LANGUAGES, Phrase, parts

HIDDEN, BATCH, EPOCHS = 48, 50, 12
PADDING, END = "–", "■"  # words that no phrase has
DTYPE = np.float32


class Words(NamedTuple):
    """The words of each language, and how many a phrase has at most."""

    known: dict[str, rnn.Vocabulary]
    longest: dict[str, int]

    def numbers(self, phrases: list[Phrase], language: str) -> tuple[np.ndarray, np.ndarray]:
        """Return phrases as numbers of words, (T, N), with END after the last, and how many words each has."""
        encode = self.known[language].encode
        return rnn.pad([encode([*phrase.words[language], END]) for phrase in phrases])

    def batch(self, phrases: list[Phrase]) -> rnn.Batch:
        """Return phrases as the network reads them, (T, N, words), with their translations."""
        numbers, lengths = self.numbers(phrases, "tr")
        targets = {language: self.numbers(phrases, language)[0] for language in LANGUAGES}
        return rnn.Batch(vectors(numbers, len(self.known["tr"])), targets, lengths)

    def texts(self, rows: np.ndarray, language: str) -> list[list[str]]:
        """Return the phrases that a network wrote, (T, N), up to their END."""
        columns = [self.known[language].decode(column) for column in rows.T]
        return [column[: column.index(END)] if END in column else column for column in columns]


def words_of(learned: list[Phrase], tests: Iterable[list[Phrase]]) -> Words:
    """Return the words of the phrases that are learned from: the tests have no others."""
    phrases = [*learned, *(phrase for test in tests for phrase in test)]
    languages = ("tr", *LANGUAGES)
    known = {name: rnn.Vocabulary([PADDING, END, *(w for p in learned for w in p.words[name])]) for name in languages}
    return Words(known, {name: 1 + max(len(phrase.words[name]) for phrase in phrases) for name in languages})


def vectors(numbers: np.ndarray, size: int) -> np.ndarray:
    """Return words as vectors."""
    return rnn.one_hot(numbers, size, DTYPE)


def network(words: Words, seed: int) -> rnn.AttentionEncoderDecoder:
    """Return a network with its first weights: the encoder reads in both directions."""
    rng = np.random.default_rng(seed)
    cell = lambda size: rnn.GRUCell(size, HIDDEN, rng=rng, dtype=DTYPE)
    encoder = rnn.Bidirectional(cell(len(words.known["tr"])), cell(len(words.known["tr"])))

    def decoder(size: int) -> rnn.AttentionDecoder:
        attention = rnn.AdditiveAttention(HIDDEN, 2 * HIDDEN, HIDDEN, rng=rng, dtype=DTYPE)
        feed = partial(common.likeliest, size=size, dtype=DTYPE)
        return rnn.AttentionDecoder(cell(size + 2 * HIDDEN), attention, size, feed=feed, rng=rng)

    return rnn.AttentionEncoderDecoder(encoder, {name: decoder(len(words.known[name])) for name in LANGUAGES})


def loss(outputs: Any, targets: Any) -> tg.Tensor:
    """Return the cross-entropy of the three languages, which leaves the padding out."""
    terms = [rnn.cross_entropy(outputs[name], targets[name], reduction="mean", ignore_index=0) for name in LANGUAGES]
    return sum(terms[1:], terms[0])


def train(words: Words, learned: list[Phrase], seed: int, epochs: int) -> rnn.AttentionEncoderDecoder:
    """Train one network; the decoders are fed the right words."""
    model, whole, count = network(words, seed), words.batch(learned), len(learned) // BATCH
    sizes = {name: len(words.known[name]) for name in LANGUAGES}

    def batches(rng: np.random.Generator) -> list[rnn.Batch]:
        order = rng.permutation(len(learned))[: count * BATCH].reshape(count, BATCH)
        targets = [{name: numbers[:, members] for name, numbers in whole.targets.items()} for members in order]
        return [rnn.Batch(whole.inputs[:, i], ys, whole.lengths[i]) for i, ys in zip(order, targets, strict=True)]

    def forward(model: Any, batch: rnn.Batch) -> Any:
        fed = {name: vectors(numbers, sizes[name]) for name, numbers in batch.targets.items()}
        return model(batch.inputs, fed, lengths=batch.lengths)[0]

    return common.fit(model, batches, epochs, epochs * count, rate=0.01, seed=seed, loss=loss, forward=forward)


Answers = dict[str, list[list[str]]]  # by language, the words that are written for each phrase


def by_network(model: Any, words: Words, phrases: list[Phrase]) -> Answers:
    """Return what a network writes; nothing tells it the right words."""
    batch, steps = words.batch(phrases), {name: words.longest[name] for name in LANGUAGES}
    written = rnn.predict(model, batch.inputs, batch.lengths, steps=steps)
    return {name: words.texts(rnn.greedy(written[name]), name) for name in LANGUAGES}


def by_neighbour(learned: list[Phrase], phrases: list[Phrase]) -> Answers:
    """Return the translation of the phrase that shares most groups of three letters, with the numbers exchanged."""
    number = {name: r"\d(?: \d)*(?: %s \d(?! \d))?" % (r"\." if name == "en" else ",") for name in ("tr", *LANGUAGES)}
    shape = lambda phrase: re.sub(number["tr"], "#", " ".join(phrase.words["tr"]))
    groups = lambda text: {f" {text} "[i : i + 3] for i in range(len(text))}
    known = [(groups(text), phrase) for text, phrase in {shape(phrase): phrase for phrase in learned}.items()]
    answers: Answers = {name: [] for name in LANGUAGES}
    for phrase in phrases:
        own = groups(shape(phrase))
        _, nearest = max(known, key=lambda other: len(own & other[0]) / len(own | other[0]))
        for name in LANGUAGES:
            numbers = re.findall(number["tr"], " ".join(phrase.words["tr"]))
            ours = iter([text.replace(",", ".") for text in numbers] if name == "en" else numbers)
            text = re.sub(number[name], lambda _, ours=ours: next(ours, ""), " ".join(nearest.words[name]))
            answers[name].append(text.split())
    return answers


def word_by_word(learned: list[Phrase], phrases: list[Phrase], rounds: int = 6) -> Answers:
    """Return each word's likeliest translation, in the order of the words (IBM's first model, Brown et al. 1993)."""
    answers: Answers = {}
    for name in LANGUAGES:
        ours, theirs = (rnn.Vocabulary([word for p in learned for word in p.words[part]]) for part in ("tr", name))
        pairs = [(ours.encode(phrase.words["tr"]), theirs.encode(phrase.words[name])) for phrase in learned]
        table = np.ones((len(ours), len(theirs)))
        for _ in range(rounds):
            counts = np.zeros_like(table)
            for own, other in pairs:
                shares = table[np.ix_(own, other)]
                np.add.at(counts, np.ix_(own, other), shares / shares.sum(axis=0))
            table = counts / counts.sum(axis=1, keepdims=True)
        likeliest = theirs.decode(table.argmax(axis=1))
        answers[name] = [[likeliest[number] for number in ours.encode(phrase.words["tr"])] for phrase in phrases]
    return answers


def right(phrases: list[Phrase], answers: Answers, kinds: Sequence[str] = tuple(KINDS)) -> dict[str, float]:
    """Return by language the share of phrases of which every word is right."""
    return {
        name: float(
            np.mean([a == p.words[name] for a, p in zip(answers[name], phrases, strict=True) if p.kind in kinds])
        )
        for name in LANGUAGES
    }


def of_tests(tests: dict[str, list[Phrase]], translate: Callable[[list[Phrase]], Answers]) -> dict[str, Answers]:
    """Return the answers by test; all are asked for at once."""
    answers = translate([phrase for phrases in tests.values() for phrase in phrases])
    ends = np.cumsum([len(phrases) for phrases in tests.values()])
    return {
        test: {name: answers[name][end - len(phrases) : end] for name in LANGUAGES}
        for (test, phrases), end in zip(tests.items(), ends, strict=True)
    }


def main() -> None:
    """Train, compare, draw."""
    options = common.options(__doc__)
    common.needs("babel")
    learned, tests = parts()
    words, epochs, shown = words_of(learned, tests.values()), EPOCHS, learned
    if options.quick:
        tests, epochs, shown = {test: phrases[:40] for test, phrases in tests.items()}, 1, learned[::10]
    models = [train(words, shown, seed, epochs) for seed in common.progress(range(options.seeds), "training")]
    ways = {
        "network": [of_tests(tests, partial(by_network, model, words)) for model in models],
        "nearest phrase": [of_tests(tests, partial(by_neighbour, learned))],
        "word by word": [of_tests(tests, partial(word_by_word, learned))],
    }
    for test, phrases in tests.items():
        shares = [right(phrases, run[test]) for run in ways["network"]]
        networks = {f"network, {LANGUAGES[name]}": [share[name] for share in shares] for name in LANGUAGES}
        baselines = {way: np.mean(list(right(phrases, ways[way][0][test]).values())) for way in list(ways)[1:]}
        common.table(f"Turkish phrases, {test}: translated without a mistake", {**networks, **baselines}, "{:.3f}")
    with common.figure(options, "translation", size=(9, 3.4)) as axes:
        if axes is not None:
            draw(axes, tests, ways)
    if options.output is not None:
        looking(options.output, models[0], words, tests)


def draw(axes: Any, tests: dict[str, list[Phrase]], ways: dict[str, list[dict[str, Answers]]]) -> None:
    """Draw what is right by kind of phrase, on average over the languages and the seeds."""
    groups = [(test, kind) for test in tests for kind in KINDS if any(phrase.kind == kind for phrase in tests[test])]
    mean = lambda way, test, kind: np.mean([[*right(tests[test], run[test], [kind]).values()] for run in ways[way]])
    means = {way: [mean(way, *group) for group in groups] for way in ways}
    common.bars(axes, means, [kind.replace(" ", "\n") for _, kind in groups])
    for test in tests:
        members = [place for place, (name, _) in enumerate(groups) if name == test]
        heading = test if len(members) > 1 else test.replace("of", "\nof")
        axes.text(np.mean(members), 1.06, heading, ha="center", weight="bold")
        axes.axvline(members[0] - 0.5, color=common.GREY, linewidth=0.8)
    axes.set(ylabel="without a mistake", ylim=(0, 1.2), yticks=np.linspace(0, 1, 6), xlim=(-0.5, len(groups) - 0.5))
    axes.tick_params(axis="x", length=0)
    axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.16))


def looking(folder: Path, model: Any, words: Words, tests: dict[str, list[Phrase]]) -> None:
    """Draw α: as the three decoders write a date, and as one fails at a list of three."""
    apart = next(phrase for phrase in tests["words never seen together"] if phrase.kind == "dates")
    alphas = [α_of(model, words, apart, language) for language in LANGUAGES]
    common.save(viz.side_by_side(*alphas), folder / "translation-date.svg")
    common.save(α_of(model, words, tests["a list of three"][0], "fr"), folder / "translation-three.svg")


def α_of(model: Any, words: Words, phrase: Phrase, language: str) -> Any:
    """Return the picture of α as one decoder writes a phrase."""
    with tg.no_grad():
        outputs, alphas = model(words.batch([phrase]).inputs, steps={language: words.longest[language]})
    (text,) = words.texts(rnn.greedy(outputs[language]), language)
    return viz.heat_map(
        [α.numpy()[:, 0] for α in alphas[language][: len(text) + 1]],
        rows=[*text, "(end)"][: words.longest[language]],
        columns=[*phrase.words["tr"], "(end)"],
        axes=("word that is written", "word that is looked at"),
        limits=(0, 1),
        title=f"α, {LANGUAGES[language]}",
    )


if __name__ == "__main__":
    main()

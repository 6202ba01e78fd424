"""The text that three programs read: chapters of the King James Bible, whole ones held out; and how a text is learned.

learned, validated, tested = bible.parts()
xs, ys = bible.streams(bible.numbers(tested), 64)   # letters (T, 64), and the one after each
model = bible.learn(model, bible.numbers(learned), stretch=50, epochs=7, rate=0.012, seed=0)
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

import numpy as np

import rnn
from examples import common


class Chapter(NamedTuple):
    """A chapter of a book."""

    book: str
    number: int
    verses: list[str]


def read() -> list[Chapter]:
    """Return all chapters, in their order."""
    with common.reading("bible.txt.xz") as path:
        lines = [line.split("\t") for line in lzma.decompress(path.read_bytes()).decode().splitlines()]
        return [
            Chapter(book, int(number), [verse for _, _, verse in verses])
            for (book, number), verses in groupby(lines, key=lambda line: (line[0], line[1]))
        ]


CHAPTERS = read()
LETTERS = rnn.Vocabulary(
    sorted({letter for chapter in CHAPTERS for verse in chapter.verses for letter in f"{verse}\n"})
)


def parts(held_out: int = 30, quick: bool = False) -> tuple[list[Chapter], list[Chapter], list[Chapter]]:
    """Return chapters to learn from, so many to choose by, and so many to test; a few of each for a quick run."""
    order = np.random.default_rng(0).permutation(len(CHAPTERS))
    members = np.split(order, [held_out, 2 * held_out])
    validated, tested, learned = ([CHAPTERS[i] for i in sorted(some[:8] if quick else some)] for some in members)
    return learned, validated, tested


def numbers(chapters: Iterable[Chapter]) -> np.ndarray:
    """Return the numbers of all their letters one after another, (T,); a verse is a line."""
    return LETTERS.encode("".join(f"{verse}\n" for chapter in chapters for verse in chapter.verses))


def streams(text: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut a text into so many stretches side by side, (T, count), and return with them the letter after each."""
    length = (len(text) - 1) // count
    cut = lambda text: text[: length * count].reshape(count, length).T
    return cut(text), cut(text[1:])


def learn(
    model: common.Model, text: np.ndarray, stretch: int, epochs: int, *, rate: float, seed: int, count: int = 32
) -> common.Model:
    """Train a model to guess the next symbol of any text, read in so many places at once; return it.

    An update goes over a stretch, and the next one begins with the state that it left.
    """
    xs, ys = streams(text, count)
    updates = epochs * (len(xs) // stretch + 1)
    return common.fit(
        model, [(xs, ys)], epochs, updates, rate=rate, seed=seed, loss=common.mean_cross_entropy, truncate=stretch
    )

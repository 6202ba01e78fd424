"""Words of the embedded Reber grammar, for long_lags.py and forgetting.py.

A word is walked through a graph of states, a letter for each step, and stands between two letters that are the same: to
know the last but one, T or P, a network has to remember the second. After Hochreiter and Schmidhuber (1997).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import rnn

LONGEST = 28  # letters of a word, of which there are longer ones
IGNORED = -100  # as a target: the loss leaves it out


class Sequences(NamedTuple):
    """Inputs (T, N, I), what is to be answered, and which of the answers need the memory."""

    inputs: np.ndarray
    targets: np.ndarray
    asked: np.ndarray


REBER = {  # from a state, a letter to the next one
    0: [("B", 1)],
    1: [("T", 2), ("P", 3)],
    2: [("S", 2), ("X", 4)],
    3: [("T", 3), ("V", 5)],
    4: [("X", 3), ("S", 6)],
    5: [("P", 4), ("V", 6)],
    6: [("E", 7)],
}
LETTERS = rnn.Vocabulary("BTPSXVE")


def reber_word(rng: np.random.Generator) -> str:
    """Return a word of the Reber grammar between two letters that are the same, of at most 28 letters."""
    word, state = "", 0
    while state != 7:
        letter, state = REBER[state][rng.integers(len(REBER[state]))]
        word += letter
    outer = "TP"[rng.integers(2)]
    return f"B{outer}{word}{outer}E" if len(word) + 4 <= LONGEST else reber_word(rng)


def reber(rng: np.random.Generator, count: int) -> Sequences:
    """Words, and after each letter the next; asked is for the last but one."""
    inputs, targets = np.zeros((LONGEST, count), int), np.full((LONGEST, count), IGNORED)
    asked = np.zeros(targets.shape, bool)
    for place in range(count):
        word = LETTERS.encode(reber_word(rng))
        inputs[: len(word) - 1, place], targets[: len(word) - 1, place] = word[:-1], word[1:]
        asked[len(word) - 3, place] = True
    return Sequences(rnn.one_hot(inputs, len(LETTERS)), targets, asked)

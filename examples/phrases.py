"""Phrases in Turkish, English, French and Spanish, for translation.py: dates, times, amounts.

They are made by Babel (BSD-3) of the forms in the Unicode Common Locale Data Repository (Unicode License v3), where all
languages say the same: with their own order of words, plurals, decimal signs and agreement of adjectives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np

with suppress(ImportError):  # the program says that it is needed
    from babel import dates, lists, numbers, units

LANGUAGES = {"en": "English", "fr": "French", "es": "Spanish"}  # into which Turkish is translated
DRAWN, TESTED, UNSEEN = 4400, 400, 0.15  # phrases; of each test; the share of pairs of words that are held out

Write = Callable[[str], str]  # from a language to the phrase in it
MEASURES = ["length-kilometer", "length-meter", "mass-kilogram", "mass-gram", "volume-liter", "energy-kilocalorie",
            "digital-megabyte"]  # fmt: skip
TIMES = ["second", "minute", "hour", "week", "year"]
MONEY = ["TRY", "USD", "CAD", "AUD", "MXN", "ARS", "JPY", "CNY", "EGP", "CHF", "DZD", "KWD"]


class Phrase(NamedTuple):
    """What is said in four languages, as words: a digit and a sign are words, too."""

    kind: str
    pair: tuple[Any, ...]
    words: dict[str, list[str]]


def number(rng: np.random.Generator) -> float:
    """Draw a number: often 1, and often one with a decimal."""
    return [1, int(rng.integers(1000)), int(rng.integers(100)), int(rng.integers(1000)) / 10][rng.integers(4)]


def a_date(rng: np.random.Generator) -> tuple[Any, Write]:
    """12 Mart 1987 Perşembe: Thursday, March 12, 1987."""
    day = date(1900, 1, 1) + timedelta(int(rng.integers(73000)))
    return (day.month, day.weekday()), lambda language: dates.format_date(day, "full", language)


def when(rng: np.random.Generator) -> tuple[Any, Write]:
    """3 hafta önce: 3 weeks ago."""
    unit, sign = rng.choice([*TIMES, "day", "month"]), int(rng.choice([-1, 1]))
    time = int(number(rng) + 1) * sign * dict(dates.TIMEDELTA_UNITS)[unit]
    return (unit, sign), lambda language: dates.format_timedelta(time, unit, 1e9, True, locale=language)


def rate(rng: np.random.Generator) -> tuple[Any, Write]:
    """2,5 litre/saat: 2.5 liters per hour."""
    amount, measure, time = number(rng), rng.choice(MEASURES), rng.choice(TIMES)
    per = {"denominator_unit": f"duration-{time}"}
    return (measure, time), lambda language: units.format_compound_unit(amount, measure, **per, locale=language)


def amount(rng: np.random.Generator) -> tuple[Any, Write]:
    """7 kilogram or 7 Kanada doları: 7 kilograms or 7 Canadian dollars."""
    count, what = number(rng), rng.choice([*MEASURES, *MONEY])
    if what in MEASURES:
        return what, lambda language: units.format_unit(count, what, locale=language)
    form = {"format": "#,##0.#", "format_type": "name", "currency_digits": False}
    return what, lambda language: numbers.format_currency(count, what, **form, locale=language)


def listed(rng: np.random.Generator, count: int) -> tuple[Any, Write]:
    """7 kilogram ve 1 metre: 7 kilograms and 1 meter."""
    what, write = zip(*[amount(rng) for _ in range(count)], strict=True)
    return what, lambda language: lists.format_list([each(language) for each in write], locale=language)


KINDS: dict[str, Callable[[np.random.Generator], tuple[Any, Write]]] = {
    "dates": a_date,
    "when": when,
    "rates": rate,
    "amounts": lambda rng: listed(rng, 1),
    "two amounts": lambda rng: listed(rng, 2),
    "three amounts": lambda rng: listed(rng, 3),
}
LEARNED_KINDS = list(KINDS)[:-1]


def drawn(rng: np.random.Generator, count: int, kinds: Sequence[str]) -> list[Phrase]:
    """Draw phrases, each once."""
    phrases: dict[str, Phrase] = {}
    while len(phrases) < count:
        kind = kinds[rng.integers(len(kinds))]
        pair, write = KINDS[kind](rng)
        words = {name: re.findall(r"\d|[^\W\d]+|[^\w\s]", write(name)) for name in ("tr", *LANGUAGES)}
        phrases.setdefault(write("tr"), Phrase(kind, (kind, *pair), words))
    return list(phrases.values())


def parts() -> tuple[list[Phrase], dict[str, list[Phrase]]]:
    """Return the phrases that are learned from, and three tests."""
    rng = np.random.default_rng(0)
    phrases = drawn(rng, DRAWN, LEARNED_KINDS)
    pairs = dict.fromkeys(phrase.pair for phrase in phrases if len(phrase.pair) == 3)
    unseen = {pair for pair in pairs if rng.random() < UNSEEN}
    seen = [phrase for phrase in phrases if phrase.pair not in unseen]
    tests = {
        "new numbers": seen[:TESTED],
        "words never seen together": [phrase for phrase in phrases if phrase.pair in unseen][:TESTED],
        "a list of three": drawn(rng, TESTED, ["three amounts"]),
    }
    return seen[TESTED:], tests

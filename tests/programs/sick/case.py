"""A sick program, what is the truth about it, and its healthy twin: the same text with the mend in it.

Beside it: a healthy program that looks sick.
"""

import linecache
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np

FOLDER = Path(__file__).parent
CASES: dict[str, "Case"] = {}
WELL: dict[str, "Healthy"] = {}


@dataclass(frozen=True)
class Case:
    """The truth about one program, and the proof of it.

    Attributes
    ----------
    name : str
        Of the file, without ``.py``.
    kind : str
        The kind of sickness, in a few words.
    symptom : str
        What its user sees and would say.
    mends : tuple of (str, str)
        Texts of the sick program, each standing there once, and what the healthy one has in their place.
    names : tuple of str
        Variables and parameters that are hurt, or that hurt.
    timesteps : str
        Where in time: ``"all"``, ``"none"`` (not in the loop over time), or numbers from 1, as ``"1 2 3"``.
    reason : str
        Why it is sick.
    evidence : str
        What can tell: ``"rule"`` (a rule against numerical derivatives), ``"cut"`` (values that reach the loss without
        a gradient), ``"values"`` (numbers of the recorded pass), ``"wiring"`` (which value depends on which),
        ``"intent"`` (the pass is right; only what its author meant tells), ``"update"`` (after the pass), ``"later"``
        (the first pass is right, that of ``main()`` after some updates is not).
    shows : tuple of str
        Further lines at which the sickness can be seen, by a piece of their text; where it is right to point, too.
    prove : function of (sick, healthy)
        Fails unless the one is sick and the other is not; takes the two modules.
    """

    name: str
    kind: str
    symptom: str
    mends: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    timesteps: str
    reason: str
    evidence: str
    shows: tuple[str, ...]
    prove: Callable[[ModuleType, ModuleType], None]

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.py"

    @property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def lines(self) -> list[int]:
        """The lines of the mends: where the program is sick."""
        return [line for old, _ in self.mends for line in self.lines_of(old)]

    @property
    def shown_lines(self) -> list[int]:
        """Those lines, and others at which the sickness can be seen."""
        return sorted({*self.lines, *(line for text in self.shows for line in self.lines_of(text))})

    def lines_of(self, text: str) -> list[int]:
        """Return the lines that a text takes, which has to stand in the program once."""
        if self.source.count(text) != 1:
            raise ValueError(f"{self.name}: {text!r} stands in the program {self.source.count(text)} times")
        first = self.source[: self.source.index(text)].count("\n") + 1
        return list(range(first, first + text.strip("\n").count("\n") + 1))

    def healthy_source(self) -> str:
        mended = self.source
        for old, new in self.mends:
            self.lines_of(old)
            mended = mended.replace(old, new)
        return mended

    def sick(self) -> ModuleType:
        """Return the program as a module, run anew."""
        return run(self.name, self.path, self.source)

    def healthy(self) -> ModuleType:
        """Return its healthy twin as a module, run anew."""
        path = FOLDER / f"{self.name}_healthy.py"
        linecache.cache[str(path)] = (0, None, self.healthy_source().splitlines(keepends=True), str(path))
        return run(self.name, path, self.healthy_source())

    def write_healthy(self, folder: Path) -> Path:
        """Write the healthy twin as a script, and return its path."""
        path = folder / f"{self.name}_healthy.py"
        path.write_text(self.healthy_source(), encoding="utf-8")
        return path

    def proof(self) -> None:
        """Show by numbers that the program is sick and its twin is not."""
        with np.errstate(all="ignore"):
            self.prove(self.sick(), self.healthy())


@dataclass(frozen=True)
class Healthy:
    """A healthy program that has something that may look sick.

    Attributes
    ----------
    name : str
    looks : str
        What may look sick.
    line : str
        A piece of the text of the line at which it does, which stands in the program once.
    why : str
        Why it is right.
    prove : function of the module
        Fails unless the program's gradients are what they are meant to be, and it trains.
    """

    name: str
    looks: str
    line: str
    why: str
    prove: Callable[[ModuleType], None]

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.py"

    def module(self) -> ModuleType:
        """Return the program as a module, run anew."""
        return run(self.name, self.path, self.path.read_text(encoding="utf-8"))

    def proof(self) -> None:
        """Show by numbers that the program is well."""
        self.prove(self.module())


def run(name: str, path: Path, source: str) -> ModuleType:
    """Return the module of a source text."""
    module = ModuleType(name)
    module.__file__ = str(path)
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module


def sick(name, *, kind, symptom, mend, names, reason, evidence, timesteps="all", shows=()):
    """Register the decorated proof with the truth about a program; `mend` is one pair of texts, or several."""
    mends = (mend,) if isinstance(mend[0], str) else mend
    case = partial(Case, name, kind, symptom, tuple(mends), tuple(names.split()), timesteps, reason, evidence, shows)

    def register(prove):
        CASES[name] = case(prove)
        return prove

    return register


def well(name, *, looks, line, why):
    """Register the decorated proof with what a healthy program looks like."""

    def register(prove):
        WELL[name] = Healthy(name, looks, line, why, prove)
        return prove

    return register

"""Random programs in the style of scripts: tables filled cell by cell, augmented assignment, loops, branches, aliases.

Every program runs on arrays and on Tensors, and its gradient is compared with differences.
``python -m tests.foreign.campaign`` tries a few of each style, ``--long`` a hundred thousand in all; what is wrong is
printed, cut down to the fewest lines.
"""

from __future__ import annotations

import argparse
import itertools
import linecache
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.foreign.program import UNCLEAR, WRONG, Verdict, judge
from tests.foreign.tables import plus, put, table

try:
    from scipy import special
except ImportError:  # then no program uses it
    special = None  # type: ignore[assignment]

STYLES: dict[str, tuple[str, ...]] = {
    "plain": (),
    "lists": ("list",),
    "dictionaries": ("dict",),
    "arrays of objects": ("object",),
    "lists, dictionaries and objects": ("list", "dict", "object"),
    "versions of a table": ("at",),
    "versions of a table among lists": ("at", "list"),
    "tables of zeros": ("zeros",),
    "tables like an argument": ("like",),
    "rows of tables": ("rows",),
    "aliases": ("alias",),
    "special functions": ("special",),
    "tables, lists, in place, special": ("at", "list", "in place", "special"),
    "in place": ("in place",),
}
OPEN = {
    "aliases": "augmented assignment makes a new Tensor, so another name for the same array keeps the old value",
}
LONG = 100_000
_TABLES = {
    "list": "{name} = [0.0] * {n}",
    "dict": "{name} = dict.fromkeys(range({n}), 0.0)",
    "object": "{name} = np.zeros({n}, dtype=object)",
    "zeros": "{name} = np.zeros({n})",
    "like": "{name} = np.zeros_like(x)",
}
_PLACES = (
    "[{i}]",
    "[{i}, {j}]",
    "[-1, {j}]",
    "[:, {j}]",
    "[{i}, 1:]",
    "[::-1, :2]",
    "[[0, 2, 0], {j}]",
    "[np.array([True, False, True, False])]",
    "[..., None, {j}]",
)
_SMOOTH = ("np.sin({})", "np.tanh({})", "np.arctan({})", "np.exp(-({}) ** 2)", "np.sqrt(1.0 + ({}) ** 2)", "0.5 * ({})")
_SPECIAL = (
    *("special.expit({})", "special.erf({})", "special.gammaln(2.0 + ({}) ** 2)", "special.log1p(({}) ** 2)"),
    *("special.ndtr({})", "special.log_ndtr({})", "special.j0({})", "special.jv(1.5, 1.0 + ({}) ** 2)"),
    *("special.y1(1.0 + ({}) ** 2)", "special.ive(1, 0.5 + ({}) ** 2)", "special.kv(0.5, 1.0 + ({}) ** 2)"),
    *("special.gammainc(2.5, 0.3 + ({}) ** 2)", "special.gammaincc(1, 0.3 + ({}) ** 2)", "special.rgamma({})"),
    *("special.betainc(1.5, 2, special.expit({}))", "special.stdtr(3.5, {})", "special.digamma(1.0 + ({}) ** 2)"),
    *("special.xlogy({0}, 1.0 + ({0}) ** 2)", "special.betaln(1.0 + ({0}) ** 2, 2.0 + np.sin({0}))"),
)
_CHANGES = (
    *("{0} += {1}", "{0} -= {1} * np.sin({0})", "{0} *= 1.0 + 0.5 * np.tanh({0})", "{0} *= {1}", "{0} /= 1.7"),
    *("{0} **= 2", "{0} += np.cumsum({0})", "{0} -= np.mean({0})", "{0} @= np.eye(len({0})) + 0.1"),
)
_ON_VECTORS = (
    "np.cumsum({0})",
    "{0}[::-1]",
    "np.roll({0}, 1)",
    "{0} - np.mean({0})",
    "np.where({0} > 0.1, {0}, 0.3 * {0})",
)
_serial = itertools.count(1)


@dataclass(frozen=True)
class Statement:
    """A line, or a line with a body."""

    text: str
    body: tuple[Statement, ...] = ()

    def lines(self, indent: str) -> list[str]:
        """Return it as source lines."""
        return [indent + self.text, *(line for inner in self.body for line in inner.lines(indent + "    "))]


Program = tuple[Statement, ...]


def source(program: Program) -> str:
    """Return a program as Python: a function of x, of four elements, and y, of shape (2, 3)."""
    lines = [line for statement in program for line in statement.lines("    ")]
    return "\n".join(["def program(x, y):", "    out = 0.0", *lines, "    return out", ""])


def function(program: Program) -> Callable[..., Any]:
    """Return a program as a function."""
    text = source(program)
    filename = f"<program {next(_serial)} of a campaign>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"np": np, "special": special, "table": table, "put": put, "plus": plus}
    exec(compile(text, filename, "exec"), space)
    return space["program"]


class Writer:
    """A program in the making: which numbers, vectors and tables its next line can use.

    Parameters
    ----------
    seed : int
    features : tuple of str
        Kinds of tables and other habits that it may have.
    """

    def __init__(self, seed: int, features: tuple[str, ...]):
        self.rng = np.random.default_rng(seed)
        self.features = features
        self.numbers: list[str] = []
        self.vectors: list[str] = ["x", "y[0]", "y[1]"]
        self.tables: list[tuple[str, str, int]] = []
        self.versions: list[str] = []
        self.own: list[str] = []  # vectors that share their elements with no other
        self.names = map("abcdefghjklmnopqrsuvw".__getitem__, itertools.cycle(range(21)))
        self.count = itertools.count(1)

    def program(self, statements: int) -> Program:
        """Return a program of so many statements, and of more that add up what they made."""
        lines = [statement for _ in range(statements) for statement in self.statement()]
        return (*lines, *self._reads())

    def _one_of(self, choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def _name(self) -> str:
        return f"{next(self.names)}{next(self.count)}"

    def atom(self) -> str:
        """Return a number: a literal, an element, an earlier number, or a cell of a table."""
        choices = [f"x[{self.rng.integers(4)}]", f"y[{self.rng.integers(2)}, {self.rng.integers(3)}]"]
        choices += [f"{self.rng.uniform(-1, 1):.2f}", *self.numbers]
        choices += [f"{name}[{self.rng.integers(n)}]" for name, _, n in self.tables]
        choices += [f"{name}[{self.rng.integers(4)}, {self.rng.integers(3)}]" for name in self.versions]
        return self._one_of(choices)

    def number(self, index: str = "") -> str:
        """Return an expression for a number; in a loop, one that may use its index."""
        a, b = self.atom(), self.atom()
        if index:
            a = self._one_of([f"x[{index}]", f"y[{index} % 2, {index} // 2]", a])
        form = self._one_of(_SPECIAL if "special" in self.features and self.rng.random() < 0.5 else _SMOOTH)
        return self._one_of([f"{a} * {b}", f"{a} - {b}", f"{a} / (1.0 + {b} * {b})", form.format(f"{a} + {b}")])

    def statement(self) -> list[Statement]:
        """Return the next statement, in one line or several."""
        kinds = [self._new_number, self._loop, self._new_vector, self._augmented, self._branch]
        if any(kind in _TABLES for kind in self.features):
            kinds += [self._filled_table, self._changed_table, self._filled_table]
        if "at" in self.features:
            kinds += [self._new_version] * 6
            kinds += [self._filled_version] * 2
        if "in place" in self.features:
            kinds += [self._changed_vector] * 3
        if "rows" in self.features:
            kinds += [self._rows, self._rows]
        if "alias" in self.features:
            kinds += [self._alias, self._alias]
        return self._one_of(kinds)()

    def _new_number(self) -> list[Statement]:
        name, value = self._name(), self.number()
        self.numbers.append(name)
        return [Statement(f"{name} = {value}")]

    def _new_vector(self) -> list[Statement]:
        name, vector = self._name(), self._one_of(self.vectors)
        value = self._one_of([f"{self.atom()} * np.sin({vector})", self._one_of(_ON_VECTORS).format(vector)])
        self.vectors.append(name)
        if value.endswith("[::-1]"):
            self.own = [own for own in self.own if own != vector]
        else:
            self.own.append(name)
        return [Statement(f"{name} = {value}")]

    def _changed_vector(self) -> list[Statement]:
        """Change a vector in place, alone or in a loop: one that no other name knows, see `OPEN`."""
        if not self.own:
            return self._new_vector()
        change = Statement(self._one_of(_CHANGES).format(self._one_of(self.own), self.number()))
        return [Statement("for i in range(2):", (change,))] if self.rng.random() < 0.3 else [change]

    def _loop(self) -> list[Statement]:
        name = self._name()
        body = [
            Statement(f"{name} = np.tanh({name} + {self.number('i')})"),
            Statement(f"{name} {self._one_of(['+=', '*=', '-='])} {self.number('i')}"),
        ]
        start = Statement(f"{name} = {self.atom()}")
        self.numbers.append(name)
        return [start, Statement("for i in range(4):", tuple(body))]

    def _augmented(self) -> list[Statement]:
        if not self.numbers:
            return self._new_number()
        change = self._one_of([f"+= {self.number()}", f"-= {self.number()}", f"*= {self.number()}", "/= 1.7", "**= 2"])
        return [Statement(f"{self._one_of(self.numbers)} {change}")]

    def _branch(self) -> list[Statement]:
        name = self._name()
        condition, first, second = f"{self.atom()} > {self.atom()}", self.number(), self.number()
        self.numbers.append(name)
        return [
            Statement(f"{name} = {second}"),
            Statement(f"if {condition}:", (Statement(f"{name} = {name} * 0.5 + {first}"),)),
        ]

    def _filled_table(self) -> list[Statement]:
        kind = self._one_of([kind for kind in self.features if kind in _TABLES])
        name, n = self._name(), 4
        recurrence = f"np.tanh({name}[i - 1] + {self.number('i')})"
        body = Statement("for i in range(1, 4):", (Statement(f"{name}[i] = {recurrence}"),))
        lines = [Statement(_TABLES[kind].format(name=name, n=n)), Statement(f"{name}[0] = {self.number()}"), body]
        self.tables.append((name, kind, n))
        return lines

    def _changed_table(self) -> list[Statement]:
        if not self.tables:
            return self._filled_table()
        name, _, n = self._one_of(self.tables)
        sign = self._one_of(["+=", "-=", "*=", "="])
        return [Statement(f"{name}[{self.rng.integers(n)}] {sign} {self.number()}")]

    def _new_version(self) -> list[Statement]:
        """Make a table of shape (4, 3), or a new version of any of those that there are."""
        name = self._name()
        if not self.versions or self.rng.random() < 0.2:
            start = self._one_of(["np.zeros((4, 3))", "np.outer(x, y[0])", "np.ones((4, 3))"])
            self.versions.append(name)
            return [Statement(f"{name} = table({start}, x)")]
        old = self._one_of(self.versions)
        place = self._one_of(_PLACES).format(i=self.rng.integers(4), j=self.rng.integers(3))
        value = self._one_of([self.number(), self.number(), f"{self._one_of(self.versions)}{place} * {self.atom()}"])
        self.versions.append(name)
        return [Statement(f"{name} = {self._one_of(['put', 'plus'])}({old}, np.s_{place}, {value})")]

    def _filled_version(self) -> list[Statement]:
        """Fill a column of a table from top to bottom, each cell from the one above."""
        name, j = self._name(), self.rng.integers(3)
        recurrence = f"np.tanh({name}[i - 1, {j}] + {self.number('i')})"
        body = Statement("for i in range(1, 4):", (Statement(f"{name} = put({name}, np.s_[i, {j}], {recurrence})"),))
        self.versions.append(name)
        return [Statement(f"{name} = table(np.ones((4, 3)), x)"), body]

    def _rows(self) -> list[Statement]:
        name = self._name()
        body = Statement(f"{name}[i] = {self.number()} * np.cos(y[i])")
        self.vectors += [f"{name}[0]", f"{name}[1]"]
        return [Statement(f"{name} = np.zeros((2, 3))"), Statement("for i in range(2):", (body,))]

    def _alias(self) -> list[Statement]:
        vector, alias = self._name(), self._name()
        start = Statement(f"{vector} = np.sin({self._one_of(self.vectors)}) * {self.atom()}")
        self.vectors.append(vector)
        other = self._one_of([vector, f"{vector}[1:]", f"{vector}[::2]"])
        change = self._one_of(["*= 1.0 + x[0] ** 2", "+= y[0, 1]", "/= 2.0"])
        return [start, Statement(f"{alias} = {other}"), Statement(f"{alias} {change}")]

    def _reads(self) -> list[Statement]:
        weights = iter(np.cos(np.arange(1, 200)).round(2).tolist())
        lines = [Statement(f"out += {next(weights)} * {name}") for name in self.numbers]
        lines += [Statement(f"out += {next(weights)} * np.sum({name} ** 2)") for name in self.vectors[3:]]
        for name, _, n in self.tables:
            lines.append(Statement(f"for i in range({n}):", (Statement(f"out += ({next(weights)} + i) * {name}[i]"),)))
        lines += [Statement(f"out += {next(weights)} * np.sum({name} * np.cos({name}))") for name in self.versions]
        return [*lines, Statement("out += 0.1 * np.sum(x) + 0.2 * np.sum(y)")]


def point(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the program of this seed is differentiated."""
    rng = np.random.default_rng([seed, 1])
    return rng.uniform(-1, 1, 4), rng.uniform(-1, 1, (2, 3))


def written(seed: int, style: str, statements: int = 6) -> Program:
    """Return the program of a seed in a style."""
    return Writer(seed, STYLES[style]).program(statements)


def verdict_on(program: Program, seed: int) -> Verdict:
    """Return the verdict on a program at the point of a seed."""
    return judge(function(program), *point(seed))


def fewest_lines(program: Program, seed: int, kind: str) -> Program:
    """Return what is left of a program when every statement is taken out without which it still has this verdict."""

    def still(candidate: Program) -> bool:
        try:
            return verdict_on(candidate, seed).kind == kind
        except Exception:
            return False  # a name is missing now

    shorter = True
    while shorter:
        shorter = False
        for k in reversed(range(len(program))):
            candidate = program[:k] + program[k + 1 :]
            if still(candidate):
                program, shorter = candidate, True
    return program


def main() -> None:
    """Run a campaign, and end with status 1 if a program is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.foreign.campaign", description=__doc__)
    parser.add_argument("--long", action="store_true", help=f"{LONG:,} programs in all, in place of 30 of each style")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--style", choices=list(STYLES), help="one style alone")
    options = parser.parse_args()
    styles = [style for style in STYLES if style not in OPEN] if options.long else list(STYLES)
    styles = [options.style] if options.style else styles
    each = -(-LONG // len(styles)) if options.long else 30
    start, wrong = time.perf_counter(), False
    for style in styles:
        counts: Counter[str] = Counter()
        for seed in range(options.seed, options.seed + each):
            program = written(seed, style, 6 + seed % 10)
            verdict = verdict_on(program, seed)
            if verdict.kind in (WRONG, UNCLEAR) and not counts[verdict.kind]:
                small = fewest_lines(program, seed, verdict.kind)
                print(f"\n{style}, seed {seed}: {verdict_on(small, seed)}\n{source(small)}")
            counts[verdict.kind] += 1
        wrong |= bool(counts[WRONG]) and style not in OPEN
        known = f"  (open: {OPEN[style]})" if style in OPEN else ""
        print(f"{style:34} {', '.join(f'{kind}: {count}' for kind, count in counts.items())}{known}", flush=True)
    print(f"{each * len(styles):,} programs in {time.perf_counter() - start:.0f} s")
    raise SystemExit(wrong)


if __name__ == "__main__":
    main()

"""Primitive: what the backward pass needs to know of an op, whether it can run here or was read from a file."""

from __future__ import annotations

import inspect
import linecache
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

from ..plain_text import clean
from .filenames import cell_name

Rule = Callable[..., Any]
PACKAGE = str(Path(__file__).parents[1]) + os.sep


class Primitive:
    """An op's name, its VJP rules, and how an adjoint is pulled back through it. It compares equal to its name.

    Attributes
    ----------
    name : str
    rules : tuple of callable or None
        One VJP rule an argument: ``rule(g, y, *inputs, **attributes)`` is the contribution to that argument, where g
        is the adjoint of the output y. They are written in recorded ops, so they can be differentiated again.
    arguments : tuple of str
        The array arguments, in the order of the rule's signature.
    defaults : dict
        The static arguments (``attributes``) and what they are if not given.
    variadic : bool
        Whether it takes any number of arrays; its one rule then serves them all.
    sequence : bool
        Whether those come as one sequence.
    elementwise : bool
        Whether inputs are broadcast: contributions are then summed back to the input's shape.
    saves : callable or None
        A function of the inputs that the rules get the value of as last argument; `forward` returns it beside its
        output, so that it is computed once.
    pull : callable
        ``pull(g, y, values, inputs, attributes)``: what an adjoint contributes to each input.
    push : callable or None
        ``push(g, node, sums, owned, accumulate)``: the same, added to running sums at once; only where that is faster.
    """

    pull: Callable[..., tuple[Any, ...]]
    push: Callable[..., None] | None = None

    def __init__(
        self,
        name: str,
        rules: tuple[Any, ...],
        arguments: tuple[str, ...] = (),
        *,
        defaults: dict[str, Any] | None = None,
        variadic: bool = False,
        sequence: bool = False,
        elementwise: bool = False,
        saves: Callable[..., Any] | None = None,
    ):
        self.name = clean(name)
        self.rules = rules
        self.arguments = arguments
        self.defaults = defaults or {}
        self.attributes = tuple(self.defaults)
        self.variadic = variadic
        self.sequence = sequence
        self.elementwise = elementwise
        self.saves = saves

    def rule(self, argument: int) -> Any:
        """Return the VJP rule for an argument; None where it receives nothing."""
        return self.rules[0 if self.variadic else argument]

    def written_at(self, argument: int) -> int:
        """Return at which place of a call in the program's text an array argument stands."""
        return argument

    def formula(self, argument: int) -> str:
        """Return the source of the rule for `argument`, the very expression that runs.

        Examples
        --------
        >>> import tinygraph as tg
        >>> tg.tanh.formula(0)
        'g * (1 - y * y)'
        """
        rule = self.rule(argument)
        return "" if rule is None else rule_text(rule)

    def parameters(self, argument: int) -> tuple[str, ...]:
        """Return the names that the rule for `argument` gives to the adjoint, the output and the inputs."""
        rule = self.rule(argument)
        return () if rule is None else tuple(inspect.signature(rule).parameters)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, str) and self.name == other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def is_ours(op: Primitive) -> bool:
    """Tell whether an op is one of tinygraph's own, whose rules every machine has and whose laws are tested."""
    rules = [rule for rule in op.rules if rule is not None]
    codes = [getattr(rule, "__code__", None) for rule in rules]
    return all(code is not None and code.co_filename.startswith(PACKAGE) for code in codes)


# -- the text of a rule: the formula that is shown is the rule that runs -----------------------------------------------


def code_of(rule: Rule) -> CodeType | None:
    """Return the code of a rule, also of a decorated one or a ``functools.partial``; None of another callable.

    Examples
    --------
    >>> code_of(partial(lambda factor, g, y, x: factor * g, 2)).co_varnames
    ('factor', 'g', 'y', 'x')
    """
    rule = inspect.unwrap(rule)
    return code_of(rule.func) if isinstance(rule, partial) else getattr(rule, "__code__", None)


def rule_place(rule: Rule | None) -> str:
    """Return the file and line that a rule is written in; empty where that is not known.

    Examples
    --------
    >>> rule_place(lambda g, y, x: g)
    'File "...", line 1'
    """
    code = None if rule is None else code_of(rule)
    if code is None:
        return ""
    inside = code.co_filename.startswith(os.getcwd() + os.sep)
    file = os.path.relpath(code.co_filename) if inside else code.co_filename
    where = cell_name(code.co_filename) or f'File "{file}"'
    return f"{where}, line {code.co_firstlineno}"


def rule_text(rule: Rule) -> str:
    """Return the source of a lambda's body, or of what a function returns, found through its code positions."""
    code = code_of(rule)
    if code is None:
        return ""
    starts, ends = [], []
    for line, end_line, column, end_column in _body_positions(code):
        starts.append((line, column))
        ends.append((end_line, end_column))
    if not starts:
        return ""
    first, last = min(starts), max(ends)
    text = [linecache.getline(code.co_filename, number) for number in range(first[0], last[0] + 1)]
    if not any(text):
        return ""
    text[-1] = text[-1].encode()[: last[1]].decode(errors="ignore")
    text[0] = text[0].encode()[first[1] :].decode(errors="ignore")
    return _balanced(" ".join(part.strip() for part in text))


def laid_out(rule: Rule) -> str:
    """Return the source of a rule's body with its line breaks and comments, dedented; empty where there is none.

    Examples
    --------
    >>> laid_out(lambda g, y, x: g * y)
    'g * y'
    """
    code = code_of(rule)
    positions = list(_body_positions(code)) if code is not None else []
    if code is None or not positions:
        return ""
    first = min((line, column) for line, _, column, _ in positions)
    last = max((line, column) for _, line, _, column in positions)
    lines = [linecache.getline(code.co_filename, number).rstrip("\n") for number in range(first[0], last[0] + 1)]
    margin = len(lines[0]) - len(lines[0].lstrip())
    lines[-1] = lines[-1].encode()[: last[1]].decode(errors="ignore")
    lines[0] = lines[0].encode()[first[1] :].decode(errors="ignore")
    return _balanced("\n".join([lines[0], *(line[margin:] if line[:margin].isspace() else line for line in lines[1:])]))


def _body_positions(code: Any) -> Iterator[tuple[int, int, int, int]]:
    for line, end_line, column, end_column in code.co_positions():
        known = None not in (line, end_line, column, end_column) and (end_line, end_column) != (line, column)
        if known and (code.co_name == "<lambda>" or line > code.co_firstlineno):
            yield line, end_line, column, end_column


def _balanced(text: str) -> str:
    """Drop what the positions of a body may leave open at its ends."""
    text = text.removeprefix("return ")
    while text.count("(") > text.count(")") and text.endswith("("):
        text = text[:-1]
    return text + ")" * max(0, text.count("(") - text.count(")"))

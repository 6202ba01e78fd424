"""Findings: what `verify` says is wrong, and what it could not check."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..plain_text import spans
from ..recording.node import Node
from ..recording.op import Op
from ..recording.primitive import rule_place
from .rules import rule_name, show_rule

_HERE = os.path.dirname(__file__) + os.sep


@dataclass(frozen=True)
class Finding:
    """A node whose rule disagrees with its forward function, or whose forward function now gives another value.

    Attributes
    ----------
    node : Node
    argument : int or None
        Which argument's contribution is wrong; None where the value of the forward function is.
    index : tuple of int or None
        An element of it that is wrong; None where the whole contribution is.
    got, expected : float or None
        That element of the gradient of ``Σ g·y``, by the rule and by the oracle; or of the value, now and as recorded.
    reason : str
        What the rule does that is wrong: "gives shape (), expected (3,)".
    """

    node: Node
    argument: int | None
    index: tuple[int, ...] | None
    got: float | None
    expected: float | None
    reason: str

    @property
    def headline(self) -> str:
        """Op, rule and reason, on one line."""
        op = self.node.op
        what = "its forward function" if self.argument is None else rule_name(op, self.argument) if op else "a rule"
        return f"{op}: {what} {self.reason}"

    @property
    def place(self) -> str:
        """Where the program uses the op: time step, scope, and source line; empty where the test itself calls it."""
        return self.used_in([self.node])

    def used_in(self, nodes: Iterable[Node]) -> str:
        """Return the place of several nodes of the op: all their time steps."""
        node = self.node
        times = {node.timestep for node in nodes if node.timestep is not None}
        parts = [f"time step{'s' * (len(times) > 1)} {spans(times)}"] if times else []
        parts += [f"scope {node.scope}"] if node.scope else []
        if node.source and not (node.call is not None and node.call.code.co_filename.startswith(_HERE)):
            parts.append(textwrap.indent(str(node.source), "  ").lstrip())
        return f"  used in {', '.join(parts)}" if parts else ""

    @property
    def code(self) -> str:
        """The source of what is wrong, with its file and line."""
        if self.argument is not None:
            return show_rule(self.node.op, self.argument) if isinstance(self.node.op, Op) else ""
        place = rule_place(getattr(self.node.op, "forward", None))
        return f"  forward in {place}" if place else ""

    @property
    def cause(self) -> str:
        """The source of the rule, and the place."""
        return "\n".join(part for part in (self.code, self.place) if part)

    def __str__(self) -> str:
        return f"{self.headline}\n{self.cause}" if self.cause else self.headline


class Findings(list[Finding]):
    """The ops of a program that are wrong, in recorded order, and which of them were tried.

    Attributes
    ----------
    checked : list of Node
        Nodes whose rules were compared with an oracle.
    kinks : list of Node
        Those among them that are at a kink, where some elements have no derivative to compare with.
    nonfinite : list of Node
        Nodes that could not be checked, since they hold a NaN or an infinity.
    unknown : list of Node
        Nodes that could not be checked, since their rules are not on this machine: see `tg.load_trace`.

    Examples
    --------
    >>> import numpy as np, tinygraph as tg
    >>> x = tg.parameter([0.0, 1.0])
    >>> with np.errstate(invalid="ignore"):
    ...     findings = tg.verify(np.abs(x) * 2 + np.sqrt(x - 1))
    >>> findings
    every rule that could be checked agrees (3 checked, 2 not finite, 1 at a kink)
    >>> findings == [], [str(node.op) for node in findings.nonfinite]
    (True, ['sqrt', 'add'])
    """

    def __init__(self, findings: Iterable[Finding] = ()):
        super().__init__(findings)
        self.checked: list[Node] = []
        self.kinks: list[Node] = []
        self.nonfinite: list[Node] = []
        self.unknown: list[Node] = []

    @property
    def summary(self) -> str:
        """How many rules are wrong, and how many could not be checked, on one line."""
        counts = [
            f"{len(self.checked)} checked",
            *([f"{len(self.nonfinite)} not finite"] if self.nonfinite else []),
            *([f"{len(self.kinks)} at a kink"] if self.kinks else []),
            *([f"{len(self.unknown)} whose rules are not here"] if self.unknown else []),
        ]
        changed = len({finding.node for finding in self if finding.argument is None})
        wrong = len({finding.node for finding in self if finding.argument is not None})
        verdicts = [f"{_nodes(changed)} now give{'s' * (changed == 1)} another value"] if changed else []
        verdicts += [f"the rules of {_nodes(wrong)} are wrong"] if wrong else []
        if not verdicts:
            unchecked = " that could be checked" if self.nonfinite or self.unknown else ""
            verdicts = [f"every rule{unchecked} agrees" if self.checked else "nothing was checked"]
        return f"{', '.join(verdicts)} ({', '.join(counts)})"

    @property
    def by_place(self) -> list[list[Finding]]:
        """The same, those of one op on one line together: what a loop over time repeats is wrong in all time steps."""
        groups: dict[Any, list[Finding]] = {}
        for finding in self:
            node = finding.node
            place = id(node.op), finding.argument, node.source or node.index, node.scope
            groups.setdefault(place, []).append(finding)
        return list(groups.values())

    def __repr__(self) -> str:
        return "\n".join([*map(told, self.by_place), self.summary])


def told(findings: list[Finding]) -> str:
    """Return what is wrong with an op on one line of the program, and in which time steps."""
    first, used = findings[0], findings[0].used_in(finding.node for finding in findings)
    return "\n".join(part for part in (first.headline, first.code, used) if part)


def _nodes(count: int) -> str:
    return f"{count} node{'s' * (count > 1)}"

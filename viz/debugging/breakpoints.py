"""Where to stop in a backward pass: breakpoints and watches, each of which says why it stopped."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from tinygraph.numeric import norm
from tinygraph.recording.filenames import file_name
from tinygraph.recording.node import Node
from tinygraph.recording.sparse import dense
from tinygraph.tracing.trace import Trace

from .expressions import Expression, ExpressionError
from .names import Moment

Test = Callable[[int], str | None]


@dataclass
class Breakpoint:
    """A place to stop.

    Attributes
    ----------
    what : str
        How it reads in a list: ``op tanh``.
    test : callable
        ``test(k)`` gives the reason to stop at step k, or None.
    condition : Expression or None
        A further condition.
    enabled : bool
    ignore : int
        How many hits are passed over before it stops.
    hits : int
        How often it was hit.
    number : int
        What the user calls it.
    words : str
        The command that set it, by which it is set again in another pass.
    """

    what: str
    test: Test = field(repr=False)
    condition: Expression | None = None
    enabled: bool = True
    ignore: int = 0
    hits: int = 0
    number: int = 0
    words: str = ""

    def reason(self, trace: Trace, k: int) -> str | None:
        """Return why to stop at step `k`, counting the hit; None where there is no reason."""
        if not self.enabled:
            return None
        try:
            reason = self.test(k)
            if reason is None or (self.condition is not None and not self.condition.holds(Moment(trace, k))):
                return None
        except ExpressionError as error:  # as pdb does: stop, rather than run past what could not be decided
            return f"breakpoint {self.number}: {self} cannot be evaluated here: {error.reason}"
        self.hits += 1
        if self.hits <= self.ignore:
            return None
        also = f" and {self.condition.text}" if self.condition is not None else ""
        count = f", hit {self.hits}" if self.hits > 1 else ""
        return f"breakpoint {self.number}: {reason}{also}{count}"

    def __str__(self) -> str:
        return self.what if self.condition is None else f"{self.what} if {self.condition.text}"


def at_node(trace: Trace, node: Node) -> Breakpoint:
    """Stop where `node` is pulled back through; for a leaf, where its gradient is written.

    Raises
    ------
    ValueError
        If the pass never reaches the node.
    """
    symbol = trace.symbols.of(node)
    step = trace.step_of(node)
    if step is None:
        return at_write(trace, node)
    return Breakpoint(f"node {symbol}", lambda k: f"{symbol} is pulled back through" if k == step else None)


def at_values(trace: Trace, name: str, nodes: Iterable[Node]) -> Breakpoint:
    """Stop where a value of a variable is pulled back through, in whichever time step.

    Raises
    ------
    ValueError
        If the pass never reaches any.
    """
    symbols = {k: trace.symbols.of(node) for node in nodes if (k := trace.step_of(node)) is not None}
    if not symbols:
        raise ValueError(f"no gradient reaches any {name}")
    return Breakpoint(f"every {name}", lambda k: f"{symbols[k]} is pulled back through" if k in symbols else None)


def at_write(trace: Trace, node: Node) -> Breakpoint:
    """Stop where the gradient of `node` is written: a watch.

    Raises
    ------
    ValueError
        If it never is.
    """
    symbol = trace.symbols.of(node)
    steps = sorted({step for step, _ in trace.writes(node)})
    if not steps:
        leaves = {"input": "an input without a gradient", "constant": "a constant"}
        reason = leaves.get(node.kind, "not used on any way to the output that carries a gradient")
        raise ValueError(f"no gradient reaches {symbol}: it is {reason}")
    order = {step: number for number, step in enumerate(steps, 1)}

    def test(k: int) -> str | None:
        return f"{symbol.bar} is written, {order[k]} of {len(steps)}" if k in order else None

    return Breakpoint(f"{symbol.bar} is written", test)


def at_op(trace: Trace, name: str) -> Breakpoint:
    """Stop at every op of that name."""
    return Breakpoint(f"op {name}", lambda k: f"op {name}" if trace.nodes[k].op == name else None)


def at_scope(trace: Trace, scope: str) -> Breakpoint:
    """Stop where the pass enters a scope, or one inside it."""

    def inside(k: int) -> bool:
        return f"{trace.nodes[k].scope}/".startswith(f"{scope}/")

    def test(k: int) -> str | None:
        entered = inside(k) and not (k and inside(k - 1) and trace.nodes[k].timestep == trace.nodes[k - 1].timestep)
        return f"enters scope {scope}" if entered else None

    return Breakpoint(f"scope {scope}", test)


def at_time(trace: Trace, first: int, last: int) -> Breakpoint:
    """Stop where the pass enters a time step of a range."""

    def test(k: int) -> str | None:
        t = trace.nodes[k].timestep
        if t is None or not first <= t <= last or (k and trace.nodes[k - 1].timestep == t):
            return None
        return f"enters time step {t}"

    return Breakpoint(f"time step {first}" if first == last else f"time steps {first} to {last}", test)


def at_line(trace: Trace, filename: str | None, line: int) -> Breakpoint:
    """Stop at what was recorded on a source line."""

    def test(k: int) -> str | None:
        source = trace.nodes[k].source
        if source is None or not source.lineno <= line <= source.end_lineno:
            return None
        if filename is not None and not source.filename.replace("\\", "/").endswith(filename.replace("\\", "/")):
            return None
        return f"line {line}"

    return Breakpoint(f"line {file_name(filename) + ':' if filename else ''}{line}", test)


def at_condition(trace: Trace, condition: Expression) -> Breakpoint:
    """Stop where an expression is true."""
    return Breakpoint(f"if {condition.text}", lambda k: condition.text if condition.holds(Moment(trace, k)) else None)


def at_nonfinite(trace: Trace) -> Breakpoint:
    """Stop where NaN or infinity is born: a contribution that is not finite, of an adjoint that is."""

    def test(k: int) -> str | None:
        if not np.isfinite(trace.adjoints[k]).all():
            return None if k else "the adjoint of the output is not finite"
        for source, contribution in zip(trace.nodes[k].inputs, trace.pull(k), strict=False):
            if contribution is not None and not np.isfinite(dense(contribution)).all():
                return f"the contribution to {trace.symbols.of(source)} is not finite"
        return None

    return Breakpoint("NaN or infinity", test)


def at_jump(trace: Trace, factor: float) -> Breakpoint:
    """Stop where the norm of an adjoint is `factor` times that of the same variable's before it, or 1/`factor`.

    Raises
    ------
    ValueError
        If the factor is not above 1.
    """
    if not factor > 1:
        raise ValueError(f"a factor above 1 is needed, not {factor:g}")
    previous = _previous_alike(trace)
    adjoint_norm = cache(lambda k: norm(np.asarray(trace.adjoints[k])))

    def test(k: int) -> str | None:
        if previous[k] is None:
            return None
        before, now = adjoint_norm(previous[k]), adjoint_norm(k)
        if not (now >= factor * before or now * factor <= before) or now == before:
            return None
        verb = "jumps" if now > before else "falls"
        low, high = sorted((before, now))
        ratio = f" by {high / low:.3g}" if low > 0 and np.isfinite(high) else ""
        return f"‖{trace.symbols.of(trace.nodes[k]).bar}‖ {verb}{ratio}, from {before:.3g} to {now:.3g}"

    return Breakpoint(f"a norm that changes by {factor:g}", test)


def _previous_alike(trace: Trace) -> list[int | None]:
    """Return for each step the latest earlier step of the same variable, in another time step."""
    latest: dict[Hashable, int] = {}
    previous: list[int | None] = []
    for k, node in enumerate(trace.nodes):
        place = (node.op, node.source or node.name, node.scope, node.shape)
        previous.append(latest.get(place))
        latest[place] = k
    return previous
